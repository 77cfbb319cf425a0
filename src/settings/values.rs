//! Types of values that no other module has: what is read is valid.

use std::str::FromStr;

/// A number from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Confidence(f32);

/// A text that `DynamoDB` takes as a table's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName(String);

/// The address of a queue of SQS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUrl(String);

/// A text that is no such value. The setting's definition says what is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a value of this kind")]
pub struct ValueError;

impl Confidence {
    /// The number.
    #[must_use]
    pub fn get(self) -> f32 {
        self.0
    }
}

impl TableName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl QueueUrl {
    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for QueueUrl {
    type Err = ValueError;

    /// `https://HOST/ACCOUNT/NAME`, or `http` where an emulator is asked.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let name = rest.and_then(|rest| rest.rsplit_once('/')).map(|(_, name)| name);
        let is_url =
            name.is_some_and(|name| !name.is_empty()) && text.bytes().all(|b| b.is_ascii_graphic());
        if is_url { Ok(Self(text.to_owned())) } else { Err(ValueError) }
    }
}

impl FromStr for Confidence {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let number: f32 = text.parse().map_err(|_| ValueError)?;
        // NaN is in no range.
        if (0.0..=1.0).contains(&number) { Ok(Self(number)) } else { Err(ValueError) }
    }
}

impl FromStr for TableName {
    type Err = ValueError;

    /// Source: Amazon `DynamoDB` developer guide, "Naming rules".
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let is_name = (3..=255).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if is_name { Ok(Self(text.to_owned())) } else { Err(ValueError) }
    }
}
