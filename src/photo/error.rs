//! What can be wrong with a photo, in words for the person who uploaded it.

use std::borrow::Cow;

use super::Format;
use crate::code::Code;

/// Why a photo cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PhotoError {
    /// There are no bytes.
    #[error("the file is empty: upload it again")]
    Empty,

    /// There are more bytes than allowed.
    #[error(
        "the file has {}, and at most {} are allowed: save the photo smaller, or as JPEG",
        mebibytes(*size),
        mebibytes(*limit)
    )]
    TooLarge {
        /// The file's size in bytes.
        size: u64,
        /// The greatest size allowed, in bytes.
        limit: u64,
    },

    /// The header announces more pixels than allowed.
    #[error(
        "the photo has {width} x {height} pixels, and at most {:.1} million are allowed: scale it down",
        millions(*limit)
    )]
    TooManyPixels {
        /// The width in pixels, as stored.
        width: u32,
        /// The height in pixels, as stored.
        height: u32,
        /// The greatest number of pixels allowed.
        limit: u64,
    },

    /// The content is something else than a photo of a kind that can be read.
    #[error("the file is {what}: {advice}")]
    UnsupportedFormat {
        /// What the content is, with its article, as far as can be told.
        what: Cow<'static, str>,
        /// What to do about it.
        advice: Cow<'static, str>,
    },

    /// The content is damaged, or ends too early.
    #[error(
        "the {} file is damaged or incomplete ({cause}): upload it again, or save it anew",
        format.name()
    )]
    Corrupt {
        /// What the content began as.
        format: Format,
        /// What the decoder says.
        cause: String,
    },

    /// Pixels were asked for, or given, in a size that cannot be. Not the photo's fault.
    #[error("{width} x {height} is no size for these pixels")]
    InvalidSize {
        /// The width in pixels.
        width: u32,
        /// The height in pixels.
        height: u32,
    },
}

impl PhotoError {
    /// A short name of what is wrong, for tables and dashboards. It does not change.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Empty => Code::Empty,
            Self::TooLarge { .. } => Code::TooLarge,
            Self::TooManyPixels { .. } => Code::TooManyPixels,
            Self::UnsupportedFormat { .. } => Code::UnsupportedFormat,
            Self::Corrupt { .. } => Code::Corrupt,
            Self::InvalidSize { .. } => Code::InvalidSize,
        }
    }

    pub(super) fn corrupt(format: Format, cause: impl AsRef<str>) -> Self {
        Self::Corrupt { format, cause: brief(cause.as_ref()) }
    }

    /// Colours beyond what ordinary screens show, which every viewer shows in its own way.
    pub(super) fn high_dynamic_range(format: Format) -> Self {
        Self::UnsupportedFormat {
            what: format!(
                "an HDR photo ({} with more brightness than a screen has)",
                format.name()
            )
            .into(),
            advice: "save it without HDR, as an ordinary JPEG, and upload that".into(),
        }
    }

    /// A file of a format that can be read, but of a variety that cannot.
    pub(super) fn unsupported_variety(format: Format, variety: &str) -> Self {
        Self::UnsupportedFormat {
            what: format!("a {} of a rare kind ({})", format.name(), brief(variety)).into(),
            advice: "save it as an ordinary JPEG or PNG and upload that".into(),
        }
    }
}

/// Decoders' words on one line, and not more of them than a person reads: some list every value.
fn brief(words: &str) -> String {
    const MOST: usize = 160;

    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn mebibytes(bytes: u64) -> String {
    if bytes < 1 << 20 {
        format!("{bytes} bytes")
    } else {
        format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
    }
}

#[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
fn millions(count: u64) -> f64 {
    count as f64 / 1e6
}
