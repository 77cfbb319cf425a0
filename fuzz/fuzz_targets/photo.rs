//! A hostile photo is looked at, decoded and scaled, within small limits and within those of the program.
//!
//! It may be refused. But our own code must not panic on it, whoever would contain that; it must stay
//! within the limits; and decoding must take no more memory than the header promised.

#![no_main]

#[allow(dead_code)]
mod common;
use libfuzzer_sys::fuzz_target;
use lookbook::photo::{self, Filter, Format, Header, Limits, Photo, PhotoError, View};

/// So small that most of the time goes into many files, not into many pixels.
const SMALL: Limits = Limits { max_bytes: 1 << 16, max_pixels: 1 << 16 };

/// What looking at a header may hold at any time, in bytes.
const INSPECTION: usize = 16 << 20;

/// What scaling a photo to a few pixels may hold at any time, in bytes.
const SCALING: usize = 16 << 20;
const SIDE: u32 = 16;

/// What decoding a WebP may ask for beside its promise, and never touch: see `src/photo/webp.rs`.
const UNTOUCHED: usize = 16 << 20;

/// The longest error in bytes: it goes into a row of the table.
const MAX_ERROR: usize = 1024;

fuzz_target!(
    init: common::watch(),
    |data: &[u8]| common::attempt(|| try_photo(data))
);

fn try_photo(file: &[u8]) {
    let small = inspect(file, &SMALL);
    let full = inspect(file, &Limits::default());
    match &small {
        // What fits small limits is the same within greater ones.
        Ok(_) => {
            assert_eq!(small, full);
            decode(file, &SMALL, &small);
        }
        Err(error) => {
            assert_eq!(photo::decode(file, &SMALL).as_ref(), Err(error));
            decode(file, &Limits::default(), &full);
        }
    }
}

fn inspect(file: &[u8], limits: &Limits) -> Result<Header, PhotoError> {
    let header = common::within(INSPECTION, || photo::inspect(file, limits));
    match &header {
        Ok(header) => {
            let pixels = u64::from(header.width) * u64::from(header.height);
            assert!((1..=limits.max_pixels).contains(&pixels), "{header:?}");
            assert!(header.decoded_bytes() >= pixels * 3, "{header:?}");
        }
        Err(error) => check_error(error),
    }
    header
}

/// Decodes with no more memory than the header promised to take.
fn decode(file: &[u8], limits: &Limits, header: &Result<Header, PhotoError>) {
    let promise = header.as_ref().map_or(INSPECTION as u64, Header::decoded_bytes);
    let promise = usize::try_from(promise).unwrap_or(usize::MAX);
    if promise > common::MOST / 2 {
        return;
    }
    let is_webp = header.as_ref().is_ok_and(|header| header.format == Format::WebP);
    let untouched = if is_webp { UNTOUCHED } else { 0 };
    let decoded = common::within(promise + untouched, || photo::decode(file, limits));
    let view = View { width: 3, height: 2, filter: Filter::Bilinear };
    let reduced = common::within(promise + untouched, || photo::decode_for(file, limits, &view));
    assert_eq!(reduced.as_ref().err(), decoded.as_ref().err(), "whatever the scale");
    match (header, &decoded) {
        (Ok(header), Ok(photo)) => {
            check_photo(header, photo);
            check_reduced(photo, &reduced.expect("it was read at its full size"));
        }
        (Err(error), _) => assert_eq!(decoded.as_ref(), Err(error)),
        (Ok(header), Err(error)) => {
            check_error(error);
            let at_ease = photo::decode(file, limits);
            assert_eq!(decoded, at_ease, "decoding takes more memory than promised: {header:?}");
        }
    }
}

fn check_photo(header: &Header, photo: &Photo) {
    let (width, height) = (photo.width(), photo.height());
    // A quarter turn swaps the sides.
    let as_stored = [(width, height), (height, width)].contains(&(header.width, header.height));
    assert!(as_stored, "{header:?} became {width} x {height}");
    assert_eq!(photo.format(), header.format);
    assert_eq!(photo.rgb().len() as u64, u64::from(width) * u64::from(height) * 3);
    let scaled = common::within(SCALING, || photo.resize(SIDE, SIDE, Filter::Bilinear));
    assert_eq!(scaled.expect("a size that can be").len(), (SIDE * SIDE * 3) as usize);
}

/// The same photo, with perhaps fewer pixels.
fn check_reduced(photo: &Photo, reduced: &Photo) {
    let whole = (photo.width(), photo.height());
    assert_eq!(reduced.original_size(), whole);
    assert!(reduced.width() <= whole.0 && reduced.height() <= whole.1);
    let pixels = u64::from(reduced.width()) * u64::from(reduced.height());
    assert_eq!(reduced.rgb().len() as u64, pixels * 3);
    let scaled = common::within(SCALING, || reduced.resize(SIDE, SIDE, Filter::Bilinear));
    assert_eq!(scaled.expect("a size that can be").len(), (SIDE * SIDE * 3) as usize);
}

fn check_error(error: &PhotoError) {
    let words = error.to_string();
    assert!((1..=MAX_ERROR).contains(&words.len()), "{words}");
    assert_ne!(error.code(), "invalid_size", "{words}");
}
