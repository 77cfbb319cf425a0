//! Content on its way into the bucket: received, checked, and put together from parts.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures::StreamExt;
use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Result, TrailingHeaders,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Md5},
    dto::{Checksum, StreamingBlob},
    s3_error,
};
use tokio::io::AsyncWriteExt;

use super::{LocalError, attributes::Attributes, folder::Temporary};

/// The checksums that a sender may give, by the name of their header.
const CHECKSUMS: [&str; 5] = [
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
];
/// The smallest part of a multipart upload, but for the last.
const MIN_PART_BYTES: u64 = 5 * 1024 * 1024;

/// Content that has arrived whole.
#[derive(Debug)]
pub(super) struct Received {
    pub content: Temporary,
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
    pub(super) fn of<T>(request: &S3Request<T>) -> Integrity {
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
                "x-amz-checksum-crc32" => hasher.crc32 = Some(s3s::crypto::Crc32::new()),
                "x-amz-checksum-crc32c" => hasher.crc32c = Some(s3s::crypto::Crc32c::new()),
                "x-amz-checksum-crc64nvme" => {
                    hasher.crc64nvme = Some(s3s::crypto::Crc64Nvme::new());
                }
                "x-amz-checksum-sha1" => hasher.sha1 = Some(s3s::crypto::Sha1::new()),
                _ => hasher.sha256 = Some(s3s::crypto::Sha256::new()),
            }
        }
        Integrity { hasher, expected, trailers: request.trailing_headers.clone() }
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
    content: Temporary,
    mut integrity: Integrity,
) -> S3Result<Received> {
    let mut file = tokio::fs::File::create(&content.0).await.map_err(internal)?;
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

/// Copies all of `from` to the end of `to`, and hashes it on the way. Returns how many bytes it were.
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
/// Unlike on AWS they do not outlive a restart, and cannot be listed. The `ETag` of what they become
/// is the MD5 of the whole and not one of the parts' hashes: the same content has one `ETag` here,
/// however it came.
#[derive(Debug)]
pub(super) struct Uploads {
    dir: PathBuf,
    open: Mutex<HashMap<String, Upload>>,
}

#[derive(Debug, Clone)]
struct Upload {
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

impl Uploads {
    /// Opens the folder of the parts, and clears it of those of earlier runs.
    pub(super) fn open(dir: &Path) -> Result<Uploads, LocalError> {
        if dir.exists() {
            fs::remove_dir_all(dir).map_err(LocalError::file("clear", dir))?;
        }
        fs::create_dir_all(dir).map_err(LocalError::file("create", dir))?;
        Ok(Uploads { dir: dir.to_path_buf(), open: Mutex::default() })
    }

    pub(super) fn create(&self, key: String, attributes: Attributes) -> io::Result<String> {
        let id = uuid::Uuid::new_v4().to_string();
        fs::create_dir(self.dir.join(&id))?;
        self.lock().insert(id.clone(), Upload { key, attributes, parts: BTreeMap::new() });
        Ok(id)
    }

    /// A file for a part that is about to be received.
    pub(super) fn temporary(&self, id: &str, key: &str) -> S3Result<Temporary> {
        self.find(id, key)?;
        Ok(Temporary(self.dir.join(id).join(uuid::Uuid::new_v4().to_string())))
    }

    /// Takes in a part; the last one of a number counts.
    pub(super) fn add(
        &self,
        id: &str,
        key: &str,
        number: i32,
        content: Temporary,
        part: Part,
    ) -> S3Result<()> {
        self.find(id, key)?;
        content.become_file(&self.dir.join(id).join(number.to_string())).map_err(internal)?;
        let mut open = self.lock();
        let upload = open.get_mut(id).ok_or_else(|| s3_error!(NoSuchUpload))?;
        upload.parts.insert(number, part);
        Ok(())
    }

    /// Puts the `wanted` parts (number and `ETag`) together into `content`.
    pub(super) fn assemble(
        &self,
        id: &str,
        key: &str,
        wanted: &[(i32, Option<String>)],
        content: &Temporary,
    ) -> S3Result<(String, Attributes)> {
        let upload = self.find(id, key)?;
        if wanted.is_empty() {
            return Err(s3_error!(MalformedXML, "an upload has at least one part"));
        }
        if !wanted.is_sorted_by(|(left, _), (right, _)| left < right) {
            return Err(s3_error!(InvalidPartOrder));
        }
        let mut md5 = Md5::new();
        let mut whole = File::create(&content.0).map_err(internal)?;
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
                .and_then(|mut file| copy_hashing(&mut file, &mut whole, &mut md5))
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

    fn find(&self, id: &str, key: &str) -> S3Result<Upload> {
        let open = self.lock();
        open.get(id)
            .filter(|upload| upload.key == key)
            .cloned()
            .ok_or_else(|| s3_error!(NoSuchUpload, "there is no upload of this id and key"))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Upload>> {
        // Nothing that is done under the lock leaves the map half changed.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
