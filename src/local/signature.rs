//! Checks the signature of a request to the table. (That of a request to the bucket is checked by
//! the library that reads it.)
//!
//! Source: AWS Identity and Access Management user guide, "Create a signed AWS API request".

use std::time::{Duration, SystemTime};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::access_key::AccessKey;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "dynamodb";
const DATE: &str = "x-amz-date";
const DATE_FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");
/// How far the clocks may be apart.
const SKEW: Duration = Duration::from_mins(15);

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum SignatureError {
    #[error("the request is not signed: sign it with the key that `lookbook local --env` prints")]
    Missing,
    #[error(
        "the request is signed with another access key: use the one that `lookbook local --env` prints"
    )]
    Key,
    #[error(
        "the request's signature is wrong: check the secret key, and that nothing changed the request"
    )]
    Wrong,
    #[error("the request was signed more than 15 minutes ago, or will be: check the clock")]
    Time,
}

/// What the header `Authorization` says.
struct Authorization<'a> {
    id: &'a str,
    date: &'a str,
    region: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let fields = text.strip_prefix(ALGORITHM)?;
        let field = |name: &str| {
            fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
        };
        let mut scope = field("Credential")?.splitn(5, '/');
        let (id, date, region) = (scope.next()?, scope.next()?, scope.next()?);
        (scope.next()? == SERVICE && scope.next()? == "aws4_request").then_some(())?;
        let (signed_headers, signature) = (field("SignedHeaders")?, field("Signature")?);
        Some(Self { id, date, region, signed_headers, signature })
    }
}

/// Checks that a `POST` to `/` with these headers and this body was signed with `key`, about `now`.
pub(super) fn check(
    headers: &HeaderMap,
    body: &[u8],
    key: &AccessKey,
    now: SystemTime,
) -> Result<(), SignatureError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = text(AUTHORIZATION.as_str()).ok_or(SignatureError::Missing)?;
    let authorization = Authorization::parse(authorization).ok_or(SignatureError::Missing)?;
    if !is_same(authorization.id, &key.id) {
        return Err(SignatureError::Key);
    }
    let date = text(DATE).ok_or(SignatureError::Missing)?;
    let signed =
        PrimitiveDateTime::parse(date, DATE_FORMAT).map_err(|_| SignatureError::Missing)?;
    let signed: SystemTime = signed.assume_utc().into();
    if (OffsetDateTime::from(now) - OffsetDateTime::from(signed)).unsigned_abs() > SKEW {
        return Err(SignatureError::Time);
    }
    let names: Vec<&str> = authorization.signed_headers.split(';').collect();
    let covers = |name: &str| names.contains(&name);
    let covers_all = ["host", DATE, "x-amz-target"].into_iter().all(covers);
    if !covers_all || !date.starts_with(authorization.date) {
        return Err(SignatureError::Wrong);
    }
    let Authorization { date: day, region, signed_headers, .. } = authorization;
    let headers = canonical(headers, &names).ok_or(SignatureError::Wrong)?;
    let body = hex::encode(Sha256::digest(body));
    let request = format!("POST\n/\n\n{headers}\n{signed_headers}\n{body}");
    let request = hex::encode(Sha256::digest(request));
    let to_sign = format!("{ALGORITHM}\n{date}\n{day}/{region}/{SERVICE}/aws4_request\n{request}");
    let signing_key = generate_signing_key(&key.secret, signed, region, SERVICE);
    let signature = calculate_signature(signing_key, to_sign.as_bytes());
    if is_same(&signature, authorization.signature) { Ok(()) } else { Err(SignatureError::Wrong) }
}

/// The signed headers as they are signed: a line each, without what a server on the way may change.
fn canonical(headers: &HeaderMap, names: &[&str]) -> Option<String> {
    let line = |name: &&str| {
        let values: Option<Vec<String>> = headers
            .get_all(*name)
            .iter()
            .map(|value| {
                let words: Vec<&str> = value.to_str().ok()?.split_ascii_whitespace().collect();
                Some(words.join(" "))
            })
            .collect();
        Some(format!("{name}:{}\n", values?.join(",")))
    };
    names.iter().map(line).collect()
}

