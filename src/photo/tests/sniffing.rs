//! What is no photo is named, with what to do about it.

use super::files::tiff;
use super::reject;
use crate::photo::{Format, PhotoError};

/// What a rejected file is said to be.
fn named(bytes: &[u8]) -> String {
    let error = reject(bytes);
    assert_eq!(error.code(), "unsupported_format");
    let message = error.to_string();
    let PhotoError::UnsupportedFormat { what, advice } = error else { unreachable!() };
    assert_eq!(message, format!("the file is {what}: {advice}"));
    what.into_owned()
}

#[test]
fn photos_as_phones_make_them() {
    let heic = b"\0\0\0\x24ftypheic\0\0\0\0mif1MiHEmiafMiHBheic";
    assert!(named(heic).contains("HEIC"));
    assert!(reject(heic).to_string().contains("Most Compatible"));
    assert!(named(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic").contains("HEIC"));
    // An AVIF, of which there is no more than the beginning.
    for start in
        [&b"\0\0\0\x1Cftypavif\0\0\0\0avifmif1miaf"[..], b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif"]
    {
        let error = reject(start).to_string();
        assert!(error.starts_with("the AVIF file is damaged or incomplete"), "{error}");
    }
    assert!(named(b"\0\0\0\x14ftypqt  \0\0\0\0qt  ").contains("QuickTime"));
    assert!(named(b"\0\0\0\x18ftypisom\0\0\0\0isommp42").contains("video"));
    assert!(named(b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom").contains("Canon"));
    // A lying size does not matter.
    assert!(named(b"\xFF\xFF\xFF\xFFftypheic").contains("HEIC"));
    assert!(named(b"\0\0\0\0ftyp").contains("video"));
}

#[test]
fn other_pictures_and_documents() {
    for (bytes, expected) in [
        (&b"\xFF\x0A\xFF"[..], "a JPEG XL"),
        (b"\0\0\0\x0CJXL \r\n\x87\n", "a JPEG XL"),
        (b"\0\0\0\x0CjP  \r\n\x87\n", "a JPEG 2000"),
        (b"8BPS\0\x01", "a Photoshop"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"PK\x03\x04\x14", "a ZIP"),
        (b"IIRO\x08\0\0\0", "an Olympus RAW"),
        (b"FUJIFILMCCD-RAW 0201", "a Fujifilm RAW"),
        (b"RIFF\x24\0\0\0WAVE", "a sound"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG"),
        (b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg>", "an SVG"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code>", "an XML"),
        (b"\n<!DOCTYPE HTML><html>", "a web page"),
        (b"BMW, red, size 38", "a text"),
        ("Kleid, grün".as_bytes(), "a text"),
        (b"\0\x01\x02\x03", "of a type that is not known"),
        (&[0; 100], "of a type that is not known"),
        (b"\xFF\xD8", "no more than the beginning of a JPEG"),
    ] {
        let name = named(bytes);
        assert!(name.starts_with(expected), "{name}");
    }
}

#[test]
fn a_text_cut_within_a_character_is_still_a_text() {
    let mut text = vec![b'x'; 4095];
    text.extend("ü and more".as_bytes());
    assert_eq!(named(&text), "a text");
    text[100] = 0xFF;
    assert_ne!(named(&text), "a text");
}

#[test]
fn a_raw_file_is_not_taken_for_its_thumbnail() {
    let raw = |tags: &[(u16, u16)]| tiff((2, 2), 8, 1, 1, tags, &[0; 4]);
    assert!(named(&raw(&[(254, 1), (330, 1)])).contains("RAW"));
    assert!(named(&raw(&[(50706, 1)])).contains("RAW"));
    assert!(named(b"II*\0\x10\0\0\0CR\x02\0").contains("RAW"));
    // Neither a page with smaller versions of itself nor a lone small page is one.
    assert!(super::read(&raw(&[(254, 0), (330, 1)])).rgb().len() == 12);
    assert!(super::read(&raw(&[(254, 1)])).rgb().len() == 12);
}

#[test]
fn every_message_is_a_sentence_with_advice() {
    for (error, expected) in [
        (PhotoError::Empty, "the file is empty: upload it again"),
        (
            PhotoError::TooLarge { size: 30 << 20, limit: 25 << 20 },
            "the file has 30.0 MiB, and at most 25.0 MiB are allowed: save the photo smaller, or \
             as JPEG",
        ),
        (
            PhotoError::TooManyPixels { width: 60_000, height: 60_000, limit: 50_000_000 },
            "the photo has 60000 x 60000 pixels, and at most 50.0 million are allowed: scale it \
             down",
        ),
        (
            PhotoError::corrupt(Format::WebP, "it was cut off before its end"),
            "the WebP file is damaged or incomplete (it was cut off before its end): upload it \
             again, or save it anew",
        ),
    ] {
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn decoders_words_are_kept_short() {
    let error =
        PhotoError::corrupt(Format::Tiff, "bits\n per sample ".to_owned() + &"1, ".repeat(999));
    let PhotoError::Corrupt { cause, .. } = error else { unreachable!() };
    assert!(cause.starts_with("bits per sample 1, 1, "));
    assert_eq!(cause.chars().count(), 161);
}
