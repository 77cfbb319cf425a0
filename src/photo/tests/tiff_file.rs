//! TIFFs made by hand: any tags, any chunks, both byte orders, narrow and wide.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};
use std::io::Write;

/// A value of a tag: its type, and the bytes of each number.
#[derive(Clone)]
enum Numbers {
    Short(Vec<u16>),
    Long(Vec<u32>),
    Bytes(Vec<u8>),
}

/// A page that is being described.
#[derive(Clone)]
pub(super) struct Tiff {
    big_endian: bool,
    big: bool,
    tags: Vec<(u16, Numbers)>,
    pub chunks: Vec<Vec<u8>>,
}

impl Tiff {
    /// A page of whole numbers without a sign, in one strip, not packed.
    pub(super) fn new(size: (u16, u16), photometric: u16, bits: u16, samples: u16) -> Self {
        Self { big_endian: false, big: false, tags: Vec::new(), chunks: Vec::new() }
            .short(256, &[size.0])
            .short(257, &[size.1])
            .short(258, &vec![bits; usize::from(samples)])
            .short(259, &[1])
            .short(262, &[photometric])
            .short(277, &[samples])
    }

    pub(super) fn big_endian(mut self) -> Self {
        self.big_endian = true;
        self
    }

    pub(super) fn big(mut self) -> Self {
        self.big = true;
        self
    }

    fn tag(mut self, tag: u16, numbers: Numbers) -> Self {
        self.tags.retain(|(other, _)| *other != tag);
        self.tags.push((tag, numbers));
        self
    }

    pub(super) fn short(self, tag: u16, values: &[u16]) -> Self {
        self.tag(tag, Numbers::Short(values.to_vec()))
    }

    pub(super) fn long(self, tag: u16, values: &[u32]) -> Self {
        self.tag(tag, Numbers::Long(values.to_vec()))
    }

    pub(super) fn bytes(self, tag: u16, values: &[u8]) -> Self {
        self.tag(tag, Numbers::Bytes(values.to_vec()))
    }

    /// A tag that is there already, once more.
    pub(super) fn twice(mut self, tag: u16, value: u16) -> Self {
        self.tags.push((tag, Numbers::Short(vec![value])));
        self
    }

    pub(super) fn without(mut self, tag: u16) -> Self {
        self.tags.retain(|(other, _)| *other != tag);
        self
    }

    pub(super) fn chunk(mut self, bytes: &[u8]) -> Self {
        self.chunks.push(bytes.to_vec());
        self
    }

    /// Tiles of the given size instead of strips.
    pub(super) fn tiles(self, width: u16, height: u16) -> Self {
        self.short(322, &[width]).short(323, &[height])
    }

    /// The file, whose tags say where the chunks are.
    pub(super) fn file(self) -> Vec<u8> {
        let count = self.chunks.len();
        self.sharing(count)
    }

    /// The same, as if the chunks were repeated until there are so many.
    pub(super) fn sharing(mut self, count: usize) -> Vec<u8> {
        let tiled = self.tags.iter().any(|(tag, _)| *tag == 322);
        let head: u32 = if self.big { 16 } else { 8 };
        let mut at = head;
        let mut offsets = Vec::new();
        for chunk in &self.chunks {
            offsets.push(at);
            at += u32::try_from(chunk.len().next_multiple_of(2)).unwrap();
        }
        let counts: Vec<u32> =
            self.chunks.iter().map(|chunk| u32::try_from(chunk.len()).unwrap()).collect();
        let repeat = |values: Vec<u32>| values.into_iter().cycle().take(count).collect();
        let (offset_tag, count_tag) = if tiled { (324, 325) } else { (273, 279) };
        self.tags.push((offset_tag, Numbers::Long(repeat(offsets))));
        self.tags.push((count_tag, Numbers::Long(repeat(counts))));
        self.tags.sort_by_key(|(tag, _)| *tag);
        self.write(at)
    }

    fn write(&self, directory: u32) -> Vec<u8> {
        let mut file = if self.big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        let wide = if self.big { 8 } else { 4 };
        self.number(&mut file, if self.big { 43 } else { 42 }, 2);
        if self.big {
            self.number(&mut file, 8, 2);
            self.number(&mut file, 0, 2);
        }
        self.number(&mut file, directory.into(), wide);
        for chunk in &self.chunks {
            file.extend(chunk);
            file.resize(file.len().next_multiple_of(2), 0);
        }
        let first = if self.big { 8 } else { 2 };
        self.number(&mut file, self.tags.len() as u64, first);
        let mut more_at = file.len() + self.tags.len() * (4 + 2 * wide) + wide;
        let mut more = Vec::new();
        for (tag, numbers) in &self.tags {
            let (kind, values, size): (u64, Vec<u64>, usize) = match numbers {
                Numbers::Bytes(values) => (7, values.iter().map(|v| u64::from(*v)).collect(), 1),
                Numbers::Short(values) => (3, values.iter().map(|v| u64::from(*v)).collect(), 2),
                Numbers::Long(values) => (4, values.iter().map(|v| u64::from(*v)).collect(), 4),
            };
            self.number(&mut file, u64::from(*tag), 2);
            self.number(&mut file, kind, 2);
            self.number(&mut file, values.len() as u64, wide);
            let mut data = Vec::new();
            for value in &values {
                self.number(&mut data, *value, size);
            }
            if data.len() <= wide {
                data.resize(wide, 0);
                file.extend(data);
            } else {
                self.number(&mut file, more_at as u64, wide);
                data.resize(data.len().next_multiple_of(2), 0);
                more_at += data.len();
                more.extend(data);
            }
        }
        file.extend(vec![0; wide]);
        file.extend(more);
        file
    }

    fn number(&self, file: &mut Vec<u8>, value: u64, size: usize) {
        if self.big_endian {
            file.extend(&value.to_be_bytes()[8 - size..]);
        } else {
            file.extend(&value.to_le_bytes()[..size]);
        }
    }
}

pub(super) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// LZW as TIFF has it now, or as it was before the standard.
pub(super) fn lzw(bytes: &[u8], old: bool) -> Vec<u8> {
    use weezl::{BitOrder, encode::Encoder};
    let mut encoder = if old {
        Encoder::new(BitOrder::Lsb, 8)
    } else {
        Encoder::with_tiff_size_switch(BitOrder::Msb, 8)
    };
    encoder.encode(bytes).unwrap()
}

/// A JPEG of an RGB or grey picture, its colours as luminance and differences.
pub(super) fn jpeg(pixels: &[u8], size: (u16, u16), grey: bool) -> Vec<u8> {
    let mut file = Vec::new();
    let colour = if grey { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 };
    JpegEncoder::new_with_quality(&mut file, 95)
        .encode(pixels, size.0.into(), size.1.into(), colour)
        .unwrap();
    file
}
