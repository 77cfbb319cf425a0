//! TIFF: a directory of tags, and pixels in strips or tiles that are stored in very many ways.
//!
//! All that the tags say is read into a [`Page`] and a [`Grid`] of chunks first; what is not said or
//! not understood there is a reason to reject the photo, for a guess would show wrong pixels. Then
//! chunks are unpacked row by row into the RGB that is handed out, so that memory is taken for it,
//! for some rows, and for the pixels of one chunk where JPEG is inside.
//!
//! # Bounds
//!
//! A small file may let many chunks share the same bytes, or have tiles far larger than its
//! picture. So what there is to do is known before any of it is begun:
//!
//! - all chunks together unpack to at most 16 bytes for each pixel that a photo may have, and 16 MiB.
//!   A chunk counts 2 KiB in addition; where JPEG is inside, twice its whole blocks and 8 KiB; and
//!   where that has several scans, 4 KiB for each, and 64 bytes for each block that it visits;
//! - all chunks together are stored in at most twice the bytes that the file has, and 1 MiB;
//! - JPEG inside is of its chunk's size, which has at most a million pixels more than a photo may
//!   have.
//!
//! # What is shown
//!
//! The first page. Samples of 1, 2, 4, 8 and 16 bits without a sign, and floats of 16, 32 and 64 bits
//! from 0 to 1; grey, palettes, RGB, CMYK as plain inks, and YCbCr; transparency is laid on white, and
//! further samples are ignored.

mod directory;
mod fault;
mod grid;
mod jpeg;
mod page;
mod paint;
mod samples;
mod unpack;

use image::metadata::Orientation;

use self::directory::Directory;
use self::fault::{corrupt, rare};
use self::grid::{Cell, Grid};
use self::jpeg::{Frame, Scans};
use self::page::{Compression, Page};
use self::paint::{Alpha, Colour};
use self::unpack::{Packed, Unpacker};
use super::colour::{self, Profile};
use super::header::Cost;
use super::jpeg::Tables;
use super::{Format, Header, Limits, Opened, PhotoError, pixels};

const ORIENTATION: u16 = 274;
const JPEG_TABLES: u16 = 347;
const ICC_PROFILE: u16 = 34675;

/// A TIFF whose first directory is read.
pub(super) struct Tiff<'a> {
    page: Page,
    grid: Grid<'a>,
    tables: Tables<'a>,
    header: Header,
    orientation: Orientation,
    icc: Option<&'a [u8]>,
}

pub(super) fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Tiff<'a>, PhotoError> {
    let directory = Directory::read(bytes)?;
    let size = Page::size(&directory)?;
    limits.check_pixels(Format::Tiff, size.0, size.1)?;
    let page = Page::read(&directory)?;
    let planes = if page.planar { page.samples } else { 1 };
    let grid = Grid::read(bytes, &directory, size, planes)?;
    let tables = match directory.values(JPEG_TABLES)? {
        Some(tables) if page.compression == Compression::Jpeg => jpeg::tables(tables.bytes())?,
        _ => Tables::default(),
    };
    let (greatest, sum) = grid.stored(page.compression == Compression::None)?;
    if sum > 2 * bytes.len() as u64 + (1 << 20) {
        return Err(corrupt("its strips or tiles share the same bytes"));
    }
    let most = limits.max_pixels.saturating_add(1 << 20);
    if page.compression == Compression::Jpeg && grid.chunk_pixels() > most {
        return Err(rare(format!("tiles of {} x {} pixels", grid.width, grid.height)));
    }
    let most = limits.max_pixels.saturating_mul(16).saturating_add(16 << 20);
    let check = |work: u64| match work {
        work if work > most => {
            Err(rare(format!("strips or tiles that unpack to {} MiB", work >> 20)))
        }
        work => Ok(work),
    };
    let work = check(work(&page, &grid))?;
    let scans = scans(&page, &grid, &tables);
    check(work.saturating_add(scans.work))?;
    // A tag that cannot be read is no reason to reject a photo.
    let orientation = directory.number(ORIENTATION).ok().flatten();
    let orientation = orientation
        .and_then(|value| Orientation::from_exif(u8::try_from(value).ok()?))
        .unwrap_or(Orientation::NoTransforms);
    let profile = directory.values(ICC_PROFILE).ok().flatten();
    let cost = Cost {
        copies: profile.as_ref().map_or(0, |profile| colour::memory(profile.bytes().len())),
        buffer: u64::from(size.0) * u64::from(size.1) * 3,
        decoder: memory(&page, &grid, greatest) + scans.memory,
    };
    let header = cost.header(Format::Tiff, size.0, size.1, orientation);
    let icc = profile.map(|profile| profile.bytes());
    Ok(Tiff { page, grid, tables, header, orientation, icc })
}

