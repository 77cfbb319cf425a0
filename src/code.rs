//! Stable names of what can go wrong. They are public: logs, rows and Lambda's answers have them,
//! and dashboards count them. `docs/CODES.md` says what each means.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An enum of names, each with its text.
macro_rules! codes {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $code:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $code,)*
        }

        impl $name {
            /// All of them, in the order of their texts.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// The name as text.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, text: &&str) -> bool {
                self.as_str() == *text
            }
        }
    };
}

codes! {
    /// Why an object is not a usable photo: it is `Rejected`, and its row says so.
    Code {
        /// It is in an archive class and was not restored.
        Archived = "archived",
        /// It is damaged, or does not end.
        Corrupt = "corrupt",
        /// The model answered another number of values than it has labels.
        Count = "count",
        /// It has no bytes.
        Empty = "empty",
        /// The model failed on it.
        Engine = "engine",
        /// A size of no pixels was asked for.
        InvalidSize = "invalid_size",
        /// The model answered NaN or infinity.
        NotFinite = "not_finite",
        /// The model answered what is no probability.
        NotProbabilities = "not_probabilities",
        /// The program failed on it.
        Panic = "panic",
        /// It has more bytes than `MAX_BYTES`.
        TooLarge = "too_large",
        /// It has more pixels than `MAX_PIXELS`.
        TooManyPixels = "too_many_pixels",
        /// Decoding it takes more memory than `IN_FLIGHT_BYTES` leaves.
        TooMuchMemory = "too_much_memory",
        /// It is of no format that is read.
        UnsupportedFormat = "unsupported_format",
    }
}

codes! {
    /// Why a change could not be dealt with this time: it goes back to its sender.
    RetryCode {
        /// What S3 answered is no answer.
        BucketAnswer = "bucket_answer",
        /// The function may not read the object.
        BucketDenied = "bucket_denied",
        /// The object could not be read.
        BucketFailed = "bucket_failed",
        /// There was not enough time to finish.
        GivenUp = "given_up",
        /// There is no such table.
        NoTable = "no_table",
        /// There was not enough time to begin.
        NotBegun = "not_begun",
        /// Others wrote the row each time.
        Rivals = "rivals",
        /// The table could not be read or written.
        TableFailed = "table_failed",
        /// The record names no object: to send it again does not help.
        Unreadable = "unreadable",
        /// No thread was there for the work.
        Worker = "worker",
    }
}

/// A text that is none of the names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a code of this version")]
pub struct CodeError(String);

impl FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let known = Self::ALL.iter().copied().find(|code| code.as_str() == text);
        known.ok_or_else(|| CodeError(text.chars().take(40).collect()))
    }
}

/// Why an object is not a usable photo: for dashboards, and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// A stable name.
    pub code: Code,
    /// A sentence that a person can act on.
    pub message: String,
}

impl Rejection {
    /// A rejection with this name and sentence.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names are public: one that changes breaks somebody's dashboard.
    #[test]
    fn the_names_are_stable() {
        let names = |all: &[Code]| all.iter().map(|code| code.as_str()).collect::<Vec<_>>();
        assert_eq!(
            names(Code::ALL),
            [
                "archived",
                "corrupt",
                "count",
                "empty",
                "engine",
                "invalid_size",
                "not_finite",
                "not_probabilities",
                "panic",
                "too_large",
                "too_many_pixels",
                "too_much_memory",
                "unsupported_format"
            ]
        );
        let names: Vec<_> = RetryCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(
            names,
            [
                "bucket_answer",
                "bucket_denied",
                "bucket_failed",
                "given_up",
                "no_table",
                "not_begun",
                "rivals",
                "table_failed",
                "unreadable",
                "worker"
            ]
        );
    }

    #[test]
    fn a_name_is_the_same_in_text_and_json() {
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
        for code in RetryCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
        assert!("gone".parse::<Code>().is_err());
    }

    #[test]
    fn each_name_is_explained() {
        let codes = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/CODES.md"));
        let names = Code::ALL.iter().map(|code| code.as_str());
        for name in names.chain(RetryCode::ALL.iter().map(|code| code.as_str())) {
            assert!(codes.contains(&format!("\n| `{name}` | ")), "docs/CODES.md lacks {name}");
        }
    }
}
