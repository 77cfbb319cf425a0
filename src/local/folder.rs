//! The bucket as a folder: a key is a file's path below it.
//!
//! Whoever copies a file into the folder puts an object, and whoever deletes it removes one;
//! nothing else has to know. All that S3 says of an object is therefore found out from the file:
//! its size, its time, and its `ETag`, which is the MD5 of its content as for an object that was
//! put in one piece. Only of a file that is larger than any photo, it is made of size and times, and
//! ends in `-1`, by which clients know that it is no MD5: reading gigabytes through takes long. Headers and user metadata, which a file cannot carry, are kept beside the
//! bucket together with the `ETag` of the content they came with, and count only as long as the
//! file has that content.
//!
//! These functions block; the service calls them away from the executor.

use std::collections::HashMap;
use std::fs::{self, File, FileType};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use s3s::crypto::{Checksum as _, Md5};
use tempfile::{NamedTempFile, TempPath};
use tokio::sync::Notify;

use super::LocalError;
use super::attributes::{AttributeStore, Attributes};
use super::disk::{is_absent, remove_left_behind, temporary_file};
use super::key::{self, KeyError};
use super::stamp::{FileStamp, nanoseconds};
use super::walk::Walker;

/// What the name of an upload in progress begins with: hidden, so never an object.
const UPLOAD: &str = ".lookbook-upload-";
/// How old a file's time must be for its `ETag` to be remembered. A file that is written twice
/// within one tick of the file system's clock has the same time both times; no clock ticks slower
/// than this.
const TICK_NANOSECONDS: i64 = 2_000_000_000;

/// The bucket's folder.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    attributes: AttributeStore,
    etags: Mutex<HashMap<String, (FileStamp, String)>>,
    commit: Mutex<()>,
    max_bytes: u64,
    /// Told when an object was put or deleted through the service.
    pub changed: Notify,
    /// Walks over the folder.
    pub walker: Walker,
}

/// An object that is there, opened.
#[derive(Debug)]
pub(super) struct StoredObject {
    pub file: File,
    pub stamp: FileStamp,
    pub etag: String,
    pub attributes: Attributes,
}

/// On what condition an object is put, or removed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    #[default]
    None,
    Absent,
    Present,
    Etag(String),
}

