//! What tells an object's contents apart.

use std::fmt;

use serde::{Deserialize, Serialize};

/// S3's fingerprint of an object's content, without quotes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct ETag(String);

impl ETag {
    /// Takes it as a header or an event has it: quoted or not, weak or not.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = text.strip_prefix("W/").unwrap_or(text);
        Self(text.trim_matches('"').to_owned())
    }
}

impl From<String> for ETag {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_the_same_with_and_without_quotes() {
        assert_eq!(ETag::new("\"abc-2\""), ETag::new("abc-2"));
        assert_eq!(ETag::new("W/\"abc\"").to_string(), "abc");
    }
}
