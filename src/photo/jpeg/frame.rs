//! What a JPEG's frame header says: the size, and how each channel is stored.

use crate::photo::{Format, Limits, PhotoError};

/// A frame of a kind that can be read.
#[derive(Debug)]
pub(super) struct Frame {
    pub width: u32,
    pub height: u32,
    pub progressive: bool,
    pub channels: Vec<Channel>,
    /// The greatest sampling factors, across and down.
    pub most: (usize, usize),
    /// How many units (of the blocks of all channels) there are, across and down.
    pub units: (usize, usize),
}

/// One channel of a frame.
#[derive(Debug)]
pub(super) struct Channel {
    pub id: u8,
    /// Sampling factors, across and down.
    pub h: usize,
    pub v: usize,
    /// Which table its steps are in.
    pub steps: usize,
    /// Its size in samples, without what fills the last blocks.
    pub width: usize,
    pub height: usize,
}

impl Channel {
    /// How many blocks have samples of the picture, across and down.
    pub(super) fn blocks(&self) -> (usize, usize) {
        (self.width.div_ceil(8), self.height.div_ceil(8))
    }
}

impl Frame {
    /// Reads a frame header. `marker` is its kind.
    pub(super) fn parse(marker: u8, payload: &[u8], limits: &Limits) -> Result<Self, PhotoError> {
        if let Some(variety) = rare(marker) {
            return Err(PhotoError::unsupported_variety(Format::Jpeg, variety));
        }
        let damaged = || PhotoError::corrupt(Format::Jpeg, "its header is damaged");
        let [bits, y1, y0, x1, x0, count, rest @ ..] = payload else {
            return Err(damaged());
        };
        if *bits != 8 {
            let variety = format!("{bits} bits a channel");
            return Err(PhotoError::unsupported_variety(Format::Jpeg, &variety));
        }
        let (width, height) = (u16::from_be_bytes([*x1, *x0]), u16::from_be_bytes([*y1, *y0]));
        limits.check_pixels(Format::Jpeg, width.into(), height.into())?;
        if !matches!(count, 1 | 3 | 4) {
            let variety = format!("{count} colour channels");
            return Err(PhotoError::unsupported_variety(Format::Jpeg, &variety));
        }
        let entries: Vec<&[u8; 3]> = rest.as_chunks().0.iter().take(usize::from(*count)).collect();
        if entries.len() != usize::from(*count) {
            return Err(damaged());
        }
        // The sampling of a lone channel says nothing.
        let sampling = |factors: u8| match count {
            1 => (1, 1),
            _ => (usize::from(factors >> 4), usize::from(factors & 15)),
        };
        let factors = || entries.iter().map(|[_, factors, _]| sampling(*factors));
        if factors().any(|(h, v)| !(1..=4).contains(&h) || !(1..=4).contains(&v)) {
            return Err(damaged());
        }
        let most = factors().fold((1, 1), |most, (h, v)| (most.0.max(h), most.1.max(v)));
        if factors().any(|(h, v)| most.0 % h != 0 || most.1 % v != 0) {
            let variety = "colours at a resolution that does not divide the brightness's";
            return Err(PhotoError::unsupported_variety(Format::Jpeg, variety));
        }
        let (columns, rows) = (usize::from(width), usize::from(height));
        let channel = |[id, factors, steps]: &[u8; 3]| {
            let (h, v) = sampling(*factors);
            let width = (columns * h).div_ceil(most.0);
            let height = (rows * v).div_ceil(most.1);
            Channel { id: *id, h, v, steps: usize::from(*steps), width, height }
        };
        Ok(Self {
            width: width.into(),
            height: height.into(),
            progressive: marker == 0xC2,
            channels: entries.into_iter().map(channel).collect(),
            most,
            units: (columns.div_ceil(8 * most.0), rows.div_ceil(8 * most.1)),
        })
    }

    /// Whether the channels have these names.
    pub(super) fn is_named(&self, names: &[u8]) -> bool {
        self.channels.iter().map(|channel| channel.id).eq(names.iter().copied())
    }

    /// How many blocks all channels have, with those that fill the last units.
    pub(super) fn blocks(&self) -> usize {
        self.units.0 * self.units.1 * self.channels.iter().map(|c| c.h * c.v).sum::<usize>()
    }

    /// The length of a channel's rows, in samples.
    pub(super) fn stride(&self, channel: &Channel) -> usize {
        self.units.0 * channel.h * 8
    }
}

/// The frame's kind, if it is one that hardly any program reads.
fn rare(marker: u8) -> Option<&'static str> {
    Some(match marker {
        0xC3 => "lossless coding",
        0xC5..=0xC7 => "hierarchical coding",
        0xC9..=0xCB | 0xCD..=0xCF => "arithmetic coding",
        _ => return None,
    })
}
