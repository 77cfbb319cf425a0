//! Content on its way into the bucket: received, and checked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};

use futures::StreamExt;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use s3s::dto::{Checksum, StreamingBlob};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, TrailingHeaders, s3_error};
use tempfile::{NamedTempFile, TempPath};
use tokio::io::AsyncWriteExt;

/// The checksums that a sender may give, by the name of their header.
pub(super) const CHECKSUMS: [&str; 5] = [
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
];
/// The most that S3 takes, or copies, in one request.
pub(super) const MAX_BYTES: u64 = 5 * 1024 * 1024 * 1024;

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
    md5: Option<String>,
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
        let md5 = header("content-md5").map(str::to_owned);
        Self { hasher, expected, md5, trailers: request.trailing_headers.clone() }
    }

    /// Compares all that the sender gave with the content, whose MD5 is `md5` in hex.
    fn check(mut self, md5: &str) -> S3Result<Checksum> {
        if let Some(expected) = &self.md5 {
            let expected = base64_simd::STANDARD.decode_to_vec(expected);
            let expected = expected.map_err(|_| s3_error!(InvalidDigest))?;
            if hex::encode(expected) != md5 {
                return Err(s3_error!(BadDigest, "Content-MD5 does not match the content"));
            }
        }
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
        if size > MAX_BYTES {
            return Err(s3_error!(EntityTooLarge, "one request brings 5 GiB at most: use parts"));
        }
        file.write_all(&chunk).await.map_err(internal)?;
    }
    file.flush().await.map_err(internal)?;
    let etag = hex::encode(md5.finalize());
    let checksum = integrity.check(&etag)?;
    Ok(Received { content, etag, size, checksum })
}

/// Reads a body that is not wanted, so that its sender gets to read the answer.
pub(super) async fn discard(body: Option<StreamingBlob>) {
    if let Some(mut body) = body {
        while let Some(Ok(_)) = body.next().await {}
    }
}

/// Copies what is left of `from` to the end of `to`, and hashes it on the way. Returns how many
/// bytes it were.
pub(super) fn copy_hashing(from: &mut impl Read, to: &mut File, md5: &mut Md5) -> io::Result<u64> {
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
    let message = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("the disk of the bucket is full: make room, and try again ({error})")
        }
        _ => format!("the disk of the bucket failed: {error}"),
    };
    tracing::error!("{message}");
    let mut internal = S3Error::internal_error(error);
    internal.set_message(message);
    internal
}
