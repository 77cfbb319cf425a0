//! What a request to the bucket may ask, beside the operation and the key.
//!
//! S3 has many more parameters and headers than the embedded bucket, and most of them change what a
//! request means: `PUT key?annotation` is no upload, and a `DELETE` with a condition is not meant
//! for whatever is there. So what is not known here is refused before anything is done: S3 says
//! `NotImplemented` (501).

use hyper::{HeaderMap, Uri};
use percent_encoding::percent_decode_str;
use s3s::access::{S3Access, S3AccessContext};
use s3s::dto::{PutObjectInput, UploadPartInput};
use s3s::{S3Request, S3Result, s3_error};

use super::upload::{CHECKSUMS, discard};

/// Parameters that any request may have: those of presigned URLs, and the SDKs' name of the
/// operation.
const SIGNING: [&str; 12] = [
    "x-id",
    "X-Amz-Algorithm",
    "X-Amz-Content-Sha256",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "AWSAccessKeyId",
    "Expires",
    "Signature",
];

/// Headers that any request may have: they change nothing of what is done.
const HARMLESS: [&str; 8] = [
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-request-payer",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-security-token",
    "x-amz-trailer",
    "x-amz-user-agent",
];

/// Headers without the prefix `x-amz-` that change what a request means.
const CONDITIONS: [&str; 6] =
    ["if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "range"];

/// The prefix of user metadata.
const METADATA: &str = "x-amz-meta-";

/// Values that are understood, where others would mean what the bucket does not do.
const VALUES: [(&str, &[&str]); 8] = [
    ("encoding-type", &["url"]),
    ("list-type", &["2"]),
    ("versionId", &["null"]),
    ("x-amz-acl", &["private", "bucket-owner-full-control"]),
    ("x-amz-bucket-object-lock-enabled", &["false"]),
    ("x-amz-storage-class", &["STANDARD"]),
    ("x-amz-tagging", &[""]),
    ("x-amz-trailer", &CHECKSUMS),
];

/// An operation, the parameters that it takes, and the headers.
type Operation = (&'static str, &'static [&'static str], &'static [&'static str]);

/// What a read may ask of the object.
const READ: &[&str] = &[
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "x-amz-checksum-mode",
];

/// All that the bucket does. (Those on the bucket itself never change anything.)
const OPERATIONS: [Operation; 22] = [
    ("AbortMultipartUpload", &["uploadId"], &[]),
    (
        "CompleteMultipartUpload",
        &["uploadId"],
        &["if-match", "if-none-match", "x-amz-checksum-type", "x-amz-mp-object-size"],
    ),
    (
        "CopyObject",
        &[],
        &[
            "x-amz-acl",
            "x-amz-checksum-algorithm",
            "x-amz-copy-source",
            "x-amz-copy-source-if-match",
            "x-amz-copy-source-if-modified-since",
            "x-amz-copy-source-if-none-match",
            "x-amz-copy-source-if-unmodified-since",
            "x-amz-meta-*",
            "x-amz-metadata-directive",
            "x-amz-storage-class",
            "x-amz-tagging",
            "x-amz-tagging-directive",
        ],
    ),
    ("CreateBucket", &[], &["x-amz-acl", "x-amz-bucket-object-lock-enabled"]),
    (
        "CreateMultipartUpload",
        &["uploads"],
        &[
            "x-amz-acl",
            "x-amz-checksum-algorithm",
            "x-amz-checksum-type",
            "x-amz-meta-*",
            "x-amz-storage-class",
            "x-amz-tagging",
        ],
    ),
    ("DeleteBucket", &[], &["x-amz-acl", "x-amz-bucket-object-lock-enabled"]),
    ("DeleteObject", &["versionId"], &["if-match"]),
    ("DeleteObjects", &["delete"], &["x-amz-checksum-*"]),
    ("GetBucketLocation", &["location"], &[]),
    ("GetBucketVersioning", &["versioning"], &[]),
    (
        "GetObject",
        &[
            "response-cache-control",
            "response-content-disposition",
            "response-content-encoding",
            "response-content-language",
            "response-content-type",
            "versionId",
        ],
        &[
            "if-match",
            "if-modified-since",
            "if-none-match",
            "if-range",
            "if-unmodified-since",
            "range",
            "x-amz-checksum-mode",
        ],
    ),
    ("GetObjectTagging", &["tagging", "versionId"], &[]),
    ("HeadBucket", &[], &["x-amz-acl", "x-amz-bucket-object-lock-enabled"]),
    ("HeadObject", &["versionId"], READ),
    ("ListBuckets", &["max-buckets", "prefix"], &[]),
    (
        "ListMultipartUploads",
        &["encoding-type", "key-marker", "max-uploads", "prefix", "upload-id-marker", "uploads"],
        &[],
    ),
    ("ListObjects", &["delimiter", "encoding-type", "marker", "max-keys", "prefix"], &[]),
    (
        "ListObjectsV2",
        &[
            "continuation-token",
            "delimiter",
            "encoding-type",
            "fetch-owner",
            "list-type",
            "max-keys",
            "prefix",
            "start-after",
        ],
        &[],
    ),
    ("ListParts", &["max-parts", "part-number-marker", "uploadId"], &[]),
    (
        "PutObject",
        &[],
        &[
            "if-match",
            "if-none-match",
            "x-amz-acl",
            "x-amz-checksum-*",
            "x-amz-meta-*",
            "x-amz-storage-class",
            "x-amz-tagging",
        ],
    ),
    ("UploadPart", &["partNumber", "uploadId"], &["x-amz-checksum-*"]),
    (
        "UploadPartCopy",
        &["partNumber", "uploadId"],
        &[
            "x-amz-copy-source",
            "x-amz-copy-source-if-match",
            "x-amz-copy-source-if-modified-since",
            "x-amz-copy-source-if-none-match",
            "x-amz-copy-source-if-unmodified-since",
            "x-amz-copy-source-range",
        ],
    ),
];

/// Refuses what `operation` is not known to take.
pub(super) fn check(operation: &str, uri: &Uri, headers: &HeaderMap) -> S3Result<()> {
    let Some((_, parameters, known)) = OPERATIONS.iter().find(|(name, ..)| *name == operation)
    else {
        return Err(s3_error!(NotImplemented, "the embedded bucket does not have {operation}"));
    };
    for (name, value) in parameters_of(uri) {
        if !SIGNING.contains(&name.as_str()) && !parameters.contains(&name.as_str()) {
            return Err(s3_error!(
                NotImplemented,
                "the embedded bucket does not know the parameter `{name}` of {operation}"
            ));
        }
        check_value(&name, &value)?;
    }
    for (name, value) in headers {
        let name = name.as_str();
        let means_something = name.starts_with("x-amz-") || CONDITIONS.contains(&name);
        if !means_something || HARMLESS.contains(&name) && name != "x-amz-trailer" {
            continue;
        }
        let is_known = name == "x-amz-trailer"
            || known.contains(&name)
            || (name.starts_with(METADATA) && known.contains(&"x-amz-meta-*"))
            || (CHECKSUMS.contains(&name) && known.contains(&"x-amz-checksum-*"));
        if !is_known {
            return Err(s3_error!(
                NotImplemented,
                "the embedded bucket does not know the header `{name}` of {operation}"
            ));
        }
        check_value(name, &String::from_utf8_lossy(value.as_bytes()))?;
    }
    Ok(())
}

fn check_value(name: &str, value: &str) -> S3Result<()> {
    let known = VALUES.iter().find(|(of, _)| *of == name);
    let separate = |value: &str| -> Vec<String> {
        match name {
            "x-amz-trailer" => value.split(',').map(|v| v.trim().to_ascii_lowercase()).collect(),
            _ => vec![value.to_owned()],
        }
    };
    match known {
        Some((_, values)) if !separate(value).iter().all(|value| values.contains(&&**value)) => {
            Err(s3_error!(NotImplemented, "the embedded bucket does not know `{name}: {value}`"))
        }
        _ => Ok(()),
    }
}

fn parameters_of(uri: &Uri) -> impl Iterator<Item = (String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs.map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

/// Lets in what is signed, and asks for what the bucket does.
pub(super) struct OnlyWhatIsKnown;

#[async_trait::async_trait]
impl S3Access for OnlyWhatIsKnown {
    async fn check(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        if request.credentials().is_none() {
            return Err(s3_error!(
                AccessDenied,
                "the request is not signed: sign it with the key that `lookbook local --env` prints"
            ));
        }
        match request.s3_op().name() {
            // Below, where there is a body to read.
            "PutObject" | "UploadPart" => Ok(()),
            operation => check(operation, request.uri(), request.headers()),
        }
    }

    async fn put_object(&self, request: &mut S3Request<PutObjectInput>) -> S3Result<()> {
        let known = check("PutObject", &request.uri, &request.headers);
        if known.is_err() {
            discard(request.input.body.take()).await;
        }
        known
    }

    async fn upload_part(&self, request: &mut S3Request<UploadPartInput>) -> S3Result<()> {
        let known = check("UploadPart", &request.uri, &request.headers);
        if known.is_err() {
            discard(request.input.body.take()).await;
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use s3s::S3ErrorCode;

    use super::*;

    fn asked(operation: &str, uri: &str, headers: &[(&'static str, &str)]) -> bool {
        let headers = headers.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap()));
        let headers: HeaderMap = headers.collect();
        match check(operation, &uri.parse().unwrap(), &headers) {
            Ok(()) => true,
            Err(error) => {
                assert_eq!(*error.code(), S3ErrorCode::NotImplemented);
                assert!(error.message().is_some_and(|words| words.contains("embedded bucket")));
                false
            }
        }
    }

    #[test]
    fn what_clients_send_of_themselves_is_taken() {
        let sent = [
            ("x-amz-date", "20260101T000000Z"),
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            ("x-amz-sdk-checksum-algorithm", "CRC32"),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
            ("x-amz-meta-mtime", "1"),
            ("x-amz-storage-class", "STANDARD"),
            ("amz-sdk-invocation-id", "x"),
            ("content-type", "image/jpeg"),
            ("if-none-match", "*"),
        ];
        assert!(asked("PutObject", "/photos/a?x-id=PutObject", &sent));
        let signed =
            "/photos/a?X-Amz-Algorithm=x&X-Amz-Signature=y&response-content-type=text%2Fplain";
        assert!(asked("GetObject", signed, &[("range", "bytes=0-1")]));
        assert!(asked("ListObjectsV2", "/photos?list-type=2&prefix=a+b&encoding-type=url", &[]));
        assert!(asked("DeleteObject", "/photos/a?versionId=null", &[("if-match", "*")]));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for parameter in ["annotation", "foo", "renameObject", "x%2Dfoo=1", "versionId=3", "append"]
        {
            assert!(!asked("PutObject", &format!("/photos/a?{parameter}"), &[]), "{parameter}");
        }
        for header in [
            ("x-amz-rename-source", "/b"),
            ("x-amz-write-offset-bytes", "3"),
            ("x-amz-object-lock-mode", "GOVERNANCE"),
            ("x-amz-storage-class", "GLACIER"),
            ("x-amz-acl", "public-read"),
            ("x-amz-tagging", "a=b"),
            ("x-amz-trailer", "x-amz-checksum-crc32, x-amz-checksum-new"),
            ("x-amz-checksum-new", "x"),
            ("x-amz-expected-bucket-owner", "1"),
            ("if-unmodified-since", "x"),
            ("x-amz-copy-source-if-match", "x"),
        ] {
            assert!(!asked("PutObject", "/photos/a", &[header]), "{header:?}");
        }
        assert!(!asked("DeleteObject", "/photos/a?versionId=3", &[]));
        assert!(!asked("DeleteObject", "/photos/a?versionId=null&versionId=3", &[]));
        assert!(!asked("DeleteObject", "/photos/a", &[("x-amz-if-match-size", "3")]));
        assert!(!asked("HeadObject", "/photos/a", &[("range", "bytes=0-1")]));
        assert!(!asked("GetObject", "/photos/a?partNumber=1", &[]));
        assert!(!asked("PostObject", "/photos", &[]));
        assert!(!asked("PutObjectAcl", "/photos/a?acl", &[]));
    }
}
