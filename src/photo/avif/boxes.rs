//! The boxes of an AVIF file (ISO/IEC 23008-12), as far as one still picture needs them. Nothing is
//! copied, and every list is walked once for each of the two or three items that matter.

use crate::photo::{Format, PhotoError};

/// A box: its type and what it holds.
pub(super) struct Box4<'a> {
    pub kind: [u8; 4],
    pub payload: &'a [u8],
}

/// The boxes in some bytes, one after the other; what is cut off ends the list.
pub(super) struct Boxes<'a>(pub &'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = Box4<'a>;

    fn next(&mut self) -> Option<Box4<'a>> {
        let bytes = self.0;
        let size = u32::from_be_bytes(*bytes.first_chunk()?);
        let kind = *bytes.get(4..)?.first_chunk()?;
        let (start, end) = match size {
            // To the end of the file.
            0 => (8, bytes.len()),
            1 => {
                let size = u64::from_be_bytes(*bytes.get(8..)?.first_chunk()?);
                (16, usize::try_from(size).ok()?)
            }
            size => (8, usize::try_from(size).ok()?),
        };
        let payload = bytes.get(start..end)?;
        self.0 = &bytes[end..];
        Some(Box4 { kind, payload })
    }
}

/// Numbers from some bytes, one after the other.
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of so many bytes, at most eight.
    pub(super) fn number(&mut self, bytes: usize) -> Option<u64> {
        Some(self.take(bytes)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn small(&mut self, bytes: usize) -> Option<u32> {
        u32::try_from(self.number(bytes)?).ok()
    }
}

/// The boxes about the items of a file.
#[derive(Default)]
pub(super) struct Meta<'a> {
    file: &'a [u8],
    primary: &'a [u8],
    locations: &'a [u8],
    infos: &'a [u8],
    references: &'a [u8],
    data: &'a [u8],
    properties: &'a [u8],
    associations: Vec<&'a [u8]>,
}

