//! A bucket, as people name it.

use std::fmt;
use std::str::FromStr;

/// A bucket's name. It is written `s3://NAME` too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketName(String);

/// A text that names no bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a bucket, as s3://my-photos (what keys begin with is --prefix)")]
pub struct BucketNameError;

impl BucketName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BucketName {
    type Err = BucketNameError;

    /// Source: Amazon S3 user guide, "General purpose bucket naming rules". Old buckets may have
    /// capitals and underscores.
    fn from_str(text: &str) -> Result<Self, BucketNameError> {
        let name = text.strip_prefix("s3://").unwrap_or(text);
        let name = name.strip_suffix('/').unwrap_or(name);
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        let is_name = (3..=255).contains(&name.len()) && name.bytes().all(fits);
        is_name.then(|| Self(name.to_owned())).ok_or(BucketNameError)
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_named_with_or_without_its_scheme() {
        for text in ["s3://my-photos", "my-photos", "s3://my-photos/"] {
            assert_eq!(text.parse::<BucketName>().unwrap().to_string(), "s3://my-photos");
        }
        for text in ["s3://my-photos/new/", "", "s3://", "a b", "arn:aws:s3:::my-photos"] {
            assert_eq!(text.parse::<BucketName>(), Err(BucketNameError), "{text}");
        }
    }
}
