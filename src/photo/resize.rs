//! Scaling, with the arithmetic that Pillow has and so the arithmetic a model was trained with.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use serde::{Deserialize, Serialize};

use super::{Photo, PhotoError};

/// How pixels are weighed when a photo is scaled, by the names that Pillow and Keras have for it.
///
/// All but [`Filter::Nearest`] are convolutions whose support grows when a photo is scaled down:
/// every pixel counts. (This is what Pillow does, and `tf.image.resize` only with `antialias`.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// The one pixel that is nearest.
    Nearest,
    /// The mean of the pixels underneath.
    Box,
    /// Linear interpolation.
    #[default]
    Bilinear,
    /// Sharper than linear at the same support.
    Hamming,
    /// Cubic interpolation after Catmull and Rom.
    Bicubic,
    /// A sinc over three pixels; Pillow's `LANCZOS`.
    #[serde(alias = "lanczos")]
    Lanczos3,
}

impl Filter {
    fn algorithm(self) -> ResizeAlg {
        ResizeAlg::Convolution(match self {
            Self::Nearest => return ResizeAlg::Nearest,
            Self::Box => FilterType::Box,
            Self::Bilinear => FilterType::Bilinear,
            Self::Hamming => FilterType::Hamming,
            Self::Bicubic => FilterType::CatmullRom,
            Self::Lanczos3 => FilterType::Lanczos3,
        })
    }
}

/// See [`Photo::resize`].
///
/// The weights are rounded to 16 bits and the sums kept in 32, on every processor: plain, SSE4,
/// AVX2 and NEON code give the same bytes.
pub(super) fn resize(
    photo: &Photo,
    width: u32,
    height: u32,
    filter: Filter,
) -> Result<Vec<u8>, PhotoError> {
    let invalid = PhotoError::InvalidSize { width, height };
    if width == 0 || height == 0 {
        return Err(invalid);
    }
    let source = ImageRef::new(photo.width(), photo.height(), photo.rgb(), PixelType::U8x3);
    let mut scaled = Image::new(width, height, PixelType::U8x3);
    let mut options = ResizeOptions::new().resize_alg(filter.algorithm());
    if photo.extent != [0, 0, photo.width().saturating_mul(8), photo.height().saturating_mul(8)] {
        let [left, top, width, height] = photo.extent.map(|eighths| f64::from(eighths) / 8.0);
        options = options.crop(left, top, width, height);
    }
    // Neither can fail: a photo's pixels fill its size, and both have the same type.
    source
        .ok()
        .and_then(|source| Resizer::new().resize(&source, &mut scaled, &options).ok())
        .ok_or(invalid)?;
    Ok(scaled.into_vec())
}
