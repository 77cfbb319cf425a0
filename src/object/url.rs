//! `s3://BUCKET/...`: what names a bucket, a part of it, or an object in it.

use std::fmt;
use std::str::FromStr;

use super::id::{ObjectId, ObjectIdError, check_bucket};

/// A bucket, and what the keys that are meant begin with: all of them, if that is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct S3Url {
    bucket: String,
    path: String,
}

/// Why a text is no such URL.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum S3UrlError {
    /// It begins with something else.
    #[error("expected s3://BUCKET/PREFIX")]
    Scheme,
    /// What it names breaks S3's rules.
    #[error(transparent)]
    Name(#[from] ObjectIdError),
}

impl S3Url {
    /// Checks both against S3's rules for names.
    pub fn new(bucket: &str, path: &str) -> Result<Self, S3UrlError> {
        check_bucket(bucket)?;
        if path.len() > ObjectId::KEY_BYTES {
            return Err(ObjectIdError::Key(path.len()).into());
        }
        Ok(Self { bucket: bucket.to_owned(), path: path.to_owned() })
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What stands behind the bucket's name: the beginning of keys. It need not end at a slash.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.path
    }

    /// The one object that has all of it as its key.
    pub fn object(&self) -> Result<ObjectId, ObjectIdError> {
        ObjectId::new(&self.bucket, &self.path)
    }
}

impl FromStr for S3Url {
    type Err = S3UrlError;

    fn from_str(text: &str) -> Result<Self, S3UrlError> {
        let rest = text.strip_prefix("s3://").ok_or(S3UrlError::Scheme)?;
        let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
        Self::new(bucket, path)
    }
}

impl fmt::Display for S3Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.path)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bucket_alone_means_all_of_it() {
        for text in ["s3://shop", "s3://shop/"] {
            let url: S3Url = text.parse().unwrap();
            assert_eq!((url.bucket(), url.prefix()), ("shop", ""));
            assert_eq!(url.object(), Err(ObjectIdError::Key(0)));
        }
        let url: S3Url = "s3://shop/new/hat.jpg".parse().unwrap();
        assert_eq!(url.object().unwrap().to_string(), "shop/new/hat.jpg");
    }

    #[test]
    fn what_names_no_bucket_is_refused() {
        for text in ["", "shop/a", "S3://shop/", "https://shop/a", "s3:/shop"] {
            assert_eq!(text.parse::<S3Url>(), Err(S3UrlError::Scheme), "{text}");
        }
        for text in ["s3://", "s3:///a", "s3://a b/c"] {
            let error = text.parse::<S3Url>().unwrap_err();
            assert!(error.to_string().contains("is not a bucket's name"), "{error}");
        }
        let long = format!("s3://shop/{}", "k".repeat(1025));
        assert_eq!(long.parse::<S3Url>(), Err(ObjectIdError::Key(1025).into()));
    }

    proptest! {
        #[test]
        fn a_url_reads_back(bucket in "[a-z0-9.-]{3,63}", path in "\\PC{0,200}") {
            let url = S3Url::new(&bucket, &path).unwrap();
            prop_assert_eq!(url.to_string().parse::<S3Url>().unwrap(), url);
        }
    }
}
