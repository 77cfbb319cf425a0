//! Times as the table has them: RFC 3339, for attributes that may be absent and for those that may
//! not.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time's text in the table.
pub(super) fn text(time: OffsetDateTime) -> Result<String, time::error::Format> {
    time.format(&Rfc3339)
}

/// For `#[serde(with = "stamp")]`.
pub(super) fn serialize<S: Serializer>(
    time: &OffsetDateTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    text(*time).map_err(S::Error::custom)?.serialize(serializer)
}

/// For `#[serde(with = "stamp")]`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<OffsetDateTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    OffsetDateTime::parse(&text, &Rfc3339).map_err(D::Error::custom)
}

/// For `#[serde(with = "stamp::option")]`.
pub(super) mod option {
    use super::{Deserializer, OffsetDateTime, Serializer};

    // The form that `serde(with)` calls.
    #[allow(clippy::ref_option)]
    pub fn serialize<S: Serializer>(
        time: &Option<OffsetDateTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// An attribute that is absent takes its default, and does not come here.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}
