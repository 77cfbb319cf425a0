//! Who owns the folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::LocalError;

/// Takes the folder `dir` for this process, until what is returned is dropped. `lock` is the file
/// that says so.
pub(super) fn lock(dir: &Path, lock: &Path) -> Result<File, LocalError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(lock)
        .map_err(LocalError::file("create", lock))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LocalError::Locked(dir.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(LocalError::file("lock", lock)(error)),
    }
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
        drop(first);
        lock(folder.path(), &path).unwrap();
    }
}
