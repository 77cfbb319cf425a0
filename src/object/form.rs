//! Keys as S3 writes them where a text cannot hold all that a key may: as an HTML form does.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// What is escaped; a space becomes `+` afterwards.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

/// Encodes a key as notifications, listings and inventories carry it: a space as `+`, `/` as it is,
/// and all else but letters, digits, `-`, `_`, `.` and `*` percent-encoded.
#[must_use]
pub fn encode_key(key: &str) -> String {
    utf8_percent_encode(key, ESCAPED).to_string().replace(' ', "+")
}

/// The key that was encoded so; `None` if it is not UTF-8.
#[must_use]
pub fn decode_key(text: &str) -> Option<String> {
    let spaced: Vec<u8> = text.bytes().map(|b| if b == b'+' { b' ' } else { b }).collect();
    percent_decode(&spaced).decode_utf8().ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_encoded_as_s3_does() {
        assert_eq!(encode_key("a b/c.jpg"), "a+b/c.jpg");
        assert_eq!(encode_key("1+1=2%~!é"), "1%2B1%3D2%25%7E%21%C3%A9");
        assert_eq!(decode_key("%ff"), None);
    }

    proptest! {
        #[test]
        fn an_encoded_key_reads_back(key in ".{1,100}") {
            let encoded = encode_key(&key);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(decode_key(&encoded), Some(key));
        }

        /// Whatever Python's `urllib.parse.quote_plus` would write is the key too.
        #[test]
        fn more_may_be_escaped(key in "\\PC{1,100}") {
            let encoded = utf8_percent_encode(&key, NON_ALPHANUMERIC).to_string();
            prop_assert_eq!(decode_key(&encoded.replace("%20", "+")), Some(key));
        }
    }
}
