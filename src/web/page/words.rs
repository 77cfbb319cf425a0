//! Numbers and times as people read them.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

const MOMENT: StaticFormatDescription =
    format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC");

/// A whole number with commas: `1,204`.
pub(super) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count and what is counted: `1 photo`, `1,204 photos`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// A share of 0 to 1 as `97.5%`. What is not all does not say `100.0%`.
pub(super) fn percent(share: f32) -> String {
    let tenths = (f64::from(share) * 1000.0).round();
    let tenths = if share < 1.0 { tenths.min(999.0) } else { tenths };
    format!("{:.1}%", tenths / 10.0)
}

/// How long the bar of a share is, in hundredths of its greatest length.
pub(super) fn bar(share: f32) -> String {
    format!("{:.1}", f64::from(share).clamp(0.0, 1.0) * 100.0)
}

/// Bytes as `48.1 kB`.
pub(super) fn bytes(bytes: u64) -> String {
    // A file of more bytes than a float holds exactly does not exist.
    #[allow(clippy::cast_precision_loss)]
    let size = bytes as f64;
    match bytes {
        0..1_000 => counted(bytes, "byte", "bytes"),
        1_000..999_950 => format!("{:.1} kB", size / 1e3),
        _ => format!("{:.1} MB", size / 1e6),
    }
}

/// A time to the minute, in UTC.
pub(super) fn moment(time: OffsetDateTime) -> String {
    time.to_offset(time::UtcOffset::UTC).format(MOMENT).unwrap_or_else(|_| time.to_string())
}

/// A time as a machine reads it, in HTML's `datetime`.
pub(super) fn stamp(time: OffsetDateTime) -> String {
    let format = time::format_description::well_known::Rfc3339;
    time.format(&format).unwrap_or_default()
}

/// The name of a photo's file: what stands after the last slash of its key.
pub(super) fn file_name(key: &str) -> &str {
    key.rsplit('/').find(|part| !part.is_empty()).unwrap_or(key)
}

/// A text whose control characters can be seen.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            // Those that turn the direction of a text hide how a name ends.
            let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if c.is_control() || turns {
                write!(f, "{}", c.escape_default())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(["0", "999", "1,000", "1,234,567"], [0, 999, 1000, 1_234_567].map(number));
        assert_eq!(counted(1, "photo", "photos"), "1 photo");
        assert_eq!(counted(1200, "photo", "photos"), "1,200 photos");
        assert_eq!(["0.0%", "57.0%", "99.9%", "100.0%"], [0.0, 0.57, 0.9999, 1.0].map(percent));
        assert_eq!(["0.0", "57.3", "100.0", "0.0"], [0.0, 0.573, 1.5, -1.0].map(bar));
        assert_eq!(
            ["1 byte", "999 bytes", "48.1 kB", "1.0 MB", "26.2 MB"],
            [1, 999, 48_053, 999_999, 26_214_400].map(bytes)
        );
    }

    #[test]
    fn times_are_told_in_utc() {
        let time = datetime!(2025-03-04 01:05:06 +02:00);
        assert_eq!(moment(time), "3 Mar 2025, 23:05 UTC");
        assert_eq!(stamp(time), "2025-03-04T01:05:06+02:00");
    }

    #[test]
    fn names_are_shown_whole() {
        assert_eq!(file_name("new in/été/hat-1.jpg"), "hat-1.jpg");
        assert_eq!((file_name("a/"), file_name("//"), file_name("a")), ("a", "//", "a"));
        assert_eq!(Shown("a\nb\u{202e}gpj.exe").to_string(), "a\\nb\\u{202e}gpj.exe");
    }
}
