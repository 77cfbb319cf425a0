//! What a page's tags say of its pixels: everything that is not said, or not understood, is a reason
//! to reject it here, before anything is decoded.

use super::directory::{Directory, Order};
use super::fault::{corrupt, rare, raw};
use super::paint::{Alpha, Colour};
use super::samples::{Predictor, Sample};
use crate::photo::PhotoError;

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS_PER_SAMPLE: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const FILL_ORDER: u16 = 266;
const SAMPLES_PER_PIXEL: u16 = 277;
const PLANAR: u16 = 284;
const PREDICTOR: u16 = 317;
const COLOUR_MAP: u16 = 320;
const INK_SET: u16 = 332;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const YCBCR_COEFFICIENTS: u16 = 529;
const YCBCR_SUBSAMPLING: u16 = 530;
const REFERENCE_BLACK_WHITE: u16 = 532;

/// More samples than a pixel has of colours, inks and masks.
const MOST_SAMPLES: u64 = 32;

/// How chunks are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    /// Not at all.
    None,
    /// Lempel-Ziv-Welch.
    Lzw,
    /// JPEG, with tables that chunks share.
    Jpeg,
    /// As in ZIP archives.
    Deflate,
    /// Runs of bytes.
    PackBits,
}

/// How a page's pixels are stored.
pub(super) struct Page {
    pub width: u32,
    pub height: u32,
    pub colour: Colour,
    pub alpha: Option<Alpha>,
    /// How many samples a pixel has, those that are not shown included.
    pub samples: usize,
    pub sample: Sample,
    pub order: Order,
    /// Whether each sample has chunks of its own.
    pub planar: bool,
    pub predictor: Predictor,
    pub compression: Compression,
    /// Whether JPEG's luminance and colour differences become the page's RGB.
    pub ycbcr_jpeg: bool,
    /// Whether the bits of each byte in the chunks are in reverse order.
    pub mirrored: bool,
}

impl Page {
    /// The width and height, which are to be checked before all else is read.
    pub(super) fn size(directory: &Directory<'_>) -> Result<(u32, u32), PhotoError> {
        let side = |tag| match directory.number(tag)? {
            Some(side) => u32::try_from(side).map_err(|_| rare("billions of pixels in a row")),
            None => Err(corrupt("it does not say how large it is")),
        };
        Ok((side(WIDTH)?, side(HEIGHT)?))
    }

    pub(super) fn read(directory: &Directory<'_>) -> Result<Self, PhotoError> {
        let (width, height) = Self::size(directory)?;
        let compression = compression(directory.number(COMPRESSION)?.unwrap_or(1))?;
        let samples = directory.number(SAMPLES_PER_PIXEL)?.unwrap_or(1);
        if samples == 0 || samples > MOST_SAMPLES {
            return Err(rare(format!("{samples} samples a pixel")));
        }
        let samples = usize::try_from(samples).unwrap_or(1);
        let sample = sample(directory, samples)?;
        let colour = colour(directory, sample)?;
        let alpha = alpha(directory, &colour, samples)?;
        let planar = match directory.number(PLANAR)?.unwrap_or(1) {
            1 => false,
            2 => samples > 1,
            _ => return Err(corrupt("its samples are in no known order")),
        };
        let mirrored = match directory.number(FILL_ORDER)?.unwrap_or(1) {
            1 => false,
            // JPEG says itself which bit comes first.
            2 => compression != Compression::Jpeg,
            _ => return Err(corrupt("its bits are in no known order")),
        };
        let mut page = Self {
            width,
            height,
            colour,
            alpha,
            samples,
            sample,
            order: directory.order(),
            planar,
            predictor: predictor(directory, compression, sample)?,
            compression,
            ycbcr_jpeg: false,
            mirrored,
        };
        page.check_jpeg()?;
        page.check_ycbcr(directory)?;
        if page.compression == Compression::Jpeg && page.colour == Colour::YCbCr {
            page.colour = Colour::Rgb;
            page.ycbcr_jpeg = true;
        }
        Ok(page)
    }

    /// The samples that are shown, each with the place where it is stored.
    pub(super) fn shown(&self) -> impl Iterator<Item = usize> {
        (0..self.colour.samples()).chain(self.alpha.map(|alpha| alpha.index))
    }

    /// The planes that are to be read, each by its place in the file.
    pub(super) fn stored_planes(&self) -> Vec<usize> {
        if self.planar { self.shown().collect() } else { vec![0] }
    }

    /// How many planes are to be read for a pixel.
    pub(super) fn planes(&self) -> usize {
        if self.planar { self.shown().count() } else { 1 }
    }

    /// How many samples of a pixel lie beside each other in a chunk.
    pub(super) fn step(&self) -> usize {
        if self.planar { 1 } else { self.samples }
    }

