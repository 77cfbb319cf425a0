//! What outlives a restart: which state of each file has been handled, and who owns the folder.

use std::{
    collections::BTreeMap,
    fs::{File, Metadata, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use super::LocalError;

/// The format of the file; another one is not read.
const VERSION: u32 = 1;

/// What tells one state of a file from another without reading it. Times are nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub size: u64,
    /// When the content was last modified; a copy may keep that of its original.
    pub modified: i64,
    /// When the file was last changed in any way, which nobody can set; 0 where there is no such time.
    pub changed: i64,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Stamp {
        #[cfg(unix)]
        let changed = {
            use std::os::unix::fs::MetadataExt;
            metadata.ctime().saturating_mul(1_000_000_000).saturating_add(metadata.ctime_nsec())
        };
        #[cfg(not(unix))]
        let changed = 0;
        let modified = metadata.modified().map_or(0, nanoseconds);
        Stamp { size: metadata.len(), modified, changed }
    }

    /// The time of the last modification.
    pub(super) fn modified(self) -> SystemTime {
        let distance = std::time::Duration::from_nanos(self.modified.unsigned_abs());
        if self.modified < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
    }

    /// When anything about the file last changed.
    pub(super) fn latest(self) -> i64 {
        self.modified.max(self.changed)
    }
}

/// Nanoseconds since 1970, negative before it.
pub(super) fn nanoseconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n),
    }
}

/// A file whose change the handler has answered for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HandledFile {
    #[serde(flatten)]
    pub stamp: Stamp,
    pub etag: String,
}

/// The files that have been handled, by key.
pub(super) type Snapshot = BTreeMap<String, HandledFile>;

/// Removes the list of what has been handled.
pub(super) fn forget(path: &Path) -> Result<(), LocalError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(LocalError::file("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// The snapshot and the file that keeps it.
#[derive(Debug)]
pub(super) struct Handled {
    path: PathBuf,
    bucket: String,
    table: String,
    pub files: Snapshot,
}

#[derive(Serialize, Deserialize)]
struct Saved<F> {
    version: u32,
    bucket: String,
    table: String,
    files: F,
}

impl Handled {
    /// Reads what has been handled of `bucket` into `table`.
    ///
    /// Starts afresh if there is nothing, if it is damaged, or if it is about another bucket or
    /// table: every file is then announced again, which costs nothing for rows that are up to date.
    pub(super) fn open(path: &Path, bucket: &str, table: &str) -> Handled {
        let mut handled = Handled {
            path: path.to_path_buf(),
            bucket: bucket.to_owned(),
            table: table.to_owned(),
            files: Snapshot::new(),
        };
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(path = %path.display(), %error,
                        "the list of handled photos cannot be read: announcing all again");
                }
                return handled;
            }
        };
        match serde_json::from_slice::<Saved<Snapshot>>(&bytes) {
            Ok(saved) if saved.version != VERSION => {
                tracing::warn!(path = %path.display(), version = saved.version,
                    "the list of handled photos has a format of another version: announcing all again");
            }
            Ok(saved) if saved.bucket != bucket || saved.table != table => {
                tracing::info!(
                    bucket,
                    table,
                    "another bucket or table than last time: announcing all"
                );
            }
            Ok(saved) => handled.files = saved.files,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error,
                    "the list of handled photos is damaged: announcing all again");
            }
        }
        handled
    }

    /// What is to be written down now, and where: apart, so that the writing can be done elsewhere.
    pub(super) fn to_save(&self) -> Result<(PathBuf, Vec<u8>), LocalError> {
        let saved = Saved {
            version: VERSION,
            bucket: self.bucket.clone(),
            table: self.table.clone(),
            files: &self.files,
        };
        let bytes = serde_json::to_vec(&saved)
            .map_err(|error| LocalError::file("write", &self.path)(error.into()))?;
        Ok((self.path.clone(), bytes))
    }
}

/// Replaces a file's content in one step: a reader, or a crash, sees the old or the new.
pub(super) fn write_atomically(path: &Path, content: &[u8]) -> Result<(), LocalError> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let new = path.with_file_name(name);
    File::create(&new)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        })
        .map_err(LocalError::file("write", &new))?;
    std::fs::rename(&new, path).map_err(LocalError::file("replace", path))
}

/// Takes the folder for this process, until what is returned is dropped.
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

    fn a_file() -> HandledFile {
        HandledFile { stamp: Stamp { size: 1, modified: -2, changed: 3 }, etag: "e".into() }
    }

    fn save(handled: &Handled) {
        let (path, bytes) = handled.to_save().unwrap();
        write_atomically(&path, &bytes).unwrap();
    }

    #[test]
    fn what_was_handled_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("handled.json");
        let mut handled = Handled::open(&path, "photos", "lookbook");
        handled.files.insert("a b/é.jpg".into(), a_file());
        save(&handled);
        assert_eq!(Handled::open(&path, "photos", "lookbook").files, handled.files);
        assert!(Handled::open(&path, "others", "lookbook").files.is_empty());
        assert!(Handled::open(&path, "photos", "other").files.is_empty());
    }

    #[test]
    fn a_damaged_list_starts_afresh() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("handled.json");
        let mut handled = Handled::open(&path, "photos", "lookbook");
        handled.files.insert("a.jpg".into(), a_file());
        save(&handled);
        let whole = std::fs::read(&path).unwrap();
        for damaged in [&whole[..whole.len() / 2], b"", b"null", b"\xff\0"] {
            std::fs::write(&path, damaged).unwrap();
            assert!(Handled::open(&path, "photos", "lookbook").files.is_empty());
        }
    }

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

    #[test]
    fn stamps_keep_times_before_1970() {
        let before = UNIX_EPOCH - std::time::Duration::from_nanos(5);
        let stamp = Stamp { size: 0, modified: nanoseconds(before), changed: 0 };
        assert_eq!(stamp.modified(), before);
    }
}
