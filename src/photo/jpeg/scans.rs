//! Scans to pixels: at once, row of units by row of units, where one scan has everything; else all
//! coefficients first.

use super::Fault;
use super::bits::{Bits, Table};
use super::blocks::{self, Band};
use super::frame::Frame;
use super::rows::{self, Plane};
use super::scale::Scale;
use super::segments::{Contents, Scan};
use super::wide::Wide;

/// The memory that coefficients take, in bytes: none where one scan has everything.
pub(super) fn memory(contents: &Contents) -> u64 {
    if at_once(contents) { 0 } else { contents.frame.blocks() as u64 * 128 }
}

/// Decodes to RGB, or to plain channels, as many pixels as the scale leaves.
pub(super) fn decode(contents: &Contents, scale: Scale, rgb: &mut [u8]) -> Result<(), Fault> {
    let frame = &contents.frame;
    let steps: Vec<[u16; 64]> =
        contents.steps.iter().copied().collect::<Option<_>>().ok_or(Fault::CutOff)?;
    let mut pixels = Pixels::new(contents, scale, rgb);
    if at_once(contents) {
        let mut coder = Coder::new(&contents.scans[0])?;
        for row in 0..frame.units.1 {
            for column in 0..frame.units.0 {
                coder.begin_unit()?;
                for (place, channel) in coder.scan.channels.iter().enumerate() {
                    let (h, v) = (frame.channels[channel.index].h, frame.channels[channel.index].v);
                    for part in 0..h * v {
                        let mut block = [0; 64];
                        let flat = coder.whole(place, &mut block)?;
                        let (y, x) = (row * v + part / h, column * h + part % h);
                        let plane = &mut pixels.planes[channel.index];
                        plane.put(y, x, &block, &steps[channel.index], flat);
                    }
                }
            }
            pixels.advance(frame, row);
        }
        return coder.finish();
    }
    let store = Store::read(contents)?;
    for row in 0..frame.units.1 {
        for (index, channel) in frame.channels.iter().enumerate() {
            let across = frame.units.0 * channel.h;
            for y in row * channel.v..(row + 1) * channel.v {
                let blocks = &store.channels[index][y * across..(y + 1) * across];
                for (x, block) in blocks.iter().enumerate() {
                    let flat = block[1..].iter().all(|coefficient| *coefficient == 0);
                    pixels.planes[index].put(y, x, block, &steps[index], flat);
                }
            }
        }
        pixels.advance(frame, row);
    }
    Ok(())
}

/// Whether one scan has everything.
pub(super) fn at_once(contents: &Contents) -> bool {
    let channels = contents.frame.channels.len();
    !contents.frame.progressive
        && contents.scans.first().is_some_and(|scan| scan.channels.len() == channels)
}

/// Rows of pixels, written as soon as the rows of units around them are there.
struct Pixels<'a> {
    planes: Vec<Plane>,
    model: super::segments::Model,
    scale: Scale,
    wide: Wide,
    rows: std::iter::Enumerate<std::slice::ChunksExactMut<'a, u8>>,
    /// Rows that are written.
    written: usize,
}

impl<'a> Pixels<'a> {
    fn new(contents: &Contents, scale: Scale, rgb: &'a mut [u8]) -> Self {
        let frame = &contents.frame;
        let wide = Wide::new();
        let plane = |channel| Plane::new(frame, channel, scale, wide);
        let planes = frame.channels.iter().map(plane).collect();
        let bytes = contents.model.bytes(frame.channels.len());
        let (width, _) = scale.size(frame);
        let rows = rgb.chunks_exact_mut(width as usize * bytes).enumerate();
        Self { planes, model: contents.model, scale, wide, rows, written: 0 }
    }

    /// The row of units `row` is there: what lies above it is written, and itself if it is the last.
    fn advance(&mut self, frame: &Frame, row: usize) {
        let above = if row + 1 == frame.units.1 { row + 1 } else { row };
        let end = above * self.scale.side() * frame.most.1;
        for (y, pixels) in self.rows.by_ref().take(end - self.written) {
            rows::write(self.wide, &mut self.planes, self.model, y, pixels);
        }
        self.written = end;
    }
}

/// All coefficients of a frame.
struct Store {
    channels: Vec<Vec<[i16; 64]>>,
}

impl Store {
    fn read(contents: &Contents) -> Result<Self, Fault> {
        let frame = &contents.frame;
        let room = |h: usize, v: usize| vec![[0; 64]; frame.units.0 * h * frame.units.1 * v];
        let mut store = Self { channels: frame.channels.iter().map(|c| room(c.h, c.v)).collect() };
        // How many bits of each coefficient are still to come; -1 where there was nothing yet.
        let mut known = vec![[-1_i64; 64]; frame.channels.len()];
        for scan in &contents.scans {
            for channel in &scan.channels {
                for known in &mut known[channel.index][scan.first..=scan.last] {
                    let before = if scan.high == 0 { -1 } else { i64::from(scan.high) };
                    if *known != before {
                        return Err(Fault::Damaged);
                    }
                    *known = i64::from(scan.low);
                }
            }
            store.take(frame, scan)?;
        }
        // A viewer guesses at what is missing of the lowest ones, and so shows no sharp picture.
        if known.iter().any(|known| known[..10].iter().any(|known| *known != 0)) {
            return Err(Fault::CutOff);
        }
        Ok(store)
    }