    fn check_jpeg(&self) -> Result<(), PhotoError> {
        if self.compression != Compression::Jpeg {
            return Ok(());
        }
        if self.sample != Sample::Bits(8) {
            return Err(rare(format!("JPEG with {} bits a sample", self.sample.bits())));
        }
        if !matches!(self.step(), 1 | 3 | 4) {
            return Err(rare(format!("JPEG with {} samples a pixel", self.step())));
        }
        if self.colour == Colour::YCbCr && (self.planar || self.samples != 3) {
            return Err(rare("JPEG with its colours in planes of their own"));
        }
        Ok(())
    }

    /// Outside of JPEG, luminance and its differences have many forms. One is read.
    fn check_ycbcr(&self, directory: &Directory<'_>) -> Result<(), PhotoError> {
        if self.colour != Colour::YCbCr || self.compression == Compression::Jpeg {
            return Ok(());
        }
        let all = |tag, expected: &[u64]| -> Result<Option<bool>, PhotoError> {
            let Some(values) = directory.values(tag)? else { return Ok(None) };
            Ok(Some(values.iter().eq(expected.iter().copied())))
        };
        if all(YCBCR_SUBSAMPLING, &[1, 1])? != Some(true) {
            return Err(rare("luminance that is finer than its colours, without JPEG"));
        }
        if self.sample != Sample::Bits(8)
            || !fractions(directory, YCBCR_COEFFICIENTS, &[0.299, 0.587, 0.114])?
            || !fractions(
                directory,
                REFERENCE_BLACK_WHITE,
                &[0.0, 255.0, 128.0, 255.0, 128.0, 255.0],
            )?
        {
            return Err(rare("an unusual form of luminance and colour differences"));
        }
        Ok(())
    }
}

/// Whether a tag is missing or has these fractions.
fn fractions(directory: &Directory<'_>, tag: u16, expected: &[f64]) -> Result<bool, PhotoError> {
    let Some(values) = directory.values(tag)? else { return Ok(true) };
    let (pairs, _) = values.bytes().as_chunks::<8>();
    let number = |bytes: &[u8]| directory.order().number(bytes);
    Ok(pairs.len() == expected.len()
        && pairs.iter().zip(expected).all(|(pair, expected)| {
            let (above, below) = pair.split_at(4);
            let part = |bytes| u32::try_from(number(bytes)).map_or(f64::NAN, f64::from);
            (part(above) / part(below) - expected).abs() < 1e-3
        }))
}

fn compression(code: u64) -> Result<Compression, PhotoError> {
    Err(rare(match code {
        1 => return Ok(Compression::None),
        5 => return Ok(Compression::Lzw),
        7 => return Ok(Compression::Jpeg),
        8 | 32946 => return Ok(Compression::Deflate),
        32773 => return Ok(Compression::PackBits),
        2..=4 => "packed as a fax",
        6 => "JPEG in the manner of 1992",
        9 | 10 | 34661 => "packed with JBIG",
        22610 | 34934 => "packed with JPEG XR",
        33003 | 33005 | 34712 => "packed with JPEG 2000",
        34676 | 34677 => "packed as LogLuv",
        34887 => "packed with LERC",
        34925 => "packed with LZMA",
        50000 | 34926 => "packed with Zstandard",
        50001 | 34927 => "packed with WebP",
        50002 | 52546 => "packed with JPEG XL",
        _ => return Err(rare(format!("packed in a way that is not known, number {code}"))),
    }))
}

/// The one form that all samples have.
fn sample(directory: &Directory<'_>, samples: usize) -> Result<Sample, PhotoError> {
    // One value may stand for all.
    let common = |tag, usual| -> Result<Option<u64>, PhotoError> {
        let Some(values) = directory.values(tag)? else { return Ok(Some(usual)) };
        let first = values.get(0);
        let same = values.len() == 1
            || (values.len() >= samples && (1..samples).all(|index| values.get(index) == first));
        Ok(first.filter(|_| same))
    };
    let (Some(bits), Some(format)) = (common(BITS_PER_SAMPLE, 1)?, common(SAMPLE_FORMAT, 1)?)
    else {
        return Err(rare("samples of several kinds"));
    };
    match (format, bits) {
        // What is "undefined" is read as if nothing were said.
        (1 | 4, 1 | 2 | 4 | 8) => Ok(Sample::Bits(u8::try_from(bits).unwrap_or(8))),
        (1 | 4, 16) => Ok(Sample::Short),
        (3, 16) => Ok(Sample::Half),
        (3, 32) => Ok(Sample::Float),
        (3, 64) => Ok(Sample::Double),
        (1 | 4, _) => Err(rare(format!("whole numbers of {bits} bits"))),
        (2, _) => Err(rare(format!("numbers of {bits} bits with a sign"))),
        (3, _) => Err(rare(format!("floats of {bits} bits"))),
        (5 | 6, _) => Err(rare("complex numbers")),
        _ => Err(rare("samples of a kind that is not known")),
    }
}

