//! Who owns the folder.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

use super::LocalError;

/// How often the lock is tried, and how long is waited in between.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// Takes the folder `dir` for this process, until what is returned is dropped. `lock` is the file
/// that says so.
pub(super) fn lock(dir: &Path, lock: &Path) -> Result<File, LocalError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(lock)
        .map_err(LocalError::file("create", lock))?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            // It may be one that only looks whether there is a lock.
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(TryLockError::Error(error)) => return Err(LocalError::file("lock", lock)(error)),
        }
    }
    Err(LocalError::Locked(dir.to_path_buf()))
}

/// Whether a process has the folder whose file this is.
pub(super) fn is_locked(lock: &Path) -> bool {
    let Ok(file) = File::open(lock) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_has_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = lock(folder.path(), &path).unwrap();
        let second = lock(folder.path(), &path);
        assert!(matches!(second, Err(LocalError::Locked(_))));
        assert!(is_locked(&path));
        drop(first);
        assert!(!is_locked(&path));
        assert!(!is_locked(&folder.path().join("none")));
        lock(folder.path(), &path).unwrap();
    }
}