/// The bytes that are unpacked in all, and what else takes time like a byte.
fn work(page: &Page, grid: &Grid<'_>) -> u64 {
    let planes = page.planes() as u64;
    let chunks = grid.cells() * planes;
    match frame(page, grid, grid.height) {
        Some(frame) => chunks * frame.work(),
        None => {
            let row = page.sample.row_bytes(u64::from(grid.width) * page.step() as u64);
            let across = grid.columns() / u64::from(grid.width);
            row * across * u64::from(page.height) * planes + chunks * (2 << 10)
        }
    }
}

/// What JPEGs of several scans take in addition: work in all, and memory for one of them.
fn scans(page: &Page, grid: &Grid<'_>, tables: &Tables<'_>) -> Scans {
    let mut all = Scans::default();
    for cell in grid.iter() {
        let Some(frame) = frame(page, grid, cell.height) else { break };
        for plane in page.stored_planes() {
            let Ok(chunk) = grid.chunk(cell, plane, None) else { continue };
            let scans = frame.scans(chunk, tables);
            all.work = all.work.saturating_add(scans.work);
            all.memory = all.memory.max(scans.memory);
        }
    }
    all
}

/// What is held beside the RGB: some rows, and what is copied of a chunk.
fn memory(page: &Page, grid: &Grid<'_>, greatest: u64) -> u64 {
    let planes = page.planes() as u64;
    let columns = u64::from(grid.width);
    let rows =
        2 * page.sample.row_bytes(columns * page.step() as u64) + columns * page.samples as u64;
    let chunk = match frame(page, grid, grid.height) {
        Some(frame) => frame.memory(),
        None if page.mirrored => greatest,
        None => 0,
    };
    rows + planes * chunk
}

/// What the JPEG in a chunk must be, if there is one.
fn frame(page: &Page, grid: &Grid<'_>, height: u32) -> Option<Frame> {
    (page.compression == Compression::Jpeg).then(|| Frame {
        width: grid.width,
        height: (height, grid.height),
        channels: page.step(),
        ycbcr: page.ycbcr_jpeg,
    })
}

impl Tiff<'_> {
    /// What the page's profile makes of its colours, if it has one. That of inks is not looked at:
    /// what inks become is RGB without it.
    fn profile(&self) -> Option<Profile> {
        self.icc.filter(|_| self.page.colour != Colour::Cmyk).and_then(Profile::from_icc)
    }

    /// Decodes the chunks at one place, one of each plane, onto the page.
    fn decode(&self, cell: Cell, planes: &mut [Plane], rows: &mut Rows) -> Result<(), PhotoError> {
        let Self { page, grid, tables, .. } = self;
        let shown = page.stored_planes();
        let row_bytes = page.sample.row_bytes(u64::from(grid.width) * page.step() as u64);
        let size =
            (page.compression == Compression::None).then(|| row_bytes * u64::from(cell.height));
        let frame = frame(page, grid, cell.height);
        let mut chunks = Vec::new();
        for (plane, index) in planes.iter_mut().zip(&shown) {
            let chunk = grid.chunk(cell, *index, size)?;
            chunks.push(plane.begin(chunk, page.mirrored, frame.map(|frame| (frame, tables)))?);
        }
        let step = if page.planar { shown.len() } else { page.samples };
        let alpha = page.alpha.map(|alpha| Alpha {
            index: if page.planar { step - 1 } else { alpha.index },
            ..alpha
        });
        let spread = !matches!(page.colour, Colour::Palette(_));
        let line_end = cell.width as usize * step;
        for y in cell.top..cell.top + cell.height {
            for (index, (plane, chunk)) in planes.iter_mut().zip(&mut chunks).enumerate() {
                plane.fill(chunk, &mut rows.stored)?;
                samples::unpredict(
                    &mut rows.stored,
                    &mut rows.spare,
                    page.predictor,
                    (page.sample, page.step()),
                    page.order,
                );
                let line = &mut rows.line[index..line_end];
                let line_step = if page.planar { step } else { 1 };
                let form = (page.sample, page.order);
                samples::unpack(&rows.stored, form, spread, line, line_step)?;
            }
            let start = (y as usize * page.width as usize + cell.left as usize) * 3;
            let rgb = &mut rows.rgb[start..start + cell.width as usize * 3];
            let line = &rows.line[..line_end];
            paint::paint(line, step, &page.colour, rgb);
            if let Some(alpha) = alpha {
                paint::lay_on_white(line, step, alpha, rgb);
            }
        }
        Ok(())
    }
}

