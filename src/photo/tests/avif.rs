//! AVIF: whole pictures, and boxes that are not.

use super::{avifs, difference, read, reject};
use crate::photo::{Format, Limits, inspect};

fn find(file: &[u8], bytes: &[u8]) -> usize {
    file.windows(bytes.len()).position(|window| window == bytes).unwrap()
}

#[test]
fn avifs_look_as_pillow_shows_them() {
    for (name, sample, most) in [
        ("colours at half the resolution", avifs::COLOURS_AT_HALF, 2),
        ("limited range", avifs::LIMITED_RANGE, 2),
        ("transparent", avifs::TRANSPARENT, 2),
        // Divided by small transparencies before it is multiplied with them again.
        ("premultiplied", avifs::PREMULTIPLIED, 3),
        ("turned", avifs::TURNED, 2),
        ("mirrored", avifs::MIRRORED, 2),
        ("Display P3", avifs::DISPLAY_P3, 6),
        ("ten bits", avifs::TEN_BITS, 2),
    ] {
        let photo = read(&sample.file());
        assert_eq!((photo.format(), photo.format().as_str()), (Format::Avif, "avif"));
        let off = difference(&photo, &sample.photo());
        assert!(off <= most, "{name}: {off}");
    }
}

#[test]
fn an_avif_cut_anywhere_is_corrupt() {
    for sample in [avifs::COLOURS_AT_HALF, avifs::TRANSPARENT] {
        let file = sample.file();
        for end in 32..file.len() {
            assert_eq!(reject(&file[..end]).code(), "corrupt", "{end}");
        }
    }
}

#[test]
fn the_size_in_the_boxes_is_held_against_the_limits_and_the_picture() {
    let file = avifs::COLOURS_AT_HALF.file();
    let size = find(&file, b"ispe") + 8;
    let with_size = |width: u32, height: u32| {
        let mut file = file.clone();
        file[size..size + 4].copy_from_slice(&width.to_be_bytes());
        file[size + 4..size + 8].copy_from_slice(&height.to_be_bytes());
        file
    };
    assert_eq!(reject(&with_size(60_000, 60_000)).code(), "too_many_pixels");
    // Smaller than the picture, and larger.
    for (width, height) in [(4, 4), (12, 7), (8, 12), (100, 100)] {
        assert_eq!(reject(&with_size(width, height)).code(), "corrupt", "{width} {height}");
    }
    let header = inspect(&with_size(4000, 3000), &Limits::default()).unwrap();
    // Three bytes a pixel and the decoder's planes.
    assert!(header.decoded_bytes() > 12_000_000 * 6);
    assert!(header.decoded_bytes() < 12_000_000 * 13);
}

#[test]
fn what_is_put_together_is_named() {
    let file = avifs::COLOURS_AT_HALF.file();
    let renamed = |from: &[u8; 4], to: &[u8; 4]| {
        let mut file = file.clone();
        let at = find(&file, from);
        file[at..at + 4].copy_from_slice(to);
        reject(&file)
    };
    assert!(renamed(b"av01", b"grid").to_string().contains("tiles"));
    assert!(renamed(b"av01", b"iovl").to_string().contains("other pictures"));
    // Cropping, in the place of what does not matter here.
    assert!(renamed(b"pixi", b"clap").to_string().contains("cropped"));
    assert_eq!(renamed(b"ispe", b"free").code(), "corrupt");
    assert_eq!(renamed(b"meta", b"free").code(), "corrupt");
}

#[test]
fn colours_that_no_browser_shows_are_turned_away() {
    let file = avifs::COLOURS_AT_HALF.file();
    let at = find(&file, b"nclx") + 4;
    for (place, value) in [(3, 9), (3, 10), (3, 11), (3, 12), (1, 10)] {
        let mut file = file.clone();
        file[at + place] = value;
        assert!(reject(&file).to_string().contains("no browser shows"), "{place} {value}");
    }
}

#[test]
fn an_avif_with_a_profile_that_is_none_is_turned_away() {
    let mut file = avifs::DISPLAY_P3.file();
    let at = find(&file, b"acsp");
    file[at..at + 4].copy_from_slice(b"none");
    assert!(reject(&file).to_string().contains("its colour profile is none"));
}

#[test]
fn an_avif_of_many_frames_is_turned_away() {
    let file = avifs::COLOURS_AT_HALF.file();
    let data = find(&file, b"mdat") + 4;
    // The item's length stands in its location, as four bytes.
    let length = u32::try_from(file.len() - data).unwrap();
    let at = file.windows(4).rposition(|bytes| bytes == length.to_be_bytes()).unwrap();
    let frames = b"\x32\x01\0".repeat(1000);
    let mut many = [&file[..], &frames].concat();
    let longer = length + u32::try_from(frames.len()).unwrap();
    many[at..at + 4].copy_from_slice(&longer.to_be_bytes());
    // And the box of the data goes to the end.
    many[data - 8..data - 4].fill(0);
    let error = reject(&many);
    assert!(error.to_string().contains("far too many frames"), "{error}");
}
