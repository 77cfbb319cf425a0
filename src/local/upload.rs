//! Content on its way into the bucket: received, checked, and put together from parts.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::StreamExt;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use s3s::dto::{Checksum, StreamingBlob};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, TrailingHeaders, s3_error};
use tempfile::{NamedTempFile, TempPath};
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

use super::LocalError;
use super::attributes::Attributes;
use super::disk::temporary_file;

/// The checksums that a sender may give, by the name of their header.
pub(super) const CHECKSUMS: [&str; 5] = [
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
];
/// The smallest part of a multipart upload, but for the last.
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;
/// What the name of a part begins with while it is being received.
const PART: &str = ".part-";

/// Content that has arrived whole.
#[derive(Debug)]
pub(super) struct Received {
    pub content: TempPath,
    pub etag: String,
    pub size: u64,
    pub checksum: Checksum,
}

/// The checksums that the sender of a request gives, in its headers or behind its body.
pub(super) struct Integrity {
    hasher: ChecksumHasher,
    expected: BTreeMap<&'static str, String>,
    trailers: Option<TrailingHeaders>,
}

impl Integrity {
    pub(super) fn of<T>(request: &S3Request<T>) -> Self {
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        let announced = header("x-amz-trailer").unwrap_or_default().to_ascii_lowercase();
        let mut hasher = ChecksumHasher::default();
        let mut expected = BTreeMap::new();
        for name in CHECKSUMS {
            if let Some(value) = header(name) {
                expected.insert(name, value.to_owned());
            } else if !announced.split(',').any(|trailer| trailer.trim() == name) {
                continue;
            }
            match name {
                "x-amz-checksum-crc32" => hasher.crc32 = Some(Crc32::new()),
                "x-amz-checksum-crc32c" => hasher.crc32c = Some(Crc32c::new()),
                "x-amz-checksum-crc64nvme" => {
                    hasher.crc64nvme = Some(Crc64Nvme::new());
                }
                "x-amz-checksum-sha1" => hasher.sha1 = Some(Sha1::new()),
                _ => hasher.sha256 = Some(Sha256::new()),
            }
        }
        Self { hasher, expected, trailers: request.trailing_headers.clone() }
    }

    fn check(mut self) -> S3Result<Checksum> {
        if let Some(trailers) = &self.trailers {
            trailers.read(|trailers| {
                for name in CHECKSUMS {
                    if let Some(value) = trailers.get(name).and_then(|value| value.to_str().ok()) {
                        self.expected.insert(name, value.to_owned());
                    }
                }
            });
        }
        let checksum = self.hasher.finalize();
        for (name, expected) in self.expected {
            let computed = match name {
                "x-amz-checksum-crc32" => &checksum.checksum_crc32,
                "x-amz-checksum-crc32c" => &checksum.checksum_crc32c,
                "x-amz-checksum-crc64nvme" => &checksum.checksum_crc64nvme,
                "x-amz-checksum-sha1" => &checksum.checksum_sha1,
                _ => &checksum.checksum_sha256,
            };
            // A trailer that was not announced was not computed either, and cannot be checked.
            if computed.as_ref().is_some_and(|computed| *computed != expected) {
                return Err(s3_error!(BadDigest, "{name} does not match the content"));
            }
        }
        Ok(checksum)
    }
}

/// Writes a body into `content` and checks it. Nothing becomes an object here.
pub(super) async fn receive(
    mut body: StreamingBlob,
    content: NamedTempFile,
    mut integrity: Integrity,
) -> S3Result<Received> {
    let (file, content) = content.into_parts();
    let mut file = tokio::fs::File::from_std(file);
    let mut md5 = Md5::new();
    let mut size = 0;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| {
            let mut incomplete = S3Error::new(S3ErrorCode::IncompleteBody);
            incomplete.set_source(error);
            incomplete
        })?;
        md5.update(&chunk);
        integrity.hasher.update(&chunk);
        size += chunk.len() as u64;
        file.write_all(&chunk).await.map_err(internal)?;
    }
    file.flush().await.map_err(internal)?;
    let checksum = integrity.check()?;
    Ok(Received { content, etag: hex::encode(md5.finalize()), size, checksum })
}

/// Reads a body that is not wanted, so that its sender gets to read the answer.
pub(super) async fn discard(body: Option<StreamingBlob>) {
    if let Some(mut body) = body {
        while let Some(Ok(_)) = body.next().await {}
    }
}

/// Copies all of `from` to the end of `to`, and hashes it on the way. Returns how many bytes it
/// were.
pub(super) fn copy_hashing(from: &mut File, to: &mut File, md5: &mut Md5) -> io::Result<u64> {
    let mut buffer = vec![0; 64 * 1024];
    let mut size = 0;
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(size);
        }
        md5.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
        size += read as u64;
    }
}

/// An error of the disk, told to the log in full and to the client as S3's `InternalError`.
pub(super) fn internal(error: io::Error) -> S3Error {
    tracing::error!(%error, "the local bucket failed");
    let message = error.to_string();
    let mut internal = S3Error::internal_error(error);
    internal.set_message(message);
    internal
}

/// The multipart uploads in progress.
///
/// Unlike on AWS they do not outlive a restart, and cannot be listed. The `ETag` of what they
/// become is the MD5 of the whole and not one of the parts' hashes: the same content has one `ETag`
/// here, however it came.
#[derive(Debug)]
pub(super) struct MultipartUploads {
    dir: PathBuf,
    open: Mutex<HashMap<String, MultipartUpload>>,
}

#[derive(Debug, Clone)]
struct MultipartUpload {
    key: String,
    attributes: Attributes,
    parts: BTreeMap<i32, Part>,
}

/// What is known of a part.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub etag: String,
    pub size: u64,
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
        self.lock().insert(id.clone(), MultipartUpload { key, attributes, parts: BTreeMap::new() });
        Ok(id)
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

    /// Puts the `wanted` parts (number and `ETag`) together into `whole`.
    pub(super) fn assemble(
        &self,
        id: &str,
        key: &str,
        wanted: &[(i32, Option<String>)],
        whole: &mut File,
    ) -> S3Result<(String, Attributes)> {
        let upload = self.find(id, key)?;
        if wanted.is_empty() {
            return Err(s3_error!(MalformedXML, "an upload has at least one part"));
        }
        if !wanted.is_sorted_by(|(left, _), (right, _)| left < right) {
            return Err(s3_error!(InvalidPartOrder));
        }
        let mut md5 = Md5::new();
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
            File::open(self.dir.join(id).join(number.to_string()))
                .and_then(|mut file| copy_hashing(&mut file, whole, &mut md5))
                .map_err(internal)?;
        }
        Ok((hex::encode(md5.finalize()), upload.attributes))
    }

    /// Forgets an upload and its parts.
    pub(super) fn remove(&self, id: &str, key: &str) -> S3Result<()> {
        self.find(id, key)?;
        self.lock().remove(id);
        fs::remove_dir_all(self.dir.join(id)).map_err(internal)
    }

    fn find(&self, id: &str, key: &str) -> S3Result<MultipartUpload> {
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
