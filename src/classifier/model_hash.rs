//! By what a model's content is told for certain.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// The SHA-256 of a model file. As text: 64 hexadecimal digits, as `sha256sum` writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelHash([u8; 32]);

/// A text that is no SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 hexadecimal digits, as sha256sum writes them")]
pub struct ModelHashError;

impl ModelHash {
    /// That of the model file with this content.
    #[must_use]
    pub fn of(model: &[u8]) -> Self {
        Self(Sha256::digest(model).into())
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for ModelHash {
    type Err = ModelHashError;

    fn from_str(text: &str) -> Result<Self, ModelHashError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| ModelHashError)?;
        Ok(Self(bytes))
    }
}

/// In lower case.
impl fmt::Display for ModelHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_sha256sum_writes_in_either_case() {
        let hash = ModelHash::of(b"abc");
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), text);
        assert_eq!(text.parse(), Ok(hash));
        assert_eq!(text.to_ascii_uppercase().parse(), Ok(hash));
        for wrong in ["", "ba78", &text[1..], &format!("{text}0"), &text.replace('b', "x")] {
            assert_eq!(wrong.parse::<ModelHash>(), Err(ModelHashError), "{wrong}");
        }
    }
}