    fn take(&mut self, frame: &Frame, scan: &Scan) -> Result<(), Fault> {
        let mut coder = Coder::new(scan)?;
        if let [channel] = &scan.channels[..] {
            let (across, down) = frame.channels[channel.index].blocks();
            let stride = frame.units.0 * frame.channels[channel.index].h;
            for y in 0..down {
                for block in &mut self.channels[channel.index][y * stride..][..across] {
                    coder.begin_unit()?;
                    coder.part(frame.progressive, 0, block)?;
                }
            }
            return coder.finish();
        }
        for row in 0..frame.units.1 {
            for column in 0..frame.units.0 {
                coder.begin_unit()?;
                for (place, channel) in scan.channels.iter().enumerate() {
                    let (h, v) = (frame.channels[channel.index].h, frame.channels[channel.index].v);
                    for part in 0..h * v {
                        let y = row * v + part / h;
                        let at = y * frame.units.0 * h + column * h + part % h;
                        let block = &mut self.channels[channel.index][at];
                        coder.part(frame.progressive, place, block)?;
                    }
                }
            }
        }
        coder.finish()
    }
}

/// What reads a scan's blocks.
struct Coder<'a> {
    scan: &'a Scan<'a>,
    bits: Bits<'a>,
    /// The coded bytes after the next restart.
    rest: &'a [u8],
    dc: Vec<Option<Table>>,
    ac: Vec<Option<Table>>,
    predictions: [i32; 4],
    band: Band,
    /// Units until the next restart.
    todo: usize,
    /// Restarts so far.
    restarts: u8,
}

impl<'a> Coder<'a> {
    fn new(scan: &'a Scan<'a>) -> Result<Self, Fault> {
        let tables = |pick: fn(&super::segments::ScanChannel<'a>) -> Option<&'a [u8]>| {
            let one = |channel| match pick(channel) {
                Some(definition) => Table::new(definition).map(Some).ok_or(Fault::Damaged),
                None => Ok(None),
            };
            scan.channels.iter().map(one).collect::<Result<Vec<_>, _>>()
        };
        let (dc, ac) = (tables(|channel| channel.dc)?, tables(|channel| channel.ac)?);
        let (first, rest) = until_restart(scan.data);
        let band = Band { first: scan.first, last: scan.last, low: scan.low, empty: 0 };
        Ok(Self {
            scan,
            bits: Bits::new(first),
            rest,
            dc,
            ac,
            predictions: [0; 4],
            band,
            todo: scan.restart,
            restarts: 0,
        })
    }

    /// Goes over to the next bytes where a restart is due.
    #[inline]
    fn begin_unit(&mut self) -> Result<(), Fault> {
        if self.scan.restart == 0 {
            return Ok(());
        }
        if self.todo == 0 {
            self.restart()?;
        }
        self.todo -= 1;
        Ok(())
    }

    fn restart(&mut self) -> Result<(), Fault> {
        self.bits.check()?;
        let (marker, rest) = self.rest.split_first().ok_or(Fault::CutOff)?;
        if marker & 7 != self.restarts {
            return Err(Fault::Damaged);
        }
        let (part, rest) = until_restart(rest);
        self.bits = Bits::new(part);
        self.rest = rest;
        self.predictions = [0; 4];
        self.band.empty = 0;
        self.todo = self.scan.restart;
        self.restarts = (self.restarts + 1) & 7;
        Ok(())
    }

    /// All blocks are read. Without an end marker the bytes must end here, too: where an upload
    /// stopped, a file may go on with zeros, which are codes like others.
    fn finish(&self) -> Result<(), Fault> {
        self.bits.check()?;
        let left = self.bits.left() + self.rest.len();
        if !self.scan.ended && left > 2 { Err(Fault::CutOff) } else { Ok(()) }
    }

    #[inline]
    fn whole(&mut self, place: usize, block: &mut [i16; 64]) -> Result<bool, Fault> {
        let (Some(dc), Some(ac)) = (&self.dc[place], &self.ac[place]) else {
            return Err(Fault::Damaged);
        };
        blocks::whole(&mut self.bits, dc, ac, &mut self.predictions[place], block)
    }

    /// What a scan has of a block that is kept.
    fn part(
        &mut self,
        progressive: bool,
        place: usize,
        block: &mut [i16; 64],
    ) -> Result<(), Fault> {
        if !progressive {
            return self.whole(place, block).map(|_| ());
        }
        let bits = &mut self.bits;
        match (self.scan.first, self.scan.high) {
            (0, 0) => {
                let dc = self.dc[place].as_ref().ok_or(Fault::Damaged)?;
                let prediction = &mut self.predictions[place];
                block[0] = blocks::first_dc(bits, dc, prediction, self.scan.low)?;
                Ok(())
            }
            (0, _) => {
                if bits.bit() {
                    block[0] |= 1 << self.scan.low;
                }
                Ok(())
            }
            (_, high) => {
                let ac = self.ac[place].as_ref().ok_or(Fault::Damaged)?;
                match high {
                    0 => self.band.begin(bits, ac, block),
                    _ => self.band.refine(bits, ac, block),
                }
            }
        }
    }
}

/// The bytes before the next restart marker, and what follows from its second byte on.
fn until_restart(data: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some(found) = data[at..].iter().position(|byte| *byte == 0xFF) {
        let start = at + found;
        let fill = data[start..].iter().take_while(|byte| **byte == 0xFF).count();
        match data.get(start + fill) {
            Some(0xD0..=0xD7) => return (&data[..start], &data[start + fill..]),
            _ => at = start + fill,
        }
    }
    (data, &[])
}
