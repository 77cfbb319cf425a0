//! Walks over the bucket's folder in the order of its keys.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::diff::Scan;
use super::disk::is_absent;
use super::key::{self, MAX_KEY_BYTES};
use super::stamp::FileStamp;

/// Finds the objects in a folder: its regular files, but no [droppings](key::is_dropping).
///
/// Symbolic links are not followed, and are no objects. A file whose name is not UTF-8 has no key;
/// there is a warning, once, and then it is passed over.
#[derive(Debug)]
pub(super) struct Walker {
    root: PathBuf,
    warned: Mutex<HashSet<PathBuf>>,
}

/// Which part of the keys a walk visits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct KeyRange<'a> {
    /// Only keys that begin with this.
    pub prefix: &'a str,
    /// Only keys greater than this.
    pub after: &'a str,
}

impl KeyRange<'_> {
    /// Whether there may be keys of the range that begin with `start`.
    fn reaches(self, start: &str) -> bool {
        (start.starts_with(self.prefix) || self.prefix.starts_with(start))
            && (start > self.after || self.after.starts_with(start))
    }

    fn contains(self, key: &str) -> bool {
        key.starts_with(self.prefix) && key > self.after
    }
}

impl Walker {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf(), warned: Mutex::default() }
    }

    /// Finds every object. Fails if the bucket's own folder cannot be read; a folder below it that
    /// cannot is noted in the answer.
    pub(super) fn scan(&self) -> io::Result<Scan> {
        let mut scan = Scan::default();
        scan.unreadable = self.walk(KeyRange::default(), &mut |key, metadata| {
            scan.files.insert(key, FileStamp::of(metadata));
            ControlFlow::Continue(())
        })?;
        Ok(scan)
    }

    /// Visits the objects of `range` in the order of their keys, which is that of their bytes,
    /// until `visit` breaks off. Returns the folders that could not be read, as prefixes of keys.
    pub(super) fn walk(
        &self,
        range: KeyRange<'_>,
        visit: &mut dyn FnMut(String, &Metadata) -> ControlFlow<()>,
    ) -> io::Result<Vec<String>> {
        let mut unreadable = Vec::new();
        // Nothing is done differently if the visitor broke off.
        let _ = self.enter(&self.root, String::new(), range, visit, &mut unreadable)?;
        Ok(unreadable)
    }

    fn enter(
        &self,
        folder: &Path,
        prefix: String,
        range: KeyRange<'_>,
        visit: &mut dyn FnMut(String, &Metadata) -> ControlFlow<()>,
        unreadable: &mut Vec<String>,
    ) -> io::Result<ControlFlow<()>> {
        let entries = match self.entries(folder, &prefix, range) {
            Ok(entries) => entries,
            Err(error) if prefix.is_empty() => return Err(error),
            Err(error) if is_absent(&error) => return Ok(ControlFlow::Continue(())),
            Err(error) => {
                self.warn(folder, &format!("a folder of the bucket cannot be read: {error}"));
                unreadable.push(prefix);
                return Ok(ControlFlow::Continue(()));
            }
        };
        for key in entries {
            let path = folder.join(key[prefix.len()..].trim_end_matches('/'));
            let next = if key.ends_with('/') {
                self.enter(&path, key, range, visit, unreadable)?
            } else {
                match fs::symlink_metadata(&path) {
                    Ok(metadata) if metadata.is_file() => visit(key, &metadata),
                    // Replaced or removed since the folder was read.
                    _ => ControlFlow::Continue(()),
                }
            };
            if next.is_break() {
                return Ok(next);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The keys of the files of a folder, and the prefixes (with `/`) of its folders, in order.
    /// With the `/` in place a folder sorts as all the keys below it do.
    fn entries(&self, folder: &Path, prefix: &str, range: KeyRange<'_>) -> io::Result<Vec<String>> {
        let mut keys = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = match entry.file_type() {
                Ok(kind) => kind,
                Err(error) if is_absent(&error) => continue,
                Err(error) => return Err(error),
            };
            if !kind.is_dir() && !kind.is_file() {
                continue;
            }
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                self.warn(
                    &entry.path(),
                    "the name of a file or folder is not UTF-8, so it cannot be a key: rename it",
                );
                continue;
            };
            if key::is_dropping(name) {
                continue;
            }
            let slash = if kind.is_dir() { "/" } else { "" };
            let key = format!("{prefix}{name}{slash}");
            if key.len() > MAX_KEY_BYTES {
                self.warn(
                    &entry.path(),
                    "the path is longer than the 1,024 bytes of a key: shorten it",
                );
                continue;
            }
            if if kind.is_dir() { range.reaches(&key) } else { range.contains(&key) } {
                keys.push(key);
            }
        }
        keys.sort_unstable();
        Ok(keys)
    }

    fn warn(&self, path: &Path, message: &str) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.insert(path.to_path_buf()) {
            tracing::warn!(path = %path.display(), "{message}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> (tempfile::TempDir, Walker) {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        let walker = Walker::new(dir.path());
        (dir, walker)
    }

    fn keys(walker: &Walker, prefix: &str, after: &str) -> Vec<String> {
        let mut keys = Vec::new();
        walker
            .walk(KeyRange { prefix, after }, &mut |key, _| {
                keys.push(key);
                ControlFlow::Continue(())
            })
            .unwrap();
        keys
    }

    #[test]
    fn keys_come_in_the_order_of_their_bytes() {
        let files = ["a/z", "a.jpg", "a0", "a/b/c", "B", "é/x", "日本.jpg", "a b"];
        let (_dir, walker) = tree(&files);
        let mut sorted = files.map(str::to_owned);
        sorted.sort();
        assert_eq!(keys(&walker, "", ""), sorted);
        for prefix in ["", "a", "a/", "a/b", "a/b/c", "x", "é"] {
            for after in ["", "a", "a/", "a/b/c", "a/zz", "a0", "日"] {
                let expected: Vec<_> = sorted
                    .iter()
                    .filter(|key| key.starts_with(prefix) && key.as_str() > after)
                    .cloned()
                    .collect();
                assert_eq!(keys(&walker, prefix, after), expected, "{prefix:?} {after:?}");
            }
        }
    }

    #[test]
    fn folders_and_droppings_are_no_objects() {
        let (dir, walker) =
            tree(&["a.jpg", ".DS_Store", "b/Thumbs.db", ".git/config", "c.jpg.part"]);
        fs::create_dir(dir.path().join("empty")).unwrap();
        assert_eq!(keys(&walker, "", ""), ["a.jpg"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_special_files_are_no_objects() {
        use std::os::unix::{ffi::OsStrExt, fs::symlink, net::UnixListener};
        let (dir, walker) = tree(&["a.jpg", "b/c.jpg"]);
        symlink("a.jpg", dir.path().join("link.jpg")).unwrap();
        symlink("b", dir.path().join("folder")).unwrap();
        symlink("..", dir.path().join("b/loop")).unwrap();
        let _socket = UnixListener::bind(dir.path().join("socket")).unwrap();
        // Not every file system takes such a name.
        let _ = fs::write(dir.path().join(std::ffi::OsStr::from_bytes(b"\xff.jpg")), "x");
        assert_eq!(keys(&walker, "", ""), ["a.jpg", "b/c.jpg"]);
        assert!(walker.warned.lock().unwrap().len() <= 1);
    }

    #[test]
    fn a_bucket_that_is_gone_is_an_error_and_not_empty() {
        let (dir, walker) = tree(&["a.jpg"]);
        drop(dir);
        walker.scan().unwrap_err();
    }
}
