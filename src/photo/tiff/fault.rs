//! What is wrong with a TIFF, in the words of `PhotoError`.

use crate::photo::{Format, PhotoError};

/// The file contradicts itself, or pixels are missing.
pub(super) fn corrupt(cause: impl AsRef<str>) -> PhotoError {
    PhotoError::corrupt(Format::Tiff, cause)
}

pub(super) fn cut_off() -> PhotoError {
    corrupt("it was cut off before its end")
}

/// The file may be in order, but is not of a kind that is read here.
pub(super) fn rare(variety: impl AsRef<str>) -> PhotoError {
    PhotoError::unsupported_variety(Format::Tiff, variety.as_ref())
}

/// What a camera stored before it made a photo of it.
pub(super) fn raw() -> PhotoError {
    PhotoError::UnsupportedFormat {
        what: "a camera's RAW file".into(),
        advice: "develop it into a JPEG and upload that".into(),
    }
}