/// Why an object was not put, or not removed.
#[derive(Debug, thiserror::Error)]
pub(super) enum PutError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("a folder cannot hold this key: {0}")]
    Conflict(String),
    #[error("the condition does not hold")]
    Condition,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Folder {
    /// Opens the folder, and clears what uploads a crash has left behind. `attributes` is another
    /// one, for what a file cannot carry. Files larger than `max_bytes` are not read through.
    pub(super) fn open(root: &Path, attributes: &Path, max_bytes: u64) -> Result<Self, LocalError> {
        fs::create_dir_all(root).map_err(LocalError::file("create", root))?;
        let root = fs::canonicalize(root).map_err(LocalError::file("open", root))?;
        remove_left_behind(&root, UPLOAD)?;
        Ok(Self {
            walker: Walker::new(&root),
            root,
            attributes: AttributeStore::open(attributes)?,
            etags: Mutex::default(),
            commit: Mutex::default(),
            max_bytes,
            changed: Notify::new(),
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Remembers an `ETag` that was found out earlier.
    pub(super) fn remember(&self, key: &str, stamp: FileStamp, etag: &str) {
        lock(&self.etags).insert(key.to_owned(), (stamp, etag.to_owned()));
    }

    /// A file for an upload, on the same disk as the objects so that it can become one in one step.
    pub(super) fn temporary(&self) -> io::Result<NamedTempFile> {
        temporary_file(&self.root, UPLOAD)
    }

    /// The file of an object: a regular one, reached through no symbolic link.
    fn locate(&self, key: &str) -> io::Result<Option<PathBuf>> {
        let found = self.locate_any(key)?;
        Ok(found.and_then(|(path, kind)| kind.is_file().then_some(path)))
    }

    /// What is where a key says, if no symbolic link is on the way to it, or is it.
    fn locate_any(&self, key: &str) -> io::Result<Option<(PathBuf, FileType)>> {
        let Ok(path) = key::path_of(&self.root, key) else {
            return Ok(None);
        };
        let below = path.strip_prefix(&self.root).unwrap_or(&path);
        let mut part = self.root.clone();
        let mut kind = None;
        for name in below {
            part.push(name);
            kind = match fs::symlink_metadata(&part) {
                Ok(metadata) if metadata.is_symlink() => return Ok(None),
                Ok(metadata) => Some(metadata.file_type()),
                Err(error) if is_absent(&error) => return Ok(None),
                Err(error) => return Err(error),
            };
        }
        Ok(kind.map(|kind| (path, kind)))
    }

    /// The state of the object `key`, or nothing if there is none.
    pub(super) fn stat(&self, key: &str) -> io::Result<Option<FileStamp>> {
        let Some(path) = self.locate(key)? else {
            return Ok(None);
        };
        match fs::symlink_metadata(path) {
            Ok(metadata) => Ok(Some(FileStamp::of(&metadata))),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens the object `key`; reads it through if its `ETag` is not known yet.
    pub(super) fn get(&self, key: &str) -> io::Result<Option<StoredObject>> {
        let Some(path) = self.locate(key)? else {
            return Ok(None);
        };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let stamp = FileStamp::of(&file.metadata()?);
        let etag = self.etag(key, &mut file, stamp)?;
        let attributes = self.attributes.of(key, &etag);
        Ok(Some(StoredObject { file, stamp, etag, attributes }))
    }

    fn etag(&self, key: &str, file: &mut File, stamp: FileStamp) -> io::Result<String> {
        if let Some((known, etag)) = lock(&self.etags).get(key)
            && *known == stamp
        {
            return Ok(etag.clone());
        }
        if stamp.size > self.max_bytes {
            return Ok(format!("{}-1", hex::encode(Md5::checksum(&stamp.bytes()))));
        }
        let etag = md5_of(file)?;
        file.rewind()?;
        let unchanged = FileStamp::of(&file.metadata()?) == stamp;
        if unchanged && nanoseconds(SystemTime::now()) - stamp.latest() > TICK_NANOSECONDS {
            self.remember(key, stamp, &etag);
        }
        Ok(etag)
    }

    /// Makes an object of a file that has been written and hashed.
    pub(super) fn put(
        &self,
        key: &str,
        content: TempPath,
        etag: &str,
        attributes: &Attributes,
        condition: &Condition,
    ) -> Result<FileStamp, PutError> {
        let path = key::path_of(&self.root, key)?;
        let _commit = lock(&self.commit);
        self.check(key, condition)?;
        self.make_room(&path)?;
        self.attributes.save(key, etag, attributes)?;
        content.persist(&path).map_err(|error| error.error)?;
        let stamp = FileStamp::of(&fs::symlink_metadata(&path)?);
        self.remember(key, stamp, etag);
        self.changed.notify_one();
        Ok(stamp)
    }

    fn check(&self, key: &str, condition: &Condition) -> Result<(), PutError> {
        let held = match condition {
            Condition::None => true,
            Condition::Absent => self.locate(key)?.is_none(),
            Condition::Present => self.locate(key)?.is_some(),
            Condition::Etag(etag) => self.get(key)?.is_some_and(|object| object.etag == *etag),
        };
        if held { Ok(()) } else { Err(PutError::Condition) }
    }

    /// A path as the key that it is.
    fn name(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// Makes a folder of the bucket, and those above it, where there are none.
    fn make_folders(&self, folder: &Path) -> Result<(), PutError> {
        let below = folder.strip_prefix(&self.root).unwrap_or(folder);
        let mut part = self.root.clone();
        for folder in below {
            part.push(folder);
            match fs::symlink_metadata(&part) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(metadata) if metadata.is_file() => {
                    let name = self.name(&part);
                    return Err(PutError::Conflict(format!("there is an object `{name}`")));
                }
                Ok(_) => return Err(self.is_special(&part)),
                Err(error) if is_absent(&error) => fs::create_dir(&part)?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn is_special(&self, path: &Path) -> PutError {
        PutError::Conflict(format!("`{}` is a symbolic link or a special file", self.name(path)))
    }

    /// Makes the folders above `path`, and sees that a file can be there.
    fn make_room(&self, path: &Path) -> Result<(), PutError> {
        if let Some(folder) = path.parent() {
            self.make_folders(folder)?;
        }
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_file() => Ok(()),
            // An empty folder is nothing to S3, and gives way.
            Ok(metadata) if metadata.is_dir() => fs::remove_dir(path).map_err(|_| {
                PutError::Conflict(format!("there are objects below `{}/`", self.name(path)))
            }),
            Ok(_) => Err(self.is_special(path)),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes the object `key`, if it is there and the condition holds. A key that ends in `/` is
    /// an empty folder.
    pub(super) fn delete(&self, key: &str, condition: &Condition) -> Result<(), PutError> {
        let _commit = lock(&self.commit);
        self.check(key, condition)?;
        if let Some(folder) = key.strip_suffix('/') {
            if let Some((path, kind)) = self.locate_any(folder)?
                && kind.is_dir()
            {
                // Not empty: nothing to S3.
                let _ = fs::remove_dir(path);
            }
            return Ok(());
        }
        let Some(path) = self.locate(key)? else {
            return Ok(());
        };
        match fs::remove_file(path) {
            Err(error) if !is_absent(&error) => return Err(error.into()),
            _ => {}
        }
        lock(&self.etags).remove(key);
        self.attributes.remove(key);
        self.changed.notify_one();
        Ok(())
    }

    /// Makes the folder that a key with `/` at its end stands for.
    pub(super) fn make_folder(&self, folder: &str) -> Result<(), PutError> {
        let path = key::path_of(&self.root, folder)?;
        let _commit = lock(&self.commit);
        self.make_folders(&path)
    }
}

fn md5_of(file: &mut File) -> io::Result<String> {
    let mut hash = Md5::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind these locks is never left half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
