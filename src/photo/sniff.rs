//! What the bytes are, from what they begin with; for what cannot be read, what to do about it.

use super::{Format, PhotoError};

/// The format of a photo that can be read; else an error that names what the content is.
pub(super) fn sniff(bytes: &[u8]) -> Result<Format, PhotoError> {
    readable(bytes).ok_or_else(|| unreadable(bytes).into())
}

fn readable(bytes: &[u8]) -> Option<Format> {
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    if begins(b"\xFF\xD8\xFF") {
        Some(Format::Jpeg)
    } else if begins(b"\x89PNG\r\n\x1A\n") {
        Some(Format::Png)
    } else if begins(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some(Format::WebP)
    } else if begins(b"GIF87a") || begins(b"GIF89a") {
        Some(Format::Gif)
    } else if [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| begins(*magic)) {
        Some(Format::Tiff)
    } else if begins(b"BM") && is_bitmap_header(bytes) {
        Some(Format::Bmp)
    } else if brands(bytes).any(|brand| brand == *b"avif" || brand == *b"avis") {
        Some(Format::Avif)
    } else {
        None
    }
}

/// "BM" may begin a text, too; the size of a bitmap's second header takes few values.
fn is_bitmap_header(bytes: &[u8]) -> bool {
    matches!(bytes.get(14..18), Some([12 | 16 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
}

/// A name for content that cannot be read, and what its owner can do.
struct Unreadable {
    what: &'static str,
    advice: &'static str,
}

const SAVE_AS_JPEG: &str = "save it as JPEG and upload that";
const UPLOAD_A_PHOTO: &str = "upload a photo as JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP instead";

impl Unreadable {
    fn picture(what: &'static str) -> Self {
        Self { what, advice: SAVE_AS_JPEG }
    }

    fn raw(what: &'static str) -> Self {
        Self { what, advice: "develop it into a JPEG and upload that" }
    }

    fn other(what: &'static str) -> Self {
        Self { what, advice: UPLOAD_A_PHOTO }
    }
}

impl From<Unreadable> for PhotoError {
    fn from(Unreadable { what, advice }: Unreadable) -> Self {
        Self::UnsupportedFormat { what: what.into(), advice: advice.into() }
    }
}

fn unreadable(bytes: &[u8]) -> Unreadable {
    if bytes.get(4..8) == Some(b"ftyp") {
        return container(bytes);
    }
    let known: &[(&[u8], Unreadable)] = &[
        (b"\xFF\x0A", Unreadable::picture("a JPEG XL image, which few programs read")),
        (b"\0\0\0\x0CJXL ", Unreadable::picture("a JPEG XL image, which few programs read")),
        (b"\0\0\0\x0CjP  ", Unreadable::picture("a JPEG 2000 image, which few programs read")),
        (b"\xFF\x4F\xFF\x51", Unreadable::picture("a JPEG 2000 image, which few programs read")),
        (b"8BPS", Unreadable::picture("a Photoshop document")),
        (b"gimp xcf", Unreadable::picture("a GIMP document")),
        (b"\0\0\x01\0", Unreadable::picture("an icon")),
        (b"IIRO", Unreadable::raw("an Olympus RAW file")),
        (b"IIRS", Unreadable::raw("an Olympus RAW file")),
        (b"MMOR", Unreadable::raw("an Olympus RAW file")),
        (b"IIU\0", Unreadable::raw("a Panasonic RAW file")),
        (b"FUJIFILMCCD-RAW", Unreadable::raw("a Fujifilm RAW file")),
        (b"%PDF-", Unreadable::other("a PDF document")),
        (b"%!PS", Unreadable::other("a PostScript document")),
        (b"PK\x03\x04", Unreadable::other("a ZIP archive or an office document")),
        (b"\x1F\x8B", Unreadable::other("a gzip archive")),
        (b"Rar!", Unreadable::other("a RAR archive")),
        (b"7z\xBC\xAF\x27\x1C", Unreadable::other("a 7-Zip archive")),
        (b"RIFF", Unreadable::other("a sound or a video")),
        (b"\x1A\x45\xDF\xA3", Unreadable::other("a video")),
        (b"ID3", Unreadable::other("a sound")),
        (b"OggS", Unreadable::other("a sound or a video")),
        (b"\xFF\xD8", Unreadable::other("no more than the beginning of a JPEG")),
    ];
    for (magic, Unreadable { what, advice }) in known {
        if bytes.starts_with(magic) {
            return Unreadable { what, advice };
        }
    }
    text(bytes).unwrap_or(Unreadable::other("of a type that is not known"))
}

/// What a file of the MP4 family says it is: phones' photos and videos. The major brand is first,
/// then those that it is compatible with.
fn brands(bytes: &[u8]) -> impl Iterator<Item = [u8; 4]> + Clone {
    let size = bytes.first_chunk::<4>().map_or(0, |size| u32::from_be_bytes(*size) as usize);
    let head = match bytes.get(4..8) {
        Some(b"ftyp") => &bytes[8..size.clamp(8, 128).min(bytes.len())],
        _ => &[],
    };
    let mut brands = head.as_chunks::<4>().0.iter().copied();
    // Between them stands a version.
    let major = brands.next();
    brands.next();
    major.into_iter().chain(brands)
}

fn container(bytes: &[u8]) -> Unreadable {
    let has = |names: &[&[u8; 4]]| brands(bytes).any(|brand| names.contains(&&brand));
    if has(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"]) {
        Unreadable {
            what: "a HEIC photo, as phones make them, which cannot be read",
            advice: "save or export it as JPEG and upload that (for new photos, an iPhone has \
                     Settings > Camera > Formats > Most Compatible)",
        }
    } else if has(&[b"crx "]) {
        Unreadable::raw("a Canon RAW file")
    } else if brands(bytes).next() == Some(*b"qt  ") {
        Unreadable::other("a QuickTime video, perhaps a Live Photo's")
    } else {
        Unreadable::other("a video")
    }
}

fn text(bytes: &[u8]) -> Option<Unreadable> {
    let head = &bytes[..bytes.len().min(4096)];
    // A character may be cut at the end of what is looked at.
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        return None;
    }
    let text = text.trim_start_matches('\u{FEFF}').trim_start().to_ascii_lowercase();
    Some(if text.contains("<svg") {
        Unreadable { what: "an SVG drawing", advice: "export it as PNG and upload that" }
    } else if text.starts_with("<!doctype html") || text.starts_with("<html") {
        Unreadable::other("a web page, perhaps an error that was saved as a photo")
    } else if text.starts_with("<?xml") {
        Unreadable::other("an XML document, perhaps an error that was saved as a photo")
    } else {
        Unreadable::other("a text")
    })
}
