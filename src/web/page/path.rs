//! The paths of pages and pictures.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::catalogue::Shelf;

/// What is escaped in a segment: all but what `encodeURIComponent` leaves, so that scripts write the
/// same paths.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// A text as one segment of a path, whatever is in it: a slash becomes `%2F`, and dots that would
/// mean a folder become `%2E`.
///
/// ```
/// use lookbook::web::page::segment;
///
/// assert_eq!(segment("new in/été 1.jpg"), "new%20in%2F%C3%A9t%C3%A9%201.jpg");
/// assert_eq!(segment(".."), "%2E%2E");
/// ```
#[must_use]
pub fn segment(text: &str) -> String {
    if text.bytes().all(|byte| byte == b'.') {
        return "%2E".repeat(text.len());
    }
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// The page of a shelf.
#[must_use]
pub fn shelf_path(shelf: &Shelf) -> String {
    format!("/shelves/{}", segment(shelf.as_str()))
}

/// The page of a photo.
#[must_use]
pub fn photo_path(bucket: &str, key: &str) -> String {
    format!("/images/{}/{}", segment(bucket), segment(key))
}

/// A photo as a picture of at most that many pixels across; with the hash of its content, browsers may
/// keep it for ever.
#[must_use]
pub fn picture_path(bucket: &str, key: &str, width: u32, content: Option<&str>) -> String {
    let version = content.map(|content| format!("&v={}", segment(content))).unwrap_or_default();
    format!("/api/images/{}/{}/photo?width={width}{version}", segment(bucket), segment(key))
}

#[cfg(test)]
mod tests {
    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whatever_a_key_holds_is_one_segment() {
        for (key, expected) in [
            ("<script>alert(1)</script>", "%3Cscript%3Ealert(1)%3C%2Fscript%3E"),
            ("a%2Fb", "a%252Fb"),
            ("a+b c", "a%2Bb%20c"),
            ("a\nb", "a%0Ab"),
            ("👗", "%F0%9F%91%97"),
            (".", "%2E"),
            ("..", "%2E%2E"),
            ("...", "%2E%2E%2E"),
            ("../..", "..%2F.."),
            (".hidden", ".hidden"),
            ("a?b#c", "a%3Fb%23c"),
            ("-_.!~*'()", "-_.!~*'()"),
        ] {
            assert_eq!(segment(key), expected);
        }
        assert_eq!(photo_path("photos", "a/b"), "/images/photos/a%2Fb");
        assert_eq!(
            picture_path("photos", "é", 320, None),
            "/api/images/photos/%C3%A9/photo?width=320"
        );
        assert_eq!(shelf_path(&"t-shirt".parse().unwrap()), "/shelves/t-shirt");
    }

    proptest! {
        #[test]
        fn a_segment_reads_back(text in "\\PC{0,60}|[./%]{0,9}") {
            let segment = segment(&text);
            prop_assert!(!segment.contains(['/', '?', '#', '\\', '"', '<', '>', '&']));
            prop_assert_eq!(percent_decode_str(&segment).decode_utf8().unwrap(), text);
        }
    }
}
