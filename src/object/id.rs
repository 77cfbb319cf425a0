//! What names an object.

use std::fmt;

/// A bucket and a key: the key decoded, as it is in the bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    bucket: String,
    key: String,
}

/// Why a bucket and a key name no object.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ObjectIdError {
    /// Not a bucket's name.
    #[error("'{0}' is not a bucket's name: expected 3 to 63 of a-z, A-Z, 0-9, '.', '-' and '_'")]
    Bucket(String),
    /// Not a key.
    #[error("the key is {0} bytes long: expected 1 to 1024")]
    Key(usize),
    /// Not `BUCKET/KEY`.
    #[error("'{0}' is not BUCKET/KEY")]
    Shape(String),
}

impl ObjectId {
    /// The most bytes of a key.
    pub const KEY_BYTES: usize = 1024;

    /// Checks both against S3's rules for names, old buckets' wider ones included.
    ///
    /// Source: Amazon S3 user guide, "Bucket naming rules" and "Naming Amazon S3 objects".
    pub fn new(bucket: &str, key: &str) -> Result<Self, ObjectIdError> {
        check_bucket(bucket)?;
        if key.is_empty() || key.len() > Self::KEY_BYTES {
            return Err(ObjectIdError::Key(key.len()));
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key, decoded.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether the key is that of a folder marker, which S3's console makes: it ends with a slash.
    #[must_use]
    pub fn is_folder_marker(&self) -> bool {
        self.key.ends_with('/')
    }
}

/// Checks a bucket's name against S3's rules, old buckets' wider ones included.
pub(super) fn check_bucket(bucket: &str) -> Result<(), ObjectIdError> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if !(3..=255).contains(&bucket.len()) || !bucket.bytes().all(fits) {
        return Err(ObjectIdError::Bucket(bucket.chars().take(80).collect()));
    }
    Ok(())
}

/// `bucket/key`: the table's partition key. A bucket's name has no slash, so it reads back.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.key)
    }
}

impl std::str::FromStr for ObjectId {
    type Err = ObjectIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (bucket, key) =
            text.split_once('/').ok_or_else(|| ObjectIdError::Shape(text.to_owned()))?;
        Self::new(bucket, key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_object_id_reads_back(bucket in "[a-z0-9.-]{3,63}", key in "\\PC{1,200}") {
            let object = ObjectId::new(&bucket, &key).unwrap();
            prop_assert_eq!(object.to_string().parse::<ObjectId>().unwrap(), object);
        }
    }

    #[test]
    fn names_outside_s3s_rules_are_refused() {
        assert_eq!(ObjectId::new("a/b", "k"), Err(ObjectIdError::Bucket("a/b".into())));
        assert_eq!(ObjectId::new("", "k"), Err(ObjectIdError::Bucket(String::new())));
        assert_eq!(ObjectId::new("shop", ""), Err(ObjectIdError::Key(0)));
        assert_eq!(ObjectId::new("shop", &"k".repeat(1025)), Err(ObjectIdError::Key(1025)));
        assert!("shop".parse::<ObjectId>().is_err());
    }
}
