//! The order of the changes of one key.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Digits that a sequencer is padded to. S3 sends 16 to 18 today.
const PADDED: usize = 32;
/// Longer ones are not sequencers.
const MAX: usize = 128;

/// S3's `sequencer`: a hexadecimal string that orders the changes of one key.
///
/// Two sequencers of the same key compare as strings once the shorter is padded with zeros on the
/// right (Amazon S3 user guide, "Event message structure"). Those of different keys do not compare.
/// It is kept in upper case and padded, so that its text sorts as it does.
///
/// ```
/// use lookbook::object::Sequencer;
///
/// let older: Sequencer = "0055AED6DCD90281E5".parse()?;
/// let newer: Sequencer = "0055aed6dcd90281e51".parse()?;
/// assert!(older < newer);
/// # Ok::<(), lookbook::object::SequencerError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sequencer(String);

/// A text that is not a sequencer.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{0}' is not a sequencer: expected 1 to {MAX} hexadecimal digits")]
pub struct SequencerError(String);

impl std::str::FromStr for Sequencer {
    type Err = SequencerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.len() > MAX || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(SequencerError(text.chars().take(40).collect()));
        }
        // Zeros on the right say nothing, so equal sequencers get equal texts.
        let digits = text.to_ascii_uppercase();
        let digits = digits.trim_end_matches('0');
        Ok(Self(format!("{digits:0<PADDED$}")))
    }
}

impl TryFrom<String> for Sequencer {
    type Error = SequencerError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Sequencer> for String {
    fn from(sequencer: Sequencer) -> Self {
        sequencer.0
    }
}

impl fmt::Display for Sequencer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The rule of the S3 user guide, word for word.
    fn by_the_book(a: &str, b: &str) -> std::cmp::Ordering {
        let width = a.len().max(b.len());
        let pad = |s: &str| format!("{:0<width$}", s.to_ascii_uppercase());
        pad(a).cmp(&pad(b))
    }

    proptest! {
        #[test]
        fn compares_by_the_book(a in "[0-9A-Fa-f]{1,40}", b in "[0-9A-Fa-f]{1,40}") {
            let (x, y): (Sequencer, Sequencer) = (a.parse().unwrap(), b.parse().unwrap());
            prop_assert_eq!(x.cmp(&y), by_the_book(&a, &b));
            prop_assert_eq!(x.to_string().cmp(&y.to_string()), by_the_book(&a, &b));
        }

        #[test]
        fn its_text_reads_back(a in "[0-9A-F]{1,128}") {
            let x: Sequencer = a.parse().unwrap();
            prop_assert_eq!(x.to_string().parse::<Sequencer>().unwrap(), x);
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in ["", "xyz", "12 34", "é", &"A".repeat(129)] {
            assert!(text.parse::<Sequencer>().is_err(), "{text}");
        }
    }
}