/// What is written to.
struct Rows {
    /// All that is handed out.
    rgb: Vec<u8>,
    /// A row of a chunk as it is stored.
    stored: Vec<u8>,
    spare: Vec<u8>,
    /// The same in bytes, all samples of a pixel beside each other.
    line: Vec<u8>,
}

/// What decodes the chunks of a plane, one after the other.
enum Plane {
    Packed(Unpacker),
    /// The pixels of the chunk, and how far they are read.
    Jpeg(Vec<u8>, usize),
}

impl Plane {
    fn new(compression: Compression) -> Self {
        match compression {
            Compression::None => Self::Packed(Unpacker::Plain),
            Compression::PackBits => Self::Packed(Unpacker::runs()),
            Compression::Lzw => Self::Packed(Unpacker::lzw()),
            Compression::Deflate => Self::Packed(Unpacker::deflate()),
            Compression::Jpeg => Self::Jpeg(Vec::new(), 0),
        }
    }

    fn begin<'a>(
        &mut self,
        chunk: &'a [u8],
        mirrored: bool,
        jpeg: Option<(Frame, &Tables<'_>)>,
    ) -> Result<Packed<'a>, PhotoError> {
        let packed = Packed::new(chunk, mirrored);
        match (self, jpeg) {
            (Self::Packed(unpacker), _) => unpacker.begin(&packed),
            (Self::Jpeg(pixels, at), Some((frame, tables))) => {
                jpeg::decode(chunk, tables, frame, pixels)?;
                *at = 0;
            }
            (Self::Jpeg(..), None) => return Err(corrupt("pixels are missing")),
        }
        Ok(packed)
    }

    /// Fills `out` with the row that comes next.
    fn fill(&mut self, packed: &mut Packed<'_>, out: &mut [u8]) -> Result<(), PhotoError> {
        match self {
            Self::Packed(unpacker) => unpacker.fill(packed, out),
            Self::Jpeg(pixels, at) => {
                let row = pixels.get(*at..*at + out.len());
                out.copy_from_slice(row.ok_or_else(|| corrupt("pixels are missing"))?);
                *at += out.len();
                Ok(())
            }
        }
    }
}

impl Opened for Tiff<'_> {
    fn header(&self) -> Header {
        self.header
    }

    fn orientation(&self) -> Orientation {
        self.orientation
    }

    fn into_rgb(self: Box<Self>) -> Result<Vec<u8>, PhotoError> {
        let Page { width, height, samples, sample, compression, .. } = self.page;
        let columns = u64::from(self.grid.width);
        let row = sample.row_bytes(columns * self.page.step() as u64);
        let row = usize::try_from(row).map_err(|_| corrupt("its rows are too long"))?;
        let mut rows = Rows {
            rgb: pixels::buffer(width, height, 3),
            stored: vec![0; row],
            spare: vec![0; row],
            line: vec![0; self.grid.width as usize * samples],
        };
        let mut planes: Vec<Plane> =
            (0..self.page.planes()).map(|_| Plane::new(compression)).collect();
        for cell in self.grid.iter() {
            self.decode(cell, &mut planes, &mut rows)?;
        }
        if let Some(profile) = self.profile() {
            let is_grey = matches!(self.page.colour, Colour::Grey | Colour::Inverse);
            profile.apply(&mut rows.rgb, is_grey);
        }
        Ok(rows.rgb)
    }
}
