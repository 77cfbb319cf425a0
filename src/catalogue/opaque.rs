//! Positions as texts that are opaque to who keeps them: hexadecimal digits of JSON, which need no
//! quoting in a URL.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest text that is looked at. Keys of an index are the longest part of a position: `DynamoDB`
/// takes 5,120 bytes of them, JSON may write a byte in six, and each of these is two digits.
pub(super) const MAX_LEN: usize = 64 * 1024;

/// Writes a position.
pub(super) fn write(position: &impl Serialize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let json = serde_json::to_vec(position).map_err(|_| fmt::Error)?;
    f.write_str(&hex::encode(json))
}

/// Reads a position; none if the text is no position of this form.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    let text = Some(text).filter(|text| text.len() <= MAX_LEN)?;
    serde_json::from_slice(&hex::decode(text).ok()?).ok()
}
