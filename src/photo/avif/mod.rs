//! AVIF: an AV1 picture in boxes, perhaps with a second one for transparency. Of an animation, the
//! still picture that stands for it.
//!
//! The boxes say how large the picture is; its decoder may not make a larger one. A picture that is
//! put together of tiles, or is to be cropped, is rejected by name.

mod av1;
mod boxes;
mod yuv;

use image::metadata::Orientation;

use super::colour::{self, Profile, Video};
use super::header::Cost;
use super::{Format, Header, Limits, Opened, PhotoError, pixels};
use boxes::{Item, Meta, Mirror};

/// An AVIF whose boxes are read.
pub(super) struct Avif<'a> {
    item: Item<'a>,
    alpha: Option<Item<'a>>,
    premultiplied: bool,
    header: Header,
    orientation: Orientation,
}

pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Avif<'a>, PhotoError> {
    let damaged = || PhotoError::corrupt(Format::Avif, "its boxes are damaged");
    let Some(meta) = Meta::find(bytes) else {
        return Err(PhotoError::corrupt(
            Format::Avif,
            "it has no picture, or was cut off before it",
        ));
    };
    let primary = meta.primary().ok_or_else(damaged)?;
    let item = Item::read(&meta, primary)?;
    let (width, height) = item.size.ok_or_else(damaged)?;
    limits.check_pixels(Format::Avif, width, height)?;
    let (alpha, premultiplied) = alpha(&meta, primary)?;
    if alpha.as_ref().is_some_and(|alpha| alpha.size != item.size) {
        let variety = "transparency of another size";
        return Err(PhotoError::unsupported_variety(Format::Avif, variety));
    }
    let orientation = orientation(item.turns, item.mirror);
    let pixels = u64::from(width) * u64::from(height);
    // One picture is decoded after the other.
    let (mut decoder, mut copy) = (0, 0);
    for item in [Some(&item), alpha.as_ref()].into_iter().flatten() {
        decoder = av1::survey(&item.data)?.memory(width, height).max(decoder);
        copy = item.data.iter().map(|piece| piece.len() as u64).sum::<u64>().max(copy);
    }
    let transparency = if alpha.is_some() { pixels } else { 0 };
    let cost = Cost {
        copies: 2 * copy + colour::memory(item.icc.map_or(0, <[u8]>::len)),
        buffer: pixels * 3 + transparency,
        decoder,
    };
    let header = cost.header(Format::Avif, width, height, orientation);
    Ok(Avif { item, alpha, premultiplied, header, orientation })
}

/// The item that is the transparency of another, and whether the colours are multiplied with it.
fn alpha<'a>(meta: &Meta<'a>, primary: u32) -> Result<(Option<Item<'a>>, bool), PhotoError> {
    // Depth maps are items of this kind, too: the first few are looked at.
    let auxiliary = meta.references(*b"auxl");
    for (from, _) in auxiliary.into_iter().filter(|(_, to)| *to == primary).take(8) {
        if meta.kind(from) != Some(*b"av01") {
            continue;
        }
        let item = Item::read(meta, from)?;
        if item.is_alpha {
            let premultiplied = meta.references(*b"prem").contains(&(primary, from));
            return Ok((Some(item), premultiplied));
        }
    }
    Ok((None, false))
}

/// Turned against the clock, and mirrored after that.
fn orientation(turns: u8, mirror: Option<Mirror>) -> Orientation {
    // Mirroring top and bottom is mirroring left and right, and half a turn.
    let half = if mirror == Some(Mirror::TopBottom) { 2 } else { 0 };
    match ((turns + half) & 3, mirror.is_some()) {
        (0, false) => Orientation::NoTransforms,
        (1, false) => Orientation::Rotate270,
        (2, false) => Orientation::Rotate180,
        (_, false) => Orientation::Rotate90,
        (0, true) => Orientation::FlipHorizontal,
        (1, true) => Orientation::Rotate270FlipH,
        (2, true) => Orientation::FlipVertical,
        (_, true) => Orientation::Rotate90FlipH,
    }
}

impl Opened for Avif<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn orientation(&self) -> Orientation {
        self.orientation
    }

    fn into_rgb(self: Box<Self>) -> Result<Vec<u8>, PhotoError> {
        let size @ (width, height) = (self.header.width, self.header.height);
        let mut rgb = pixels::buffer(width, height, 3);
        let columns = width as usize;
        let frame = av1::decode(&self.item.data, size)?;
        let (points, full) = self.item.code_points.unwrap_or_else(|| frame.code_points());
        let [primaries, transfer, matrix] = points;
        let profile = match self.item.icc {
            // Curves of logarithms, and colours without a screen that shows them: no browser does.
            None if matches!(transfer, 9..=12) || primaries == 10 => {
                let variety = "colours of a kind that no browser shows";
                return Err(PhotoError::unsupported_variety(Format::Avif, variety));
            }
            // Browsers do not show such a picture.
            Some(icc) if !colour::is_profile(icc) => {
                return Err(PhotoError::corrupt(Format::Avif, "its colour profile is none"));
            }
            Some(icc) => Profile::from_icc(icc),
            None => Profile::from_code_points(primaries, transfer, Video::Srgb)
                .map_err(|colour::Hdr| PhotoError::high_dynamic_range(Format::Avif))?,
        };
        yuv::write(&frame, matrix, full, columns, &mut rgb)?;
        let grey = frame.chroma().is_none();
        drop(frame);
        let alpha = match &self.alpha {
            Some(item) => {
                let mut alpha = pixels::buffer(width, height, 1);
                yuv::alpha(&av1::decode(&item.data, size)?, columns, &mut alpha)?;
                Some(alpha)
            }
            None => None,
        };
        if self.premultiplied
            && let Some(alpha) = &alpha
        {
            pixels::divide(&mut rgb, alpha);
        }
        match profile {
            Some(profile) if grey => profile.grey_pixels(&mut rgb),
            Some(profile) => profile.rgb(&mut rgb),
            None => {}
        }
        if let Some(alpha) = &alpha {
            pixels::lay_on_white(&mut rgb, alpha);
        }
        Ok(rgb)
    }
}