/// Compares in a time that does not tell where they differ.
fn is_same(one: &str, other: &str) -> bool {
    let differences = one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    one.len() == other.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request that `botocore` 1.44 signed.
    const BODY: &[u8] = br#"{"TableName": "lookbook"}"#;
    const SIGNED_AT: u64 = 1_767_323_045;
    const HEADERS: [(&str, &str); 6] = [
        ("host", "127.0.0.1:9001"),
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "DynamoDB_20120810.DescribeTable"),
        ("user-agent", "x  y"),
        ("x-amz-date", "20260102T030405Z"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=LOCALTEST/20260102/us-east-1/dynamodb/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-target, \
             Signature=612ad153e0c9927d7176f92e3593da53a49e19273bd67ee7f7f686f64c973d65",
        ),
    ];

    fn headers() -> HeaderMap {
        let header =
            |&(name, value): &(&'static str, &str)| (name.parse().unwrap(), value.parse().unwrap());
        HEADERS.iter().map(header).collect()
    }

    /// Checks it with some headers changed, so many seconds after it was signed.
    fn checked(
        changes: &[(&'static str, &str)],
        body: &[u8],
        later: i64,
    ) -> Result<(), SignatureError> {
        let key =
            AccessKey { id: "LOCALTEST".into(), secret: "0123456789abcdef0123456789abcdef".into() };
        let mut headers = headers();
        for (name, value) in changes {
            headers.insert(*name, value.parse().unwrap());
        }
        let now =
            SystemTime::UNIX_EPOCH + Duration::from_secs(SIGNED_AT.saturating_add_signed(later));
        check(&headers, body, &key, now)
    }

    #[test]
    fn what_a_client_signed_is_believed() {
        assert_eq!(checked(&[], BODY, 0), Ok(()));
        assert_eq!(checked(&[("user-agent", "not signed")], BODY, 600), Ok(()));
    }

    #[test]
    fn what_was_changed_since_is_not() {
        let wrong = Err(SignatureError::Wrong);
        assert_eq!(checked(&[], b"{}", 0), wrong);
        let target = "DynamoDB_20120810.DeleteTable";
        assert_eq!(checked(&[("x-amz-target", target)], BODY, 0), wrong);
        assert_eq!(checked(&[("host", "127.0.0.1:9002")], BODY, 0), wrong);
        assert_eq!(checked(&[("x-amz-date", "20260102T030406Z")], BODY, 0), wrong);
        for later in [-1000, 1000] {
            assert_eq!(checked(&[], BODY, later), Err(SignatureError::Time));
        }
        let authorization = HEADERS[5].1;
        for (from, to, error) in [
            ("612ad1", "612ad2", SignatureError::Wrong),
            ("d65", "", SignatureError::Wrong),
            ("host;x-amz-date;", "x-amz-date;", SignatureError::Wrong),
            ("LOCALTEST", "local", SignatureError::Key),
            ("LOCALTEST/20260102", "LOCALTEST/20260103", SignatureError::Wrong),
            ("dynamodb/aws4", "s3/aws4", SignatureError::Missing),
            ("AWS4-HMAC-SHA256", "Basic", SignatureError::Missing),
        ] {
            let other = authorization.replace(from, to);
            assert_ne!(other, authorization);
            assert_eq!(checked(&[("authorization", &other)], BODY, 0), Err(error), "{from} {to}");
        }
        let mut unsigned = headers();
        unsigned.remove(AUTHORIZATION);
        let key = AccessKey { id: "a".into(), secret: "b".into() };
        assert_eq!(check(&unsigned, BODY, &key, SystemTime::now()), Err(SignatureError::Missing));
    }
}