impl<'a> Meta<'a> {
    /// Finds them. None if there is no picture that stands still.
    pub(super) fn find(file: &'a [u8]) -> Option<Self> {
        let meta = Boxes(file).find(|found| found.kind == *b"meta")?;
        let mut this = Self { file, ..Self::default() };
        for found in Boxes(meta.payload.get(4..)?) {
            match &found.kind {
                b"pitm" => this.primary = found.payload,
                b"iloc" => this.locations = found.payload,
                b"iinf" => this.infos = found.payload,
                b"iref" => this.references = found.payload,
                b"idat" => this.data = found.payload,
                b"iprp" => {
                    for found in Boxes(found.payload) {
                        match &found.kind {
                            b"ipco" => this.properties = found.payload,
                            b"ipma" => this.associations.push(found.payload),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Some(this)
    }

    /// The item to be shown.
    pub(super) fn primary(&self) -> Option<u32> {
        let mut reader = Reader(self.primary);
        let version = reader.number(4)? >> 24;
        reader.small(if version == 0 { 2 } else { 4 })
    }

    /// The type of an item.
    pub(super) fn kind(&self, item: u32) -> Option<[u8; 4]> {
        let mut reader = Reader(self.infos);
        let version = reader.number(4)? >> 24;
        reader.number(if version == 0 { 2 } else { 4 })?;
        Boxes(reader.0).filter(|found| found.kind == *b"infe").find_map(|found| {
            let mut reader = Reader(found.payload);
            let version = reader.number(4)? >> 24;
            let id = reader.small(if version < 3 { 2 } else { 4 })?;
            reader.number(2)?;
            (id == item).then(|| reader.0.first_chunk().copied()).flatten()
        })
    }

    /// Pairs of items of which the first refers to the second in the given way.
    pub(super) fn references(&self, way: [u8; 4]) -> Vec<(u32, u32)> {
        let mut found = Vec::new();
        let mut reader = Reader(self.references);
        let Some(head) = reader.number(4) else { return found };
        let size = if head >> 24 == 0 { 2 } else { 4 };
        for reference in Boxes(reader.0).filter(|reference| reference.kind == way) {
            let mut reader = Reader(reference.payload);
            let (Some(from), Some(_)) = (reader.small(size), reader.number(2)) else { continue };
            while let Some(to) = reader.small(size) {
                found.push((from, to));
            }
        }
        found
    }

    /// An item's properties, with whether a reader must understand them.
    pub(super) fn properties(&self, item: u32) -> Option<Vec<(Box4<'a>, bool)>> {
        let mut indices = Vec::new();
        for associations in &self.associations {
            let mut reader = Reader(associations);
            let head = reader.number(4)?;
            let (version, wide) = (head >> 24, head & 1 == 1);
            for _ in 0..reader.number(4)? {
                let id = reader.small(if version == 0 { 2 } else { 4 })?;
                for _ in 0..reader.number(1)? {
                    let entry = reader.small(if wide { 2 } else { 1 })?;
                    let top = if wide { 0x8000 } else { 0x80 };
                    if id == item {
                        indices.push((entry & (top - 1), entry & top != 0));
                    }
                }
            }
        }
        // More than an item can have of them, and they would be looked up one by one.
        if indices.len() > 64 {
            return None;
        }
        let property = |(index, essential): (u32, bool)| {
            let place = usize::try_from(index).ok()?.checked_sub(1)?;
            Some((Boxes(self.properties).nth(place)?, essential))
        };
        Some(indices.into_iter().filter_map(property).collect())
    }

    /// An item's bytes: one piece of the file, or several.
    pub(super) fn bytes(&self, item: u32) -> Option<Vec<&'a [u8]>> {
        let mut reader = Reader(self.locations);
        let version = reader.number(4)? >> 24;
        let sizes = reader.number(2)?;
        let size = |shift: u32| usize::try_from(sizes >> shift & 15).unwrap_or_default();
        let (offset_size, length_size, base_size) = (size(12), size(8), size(4));
        let index_size = if version == 0 { 0 } else { size(0) };
        for _ in 0..reader.number(if version < 2 { 2 } else { 4 })? {
            let id = reader.small(if version < 2 { 2 } else { 4 })?;
            let method = if version == 0 { 0 } else { reader.number(2)? & 15 };
            reader.number(2)?;
            let base = reader.number(base_size)?;
            let source = match method {
                0 => self.file,
                1 => self.data,
                _ => return None,
            };
            let mut pieces = Vec::new();
            for _ in 0..reader.number(2)? {
                reader.number(index_size)?;
                let offset = base.checked_add(reader.number(offset_size)?)?;
                let length = reader.number(length_size)?;
                if id == item {
                    let start = usize::try_from(offset).ok()?;
                    let end = start.checked_add(usize::try_from(length).ok()?)?;
                    // No length: all that there is.
                    let end = if length == 0 { source.len() } else { end };
                    pieces.push(source.get(start..end)?);
                }
            }
            if id == item {
                // The pieces could be the same one, over and over.
                let total: usize = pieces.iter().map(|piece| piece.len()).sum();
                return (total <= self.file.len()).then_some(pieces);
            }
        }
        None
    }
}

/// What a file says of an item that is a picture.
#[derive(Default)]
pub(super) struct Item<'a> {
    pub size: Option<(u32, u32)>,
    /// Primaries, transfer, matrix, and whether the whole range of numbers is used.
    pub code_points: Option<([u8; 3], bool)>,
    pub icc: Option<&'a [u8]>,
    /// Quarter turns against the clock.
    pub turns: u8,
    /// Mirrored after that: top and bottom, or left and right.
    pub mirror: Option<Mirror>,
    pub is_alpha: bool,
    pub data: Vec<&'a [u8]>,
}

/// Which sides change places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mirror {
    TopBottom,
    LeftRight,
}

impl<'a> Item<'a> {
    /// Reads an item's properties.
    pub(super) fn read(meta: &Meta<'a>, id: u32) -> Result<Self, PhotoError> {
        let damaged = || PhotoError::corrupt(Format::Avif, "its boxes are damaged");
        let cut_off = || PhotoError::corrupt(Format::Avif, "it was cut off before its end");
        let rare = |what| PhotoError::unsupported_variety(Format::Avif, what);
        match &meta.kind(id).ok_or_else(damaged)? {
            b"av01" => {}
            b"grid" => return Err(rare("put together of tiles")),
            _ => return Err(rare("put together of other pictures")),
        }
        let mut this = Self { data: meta.bytes(id).ok_or_else(cut_off)?, ..Self::default() };
        for (property, essential) in meta.properties(id).ok_or_else(damaged)? {
            let payload = property.payload;
            let mut reader = Reader(payload);
            match &property.kind {
                b"ispe" => {
                    reader.number(4);
                    this.size = reader.small(4).zip(reader.small(4));
                }
                b"colr" => match payload {
                    [b'n', b'c', b'l', b'x', _, p, _, t, _, m, range, ..] => {
                        this.code_points = Some(([*p, *t, *m], range & 0x80 != 0));
                    }
                    [b'p', b'r', b'o', b'f', icc @ ..] | [b'r', b'I', b'C', b'C', icc @ ..] => {
                        this.icc = Some(icc);
                    }
                    _ => {}
                },
                b"irot" => this.turns = payload.first().ok_or_else(damaged)? & 3,
                b"imir" => {
                    let axis = payload.first().ok_or_else(damaged)? & 1;
                    let mirror = if axis == 0 { Mirror::TopBottom } else { Mirror::LeftRight };
                    this.mirror = Some(mirror);
                }
                b"clap" => return Err(rare("to be cropped by whoever shows it")),
                b"auxC" => {
                    let name = payload.get(4..).unwrap_or_default();
                    this.is_alpha = name
                        .starts_with(b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha")
                        || name.starts_with(b"urn:mpeg:hevc:2015:auxid:1");
                }
                b"av1C" | b"pixi" | b"pasp" => {}
                _ if essential => return Err(rare("with properties that few programs know")),
                _ => {}
            }
        }
        Ok(this)
    }
}