fn colour(directory: &Directory<'_>, sample: Sample) -> Result<Colour, PhotoError> {
    let Some(photometric) = directory.number(PHOTOMETRIC)? else {
        return Err(corrupt("it does not say what its colours mean"));
    };
    let colour = match photometric {
        0 => Colour::Inverse,
        1 => Colour::Grey,
        2 => Colour::Rgb,
        3 => Colour::Palette(palette(directory, sample)?),
        5 if directory.number(INK_SET)?.unwrap_or(1) == 1 => Colour::Cmyk,
        5 => return Err(rare("inks other than cyan, magenta, yellow and black")),
        6 => Colour::YCbCr,
        4 => return Err(rare("a mask for another picture")),
        8..=10 => return Err(rare("colours in the L*a*b* space")),
        32803 | 34892 => return Err(raw()),
        32844 | 32845 => return Err(rare("colours in the LogLuv space")),
        other => return Err(rare(format!("colours of a kind that is not known, number {other}"))),
    };
    if sample.is_float() && !matches!(colour, Colour::Grey | Colour::Rgb) {
        return Err(rare("floats for other colours than grey and RGB"));
    }
    Ok(colour)
}

/// The colours of a palette: all reds, all greens, all blues, sixteen bits each.
fn palette(directory: &Directory<'_>, sample: Sample) -> Result<Vec<[u8; 3]>, PhotoError> {
    let Sample::Bits(bits) = sample else {
        return Err(rare("a palette of more than 256 colours"));
    };
    let colours = 1_usize << bits;
    let missing = || corrupt("its palette is missing");
    let map = directory.values(COLOUR_MAP)?.ok_or_else(missing)?;
    if map.len() < 3 * colours {
        return Err(missing());
    }
    // Some writers put bytes there: dark colours to some readers, and bright ones to others.
    if (1..256).contains(&map.iter().max().unwrap_or(0)) {
        return Err(rare("a palette that is black, or of bytes"));
    }
    let value = |index| {
        let value = map.get(index).ok_or_else(missing)?;
        u8::try_from(value >> 8).map_err(|_| missing())
    };
    (0..colours)
        .map(|index| Ok([value(index)?, value(colours + index)?, value(2 * colours + index)?]))
        .collect()
}

/// Which sample beyond the colours says how opaque a pixel is, if any does.
fn alpha(
    directory: &Directory<'_>,
    colour: &Colour,
    samples: usize,
) -> Result<Option<Alpha>, PhotoError> {
    let colours = colour.samples();
    let Some(extra) = samples.checked_sub(colours) else {
        return Err(corrupt(format!("{samples} samples are too few for its colours")));
    };
    let Some(meanings) = directory.values(EXTRA_SAMPLES)? else {
        return match (colour, extra) {
            (_, 0) => Ok(None),
            // What is not said, others take for this.
            (Colour::Rgb, 1) => Ok(Some(Alpha { index: colours, multiplied: false })),
            _ => Err(rare("more samples a pixel than its colours need, of unknown meaning")),
        };
    };
    for (index, meaning) in meanings.iter().take(extra).enumerate() {
        let multiplied = match meaning {
            0 => continue,
            1 => true,
            // Corel Draw writes 999.
            2 | 999 => false,
            _ => {
                return Err(rare("more samples a pixel than its colours need, of unknown meaning"));
            }
        };
        if multiplied && !matches!(colour, Colour::Grey | Colour::Rgb) {
            return Err(rare("colours that are multiplied with their transparency, but not RGB"));
        }
        return Ok(Some(Alpha { index: colours + index, multiplied }));
    }
    Ok(None)
}

fn predictor(
    directory: &Directory<'_>,
    compression: Compression,
    sample: Sample,
) -> Result<Predictor, PhotoError> {
    let predictor = match directory.number(PREDICTOR)?.unwrap_or(1) {
        1 => return Ok(Predictor::None),
        2 if sample.bits() >= 8 => Predictor::Horizontal,
        2 => return Err(rare(format!("differences of {} bits", sample.bits()))),
        3 if sample.is_float() => Predictor::Floating,
        3 => return Err(corrupt("its whole numbers are predicted as floats")),
        _ => return Err(corrupt("its samples are predicted in no known way")),
    };
    // Others do not agree on what it means elsewhere.
    match compression {
        Compression::Lzw | Compression::Deflate => Ok(predictor),
        _ => Err(rare("differences that are not packed with LZW or Deflate")),
    }
}
