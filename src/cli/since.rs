//! A time that people type: a moment, a day, or how long ago.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

/// What to write instead of a text that says no time.
const EXPECTED: &str = "expected a time as 2026-11-25T09:30:00Z, a date as 2026-11-25 (from midnight, \
                        UTC), or an age as 7d, 12h or 30m";

/// The time that a text says, where it is `now`.
pub fn parse(text: &str, now: OffsetDateTime) -> Result<OffsetDateTime, String> {
    let day = format_description!("[year]-[month]-[day]");
    let date = || Some(Date::parse(text, &day).ok()?.midnight().assume_utc());
    let time = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(date);
    time.or_else(|| now.checked_sub(age(text)?)).ok_or_else(|| EXPECTED.to_owned())
}

/// For flags.
pub fn from_now(text: &str) -> Result<OffsetDateTime, String> {
    parse(text, OffsetDateTime::now_utc())
}

/// A whole number and its unit.
fn age(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        'w' => 7 * 24 * 60 * 60,
        _ => return None,
    };
    let number = text.strip_suffix(unit).filter(|n| n.bytes().all(|b| b.is_ascii_digit()))?;
    Some(Duration::seconds(number.parse::<i64>().ok()?.checked_mul(seconds)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-25 12:00 UTC);

    #[test]
    fn moments_days_and_ages() {
        for (text, expected) in [
            ("2026-11-25T09:30:00Z", datetime!(2026-11-25 09:30 UTC)),
            ("2026-11-25T09:30:00.5+02:00", datetime!(2026-11-25 07:30:00.5 UTC)),
            ("2026-11-25", datetime!(2026-11-25 0:00 UTC)),
            ("7d", datetime!(2026-11-18 12:00 UTC)),
            ("2w", datetime!(2026-11-11 12:00 UTC)),
            ("12h", datetime!(2026-11-25 00:00 UTC)),
            ("30m", datetime!(2026-11-25 11:30 UTC)),
            ("0s", NOW),
        ] {
            assert_eq!(parse(text, NOW).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_says_no_time_is_told_what_does() {
        for text in [
            "",
            "d",
            "7",
            "7 d",
            "-7d",
            "+7d",
            "7D",
            "1.5h",
            "yesterday",
            "2026-02-30",
            "26-11-25",
            "2026-11-25T09:30",
            "2026-11-25 09:30:00",
            "99999999999999999999d",
            "9999999999w",
            "7é",
        ] {
            let error = parse(text, NOW).unwrap_err();
            assert!(error.contains("2026-11-25T09:30:00Z") && error.contains("7d"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,30}|[0-9]{0,20}[smhdw]") {
            let _ = parse(&text, NOW);
        }

        #[test]
        fn an_age_is_that_long_ago(days in 0..3000_i64) {
            prop_assert_eq!(NOW - parse(&format!("{days}d"), NOW).unwrap(), Duration::days(days));
        }
    }
}
