//! Which model it was.

use std::fmt;

use super::embedded;
use super::model_hash::ModelHash;
use serde::{Serialize, Serializer};

/// The first 16 hexadecimal digits, in lower case, of the SHA-256 of a model file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId(String);

impl ModelId {
    /// Bytes of the hash that are kept; each is two digits.
    const BYTES: usize = 8;

    /// The id of the model file with this content.
    #[must_use]
    pub fn of(model: &[u8]) -> Self {
        Self::from(&ModelHash::of(model))
    }

    /// The id of the model that is part of the program, which was known when that was built.
    pub(super) fn embedded() -> Self {
        Self(embedded::SHA256.chars().take(2 * Self::BYTES).collect())
    }

    /// The 16 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&ModelHash> for ModelId {
    fn from(hash: &ModelHash) -> Self {
        Self(hex::encode(&hash.bytes()[..Self::BYTES]))
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for ModelId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Serialize for ModelId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{ModelId, embedded};

    #[test]
    fn sixteen_digits_of_the_hash() {
        assert_eq!(ModelId::of(b"abc").as_str(), "ba7816bf8f01cfea");
    }

    #[test]
    fn the_built_in_models_id_is_that_of_its_content() {
        assert_eq!(ModelId::embedded(), ModelId::of(embedded::MODEL));
    }
}
