//! The chunks that a page is stored in: strips, or tiles, and where they lie in the file.

use super::directory::{Directory, Values, slice};
use super::fault::{corrupt, cut_off, rare};
use crate::photo::PhotoError;

const STRIP_OFFSETS: u16 = 273;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_BYTE_COUNTS: u16 = 279;
const TILE_WIDTH: u16 = 322;
const TILE_LENGTH: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;

/// The longest side of a tile: the longest of a photo, in whole blocks of 16.
const LONGEST_TILE: u64 = 65_536;

/// How a page is cut, from the left to the right and from the top to the bottom; if its samples lie
/// in planes of their own, one plane after the other.
pub(super) struct Grid<'a> {
    bytes: &'a [u8],
    page: (u32, u32),
    /// The columns of a chunk. Those of a tile may reach beyond the page.
    pub width: u32,
    /// The rows of a chunk. Those of the last strip may be fewer.
    pub height: u32,
    offsets: Values<'a>,
    counts: Option<Values<'a>>,
}

/// One chunk's place on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    index: usize,
    pub left: u32,
    pub top: u32,
    /// How much of the chunk is on the page.
    pub width: u32,
    pub height: u32,
}

impl<'a> Grid<'a> {
    /// Reads how a page is cut into chunks, of which there are `planes` times as many.
    pub(super) fn read(
        bytes: &'a [u8],
        directory: &Directory<'a>,
        page: (u32, u32),
        planes: usize,
    ) -> Result<Self, PhotoError> {
        let tiled = directory.has(TILE_WIDTH) || directory.has(TILE_OFFSETS);
        let (width, height, offsets, counts) = if tiled {
            let side = |tag| match directory.number(tag)? {
                None | Some(0) => Err(corrupt("its tiles have no size")),
                Some(side) if side > LONGEST_TILE => {
                    Err(rare(format!("tiles with sides of {side} pixels")))
                }
                Some(side) => u32::try_from(side).map_err(|_| corrupt("its tiles have no size")),
            };
            // Some writers use the tags of strips for tiles, too.
            let either = |tile, strip| {
                directory.values(tile).and_then(|values| match values {
                    None => directory.values(strip),
                    found => Ok(found),
                })
            };
            let offsets = either(TILE_OFFSETS, STRIP_OFFSETS)?;
            let counts = either(TILE_BYTE_COUNTS, STRIP_BYTE_COUNTS)?;
            (side(TILE_WIDTH)?, side(TILE_LENGTH)?, offsets, counts)
        } else {
            let rows = directory.number(ROWS_PER_STRIP)?.unwrap_or(u64::from(page.1));
            let rows = u32::try_from(rows).unwrap_or(u32::MAX).min(page.1);
            if rows == 0 {
                return Err(corrupt("its strips have no rows"));
            }
            let offsets = directory.values(STRIP_OFFSETS)?;
            (page.0, rows, offsets, directory.values(STRIP_BYTE_COUNTS)?)
        };
        let offsets = offsets.ok_or_else(|| corrupt("it does not say where its pixels are"))?;
        let grid = Self { bytes, page, width, height, offsets, counts };
        let chunks = grid.cells() * planes as u64;
        let known = |values: &Values<'_>| values.len() as u64 >= chunks;
        if !known(&grid.offsets) || !grid.counts.as_ref().is_none_or(known) {
            return Err(corrupt("it does not say where all its pixels are"));
        }
        Ok(grid)
    }

    fn across(&self) -> u32 {
        self.page.0.div_ceil(self.width)
    }

    /// How many chunks there are of a plane.
    pub(super) fn cells(&self) -> u64 {
        u64::from(self.across()) * u64::from(self.page.1.div_ceil(self.height))
    }

    pub(super) fn chunk_pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The columns of all chunks side by side: the page's, and what of tiles reaches beyond it.
    pub(super) fn columns(&self) -> u64 {
        u64::from(self.across()) * u64::from(self.width)
    }

    /// The greatest chunk in the file, and the sum of all, in bytes. A file that does not say is
    /// taken at its word if chunks are `plain`, for their size is known.
    pub(super) fn stored(&self, plain: bool) -> Result<(u64, u64), PhotoError> {
        let all = self.bytes.len() as u64;
        let Some(counts) = &self.counts else {
            if !plain && self.offsets.len() > 1 {
                return Err(corrupt("it does not say how long its strips are"));
            }
            return Ok((all, all));
        };
        let (greatest, sum) = counts.iter().fold((0, 0), |(greatest, sum): (u64, u64), count| {
            (greatest.max(count), sum.saturating_add(count))
        });
        Ok((greatest.min(all), sum))
    }

    /// The chunks of a plane and their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = Cell> + use<> {
        let (page, width, height) = (self.page, self.width, self.height);
        let across = self.across() as usize;
        let tops = (0..page.1).step_by(height as usize);
        tops.enumerate().flat_map(move |(row, top)| {
            (0..page.0).step_by(width as usize).enumerate().map(move |(column, left)| Cell {
                index: row * across + column,
                left,
                top,
                width: width.min(page.0 - left),
                height: height.min(page.1 - top),
            })
        })
    }

    /// The bytes of a chunk in the given plane. `size` is what it takes if the file does not say.
    pub(super) fn chunk(
        &self,
        cell: Cell,
        plane: usize,
        size: Option<u64>,
    ) -> Result<&'a [u8], PhotoError> {
        let cells = usize::try_from(self.cells()).map_err(|_| cut_off())?;
        let index = plane * cells + cell.index;
        let offset = self.offsets.get(index).ok_or_else(cut_off)?;
        let count = match (&self.counts, size) {
            (Some(counts), _) => counts.get(index).ok_or_else(cut_off)?,
            (None, Some(size)) => size,
            (None, None) => (self.bytes.len() as u64).saturating_sub(offset),
        };
        if count == 0 || offset == 0 {
            return Err(corrupt("pixels are missing"));
        }
        slice(self.bytes, offset, count).ok_or_else(cut_off)
    }
}
