//! What a photo shows, as a word: parsed once, here, for models, shelves, rows and reviews.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// One of the model's classes, as in `t-shirt`.
///
/// Never empty, without white space around it, at most [`Label::MAX_BYTES`] long, and not the name
/// of a shelf that is no label. Labels compare and sort as text. A clone is a pointer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Arc<str>);

/// Why a text is no label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Nothing is left once white space is taken away.
    #[error("a label must not be empty")]
    Empty,
    /// The name is taken: photos to review and photos that are none stand on these shelves.
    #[error("\"{0}\" is the name of a shelf of its own and cannot be a label")]
    Reserved(String),
    /// Longer than [`Label::MAX_BYTES`].
    #[error("a label has at most {limit} bytes, this one has {bytes}", limit = Label::MAX_BYTES)]
    TooLong {
        /// Its length in UTF-8.
        bytes: usize,
    },
    /// It holds a line break, a tab or another control character.
    #[error("a label must be printable text on one line: \"{}\"", .0.escape_debug())]
    Control(String),
}

impl Label {
    /// The longest label, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 200;

    /// Shelves that no label may be named after.
    const RESERVED: [&str; 2] = ["review", "rejected"];

    /// Takes white space off both ends of `text` and checks the rest.
    ///
    /// ```
    /// use lookbook::label::Label;
    ///
    /// assert_eq!(Label::parse(" t-shirt ")?.as_str(), "t-shirt");
    /// assert!(Label::parse("review").is_err());
    /// # Ok::<(), lookbook::label::LabelError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, LabelError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(LabelError::Empty);
        }
        if Self::RESERVED.contains(&text) {
            return Err(LabelError::Reserved(text.to_owned()));
        }
        if text.len() > Self::MAX_BYTES {
            return Err(LabelError::TooLong { bytes: text.len() });
        }
        if text.chars().any(char::is_control) {
            return Err(LabelError::Control(text.to_owned()));
        }
        Ok(Self(text.into()))
    }

    /// The label's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Deref for Label {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Label {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        Self::parse(text)
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_label() {
        assert_eq!(Label::parse(" \t"), Err(LabelError::Empty));
        assert_eq!(Label::parse(" rejected "), Err(LabelError::Reserved("rejected".into())));
        assert_eq!(Label::parse(&"é".repeat(101)), Err(LabelError::TooLong { bytes: 202 }));
        assert_eq!(Label::parse("a\nb"), Err(LabelError::Control("a\nb".into())));
    }

    #[test]
    fn a_label_is_a_string_in_json() {
        let label = Label::parse("t-shirt").unwrap();
        assert_eq!(serde_json::to_string(&label).unwrap(), r#""t-shirt""#);
        assert_eq!(serde_json::from_str::<Label>(r#""t-shirt""#).unwrap(), label);
        assert!(serde_json::from_str::<Label>(r#""review""#).is_err());
        assert_eq!(format!("[{label:>9}]"), "[  t-shirt]");
    }
}
