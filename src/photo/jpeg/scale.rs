//! Pictures at a half, a quarter or an eighth of their size, straight from the coefficients: what a
//! photo of many megapixels has of detail is not computed where a small picture is made of it anyway.
//!
//! A block then has fewer samples than 8 x 8. Which, for each channel, and how many samples a channel
//! has, follows libjpeg-turbo's `jdmaster.c`, so that the pixels are those of Pillow's `Image.draft`.

use super::frame::{Channel, Frame};

/// How many samples on a side a block of the finest channel has: 8, 4, 2 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale(usize);

impl Scale {
    /// All that there are.
    pub(super) const FULL: Self = Self(8);

    /// The smallest at which a picture still has at least so many pixels across and down.
    pub(super) fn least(frame: &Frame, (width, height): (u32, u32)) -> Self {
        let fits = |scale: &Self| {
            let (columns, rows) = scale.size(frame);
            columns >= width && rows >= height
        };
        [1, 2, 4].map(Self).into_iter().find(fits).unwrap_or(Self::FULL)
    }

    /// Width and height of the picture, in pixels.
    pub(super) fn size(self, frame: &Frame) -> (u32, u32) {
        // No side is longer than 65,535, and none becomes longer.
        let side = |side: u32| u32::try_from(self.scaled(side as usize, 8)).unwrap_or(side);
        (side(frame.width), side(frame.height))
    }

    /// Width and height of the picture in eighths of a pixel: the last pixels may be there in part.
    pub(super) fn eighths(self, frame: &Frame) -> (u32, u32) {
        let side = |side: u32| u32::try_from(side as usize * self.0).unwrap_or(side);
        (side(frame.width), side(frame.height))
    }

    /// A length of which `whole` are eight samples.
    fn scaled(self, length: usize, whole: usize) -> usize {
        (length * self.0).div_ceil(whole)
    }

    /// How many samples on a side a block of this channel has. A channel of a lower resolution keeps
    /// more of them, as long as all are needed.
    pub(super) fn of(self, frame: &Frame, channel: &Channel) -> Self {
        let needed =
            |most: usize, own: usize, side: usize| (most * self.0).is_multiple_of(own * side * 2);
        let mut side = self.0;
        while side < 8
            && needed(frame.most.0, channel.h, side)
            && needed(frame.most.1, channel.v, side)
        {
            side *= 2;
        }
        Self(side)
    }

    /// The samples of a block on a side.
    pub(super) fn side(self) -> usize {
        self.0
    }

    /// A channel's width and height at its own scale, in samples.
    pub(super) fn samples(self, frame: &Frame, channel: &Channel) -> (usize, usize) {
        let columns = frame.width as usize * channel.h;
        let rows = frame.height as usize * channel.v;
        (self.scaled(columns, 8 * frame.most.0), self.scaled(rows, 8 * frame.most.1))
    }
}
