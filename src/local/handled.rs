//! What outlives a restart: which state of each file has been handled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::LocalError;
use super::stamp::FileStamp;

/// The format of the file; another one is not read.
const VERSION: u32 = 1;

/// A file whose change the handler has answered for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HandledFile {
    #[serde(flatten)]
    pub stamp: FileStamp,
    pub etag: String,
}

/// The files that have been handled, by key.
pub(super) type Snapshot = BTreeMap<String, HandledFile>;

/// Removes the list of what has been handled.
pub(super) fn forget(path: &Path) -> Result<(), LocalError> {
    match fs::remove_file(path) {
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
    pub(super) fn open(path: &Path, bucket: &str, table: &str) -> Self {
        let mut handled = Self {
            path: path.to_path_buf(),
            bucket: bucket.to_owned(),
            table: table.to_owned(),
            files: Snapshot::new(),
        };
        let bytes = match fs::read(path) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::disk::write_atomically;

    fn a_file() -> HandledFile {
        HandledFile { stamp: FileStamp { size: 1, modified: -2, changed: 3 }, etag: "e".into() }
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
        let whole = fs::read(&path).unwrap();
        for damaged in [&whole[..whole.len() / 2], b"", b"null", b"\xff\0"] {
            fs::write(&path, damaged).unwrap();
            assert!(Handled::open(&path, "photos", "lookbook").files.is_empty());
        }
    }
}
