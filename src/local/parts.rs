//! Uploads that come in parts, until they are put together.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use s3s::crypto::{Checksum as _, Md5};
use s3s::{S3Result, s3_error};
use tempfile::{NamedTempFile, TempPath};
use uuid::Uuid;

use super::LocalError;
use super::attributes::Attributes;
use super::disk::temporary_file;
use super::upload::{copy_hashing, internal};

/// The smallest part of a multipart upload, but for the last.
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;
/// What the name of a part begins with while it is being received.
const PART: &str = ".part-";

/// The multipart uploads in progress.
///
/// Unlike on AWS they do not outlive a restart. The `ETag` of what they become is the MD5 of the whole and not one of the parts' hashes: the same content has one `ETag`
/// here, however it came.
#[derive(Debug)]
pub(super) struct MultipartUploads {
    dir: PathBuf,
    open: Mutex<HashMap<String, MultipartUpload>>,
}

/// An upload that has begun.
#[derive(Debug, Clone)]
pub(super) struct MultipartUpload {
    pub key: String,
    pub initiated: SystemTime,
    pub parts: BTreeMap<i32, Part>,
    attributes: Attributes,
}

/// What is known of a part.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub etag: String,
    pub size: u64,
    pub received: SystemTime,
}

impl MultipartUploads {
    /// Opens the folder of the parts, and clears it of those of earlier runs.
    pub(super) fn open(dir: &Path) -> Result<Self, LocalError> {
        if dir.exists() {
            fs::remove_dir_all(dir).map_err(LocalError::file("clear", dir))?;
        }
        fs::create_dir_all(dir).map_err(LocalError::file("create", dir))?;
        Ok(Self { dir: dir.to_path_buf(), open: Mutex::default() })
    }

    pub(super) fn create(&self, key: String, attributes: Attributes) -> io::Result<String> {
        let id = Uuid::new_v4().to_string();
        fs::create_dir(self.dir.join(&id))?;
        let (parts, initiated) = (BTreeMap::new(), SystemTime::now());
        self.lock().insert(id.clone(), MultipartUpload { key, initiated, parts, attributes });
        Ok(id)
    }

    /// All uploads, by key and then by id, as S3 lists them.
    pub(super) fn list(&self) -> Vec<(String, MultipartUpload)> {
        let mut uploads: Vec<_> =
            self.lock().iter().map(|(id, upload)| (id.clone(), upload.clone())).collect();
        uploads.sort_by(|(a, one), (b, other)| (&one.key, a).cmp(&(&other.key, b)));
        uploads
    }

    /// A file for a part that is about to be received.
    pub(super) fn temporary(&self, id: &str, key: &str) -> S3Result<NamedTempFile> {
        self.find(id, key)?;
        temporary_file(&self.dir.join(id), PART).map_err(internal)
    }

    /// Takes in a part; the last one of a number counts.
    pub(super) fn add(
        &self,
        id: &str,
        key: &str,
        number: i32,
        content: TempPath,
        part: Part,
    ) -> S3Result<()> {
        self.find(id, key)?;
        content
            .persist(self.dir.join(id).join(number.to_string()))
            .map_err(|error| internal(error.error))?;
        let mut open = self.lock();
        let upload = open.get_mut(id).ok_or_else(|| s3_error!(NoSuchUpload))?;
        upload.parts.insert(number, part);
        Ok(())
    }

    /// Puts the `wanted` parts (number and `ETag`) together into `whole`, which is to have `size`
    /// bytes if that is known.
    pub(super) fn assemble(
        &self,
        id: &str,
        key: &str,
        wanted: &[(i32, Option<String>)],
        size: Option<u64>,
        whole: &mut File,
    ) -> S3Result<(String, Attributes)> {
        let upload = self.find(id, key)?;
        if wanted.is_empty() {
            return Err(s3_error!(MalformedXML, "an upload has at least one part"));
        }
        if !wanted.is_sorted_by(|(left, _), (right, _)| left < right) {
            return Err(s3_error!(InvalidPartOrder));
        }
        let (mut md5, mut copied) = (Md5::new(), 0);
        for (index, (number, etag)) in wanted.iter().enumerate() {
            let part = upload
                .parts
                .get(number)
                .filter(|part| etag.as_ref().is_none_or(|etag| *etag == part.etag));
            let Some(part) = part else {
                return Err(s3_error!(InvalidPart, "there is no part {number} with this ETag"));
            };
            if part.size < MIN_PART_BYTES && index + 1 < wanted.len() {
                return Err(s3_error!(EntityTooSmall));
            }
            copied += File::open(self.dir.join(id).join(number.to_string()))
                .and_then(|mut file| copy_hashing(&mut file, whole, &mut md5))
                .map_err(internal)?;
        }
        if size.is_some_and(|size| size != copied) {
            return Err(s3_error!(InvalidRequest, "the parts have {copied} bytes together"));
        }
        Ok((hex::encode(md5.finalize()), upload.attributes))
    }

    /// Forgets an upload and its parts.
    pub(super) fn remove(&self, id: &str, key: &str) -> S3Result<()> {
        self.find(id, key)?;
        self.lock().remove(id);
        fs::remove_dir_all(self.dir.join(id)).map_err(internal)
    }

    /// The upload of this id and key.
    pub(super) fn find(&self, id: &str, key: &str) -> S3Result<MultipartUpload> {
        let open = self.lock();
        open.get(id)
            .filter(|upload| upload.key == key)
            .cloned()
            .ok_or_else(|| s3_error!(NoSuchUpload, "there is no upload of this id and key"))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, MultipartUpload>> {
        // Nothing that is done under the lock leaves the map half changed.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
