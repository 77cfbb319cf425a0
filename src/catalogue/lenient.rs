//! Attributes that a website may write: whatever is not of their form says nothing, and spoils no row.

use ::time::OffsetDateTime;
use ::time::format_description::well_known::Rfc3339;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Other(IgnoredAny),
}

/// For `#[serde(deserialize_with = "lenient::text")]`: a text, or none.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Written::deserialize(deserializer)? {
        Written::Text(text) => Some(text),
        Written::Other(IgnoredAny) => None,
    })
}

/// For `#[serde(with = "lenient::time")]`: a time as the table has it, or none.
pub(super) mod time {
    use super::{Deserializer, OffsetDateTime, Rfc3339};
    pub use crate::catalogue::stamp::option::serialize;

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        let text = super::text(deserializer)?;
        Ok(text.and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok()))
    }
}
