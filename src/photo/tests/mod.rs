//! Tests of this module. The photos are made here, small, odd and broken ones as well.

mod avif;
mod avifs;
mod broken;
mod browsers;
mod colours;
mod containers;
mod files;
mod formats;
mod inks;
mod jpeg;
mod layouts;
mod limits;
mod orientation;
mod reduced;
mod resize;
mod samples;
mod sniffing;
mod tiff;
mod tiff_bounds;
mod tiff_file;
mod tiff_jpeg;

use super::{Limits, Photo, PhotoError, decode, inspect};

/// Decodes with the usual limits, and checks that the header promised as much.
fn read(bytes: &[u8]) -> Photo {
    let header = inspect(bytes, &Limits::default()).unwrap();
    let photo = decode(bytes, &Limits::default()).unwrap();
    assert_eq!(header.format, photo.format());
    let pixels = u64::from(header.width) * u64::from(header.height);
    assert_eq!(photo.rgb().len() as u64, pixels * 3);
    assert!(header.decoded_bytes() > pixels * 3);
    photo
}

fn reject(bytes: &[u8]) -> PhotoError {
    decode(bytes, &Limits::default()).unwrap_err()
}

/// The pixel at a place.
fn pixel(photo: &Photo, x: u32, y: u32) -> [u8; 3] {
    let at = (y as usize * photo.width() as usize + x as usize) * 3;
    photo.rgb()[at..at + 3].try_into().unwrap()
}

/// The greatest difference of a channel between photos of the same size.
fn difference(one: &Photo, other: &Photo) -> u8 {
    assert_eq!((one.width(), one.height()), (other.width(), other.height()));
    one.rgb().iter().zip(other.rgb()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}
