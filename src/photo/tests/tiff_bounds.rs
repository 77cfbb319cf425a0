//! What a small TIFF may cost is known before any of it is decoded.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::tiff_file::{Tiff, deflated, jpeg, lzw};
use super::{read, reject, samples};
use crate::photo::{Limits, PhotoError, decode, inspect};

/// A reason that comes from the header, at once.
fn refused(file: &[u8]) -> String {
    let started = Instant::now();
    let error = inspect(file, &Limits::default()).unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(1), "{error}");
    error.to_string()
}

#[test]
fn tiles_far_larger_than_the_page_are_not_begun() {
    let page = |width, height, tile: (u16, u16)| {
        Tiff::new((width, height), 1, 8, 1).short(259, &[8]).tiles(tile.0, tile.1)
    };
    let tiles = |tile: (u32, u32), count| {
        page(16, 65520, (16, 16))
            .long(322, &[tile.0])
            .long(323, &[tile.1])
            .chunk(&deflated(&[0; 99]))
            .sharing(count)
    };
    assert!(refused(&tiles((1 << 24, 16), 4095)).contains("sides of 16777216 pixels"));
    assert!(refused(&tiles((16, u32::MAX), 1)).contains("sides of 4294967295 pixels"));
    assert!(refused(&tiles((60_000, 16), 4095)).contains("that unpack to"));
    // The pixels of JPEG are held, so a tile may not have more than a photo.
    let jpeg = page(16, 16, (7168, 7168)).short(259, &[7]).chunk(&[0xFF; 9]).file();
    assert!(refused(&jpeg).contains("tiles of 7168 x 7168 pixels"));
    // A large tile for a small page is common.
    let zeros = deflated(&vec![0; 1024 * 1024]);
    let photo = read(&page(20, 20, (1024, 1024)).chunk(&zeros).file());
    assert_eq!(photo.rgb(), [0; 20 * 20 * 3]);
}

#[test]
fn more_samples_than_are_shown_are_counted() {
    let page = |samples: u16| {
        Tiff::new((7000, 7000), 2, 8, samples)
            .short(259, &[5])
            .short(338, &vec![0; usize::from(samples - 3)])
            .chunk(&lzw(&[0; 99], false))
            .file()
    };
    assert!(refused(&page(30)).contains("that unpack to"));
    assert!(refused(&page(200)).contains("200 samples a pixel"));
    assert!(inspect(&page(6), &Limits::default()).is_ok());
}

#[test]
fn strips_may_not_share_large_bytes() {
    let large = jpeg(&vec![0; 64 * 4000], (64, 4000), true);
    let noise: Vec<u8> =
        (0..2_000_000_u32).map(|i| (i.wrapping_mul(i) >> 7).to_le_bytes()[0]).collect();
    for (code, bytes) in [(7, large), (8, noise.clone()), (1, noise)] {
        let file =
            Tiff::new((64, 2000), 1, 8, 1).short(259, &[code]).short(278, &[1]).chunk(&bytes);
        assert!(refused(&file.sharing(2000)).contains("share the same bytes"), "{code}");
    }
    // Blank tiles are written once by some.
    let file = Tiff::new((640, 640), 1, 8, 1).short(259, &[8]).tiles(64, 64);
    let photo = read(&file.chunk(&deflated(&[7; 64 * 64])).sharing(100));
    assert!(photo.rgb().iter().all(|value| *value == 7));
}

#[test]
fn jpeg_inside_must_have_the_size_of_its_strip() {
    let page = Tiff::new((64, 64), 1, 8, 1).short(259, &[7]);
    for size in [(64, 65), (65, 64), (64, 63), (400, 300)] {
        let pixels = vec![128; usize::from(size.0) * usize::from(size.1)];
        let error = reject(&page.clone().chunk(&jpeg(&pixels, size, true)).file());
        assert!(error.to_string().contains("where 64 x 64 belong"), "{error}");
    }
    // The last strip may be as high as the others.
    let strip = jpeg(&[128; 64 * 48], (64, 48), true);
    let photo = read(&page.clone().short(278, &[48]).chunk(&strip).chunk(&strip).file());
    assert_eq!(photo.rgb(), [128; 64 * 64 * 3]);
}

#[test]
fn strips_of_one_row_of_jpeg_are_counted_as_whole_blocks() {
    let file = Tiff::new((20_000, 2500), 6, 8, 3).short(259, &[7]).short(278, &[1]);
    assert!(refused(&file.chunk(&[0xFF, 0xD8]).sharing(2500)).contains("that unpack to"));
}

#[test]
fn tables_that_tiles_share_are_read_once() {
    // Tables of one code each, as many as a file holds: the tiles are small, and there are many.
    let table = [&[0xFF, 0xC4, 0, 20, 0x13, 1][..], &[0; 15], &[1]].concat();
    let tables = [&[0xFF, 0xD8][..], &table.repeat(200_000), &[0xFF, 0xD9]].concat();
    let page = Tiff::new((4000, 4000), 6, 8, 3).short(259, &[7]).tiles(64, 64);
    let begun = Instant::now();
    let file = page.bytes(347, &tables).chunk(&jpeg(&[9; 64 * 64 * 3], (64, 64), false));
    assert!(inspect(&file.sharing(63 * 63), &Limits::default()).is_ok());
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}

/// A progressive JPEG of the given size, whose scans have no data.
fn progressive(size: (u16, u16), scans: usize) -> Vec<u8> {
    let file = samples::PROGRESSIVE.file();
    let place = |marker| file.windows(2).position(|two| two == [0xFF, marker]).unwrap();
    let mut header = file[..place(0xDA)].to_vec();
    let sizes = [size.1.to_be_bytes(), size.0.to_be_bytes()].concat();
    header[place(0xC2) + 5..][..4].copy_from_slice(&sizes);
    let scan = b"\xFF\xDA\0\x08\x01\x01\0\0\0\0\0";
    [&header[..], &scan.repeat(scans), &[0xFF, 0xD9]].concat()
}

#[test]
fn visits_of_several_scans_are_counted_before() {
    let page = Tiff::new((6400, 6400), 6, 8, 3).short(259, &[7]).tiles(256, 256);
    let tiles = |scans| page.clone().chunk(&progressive((256, 256), scans)).sharing(25 * 25);
    // Each scan visits 1024 blocks of a tile.
    assert!(inspect(&tiles(10), &Limits::default()).is_ok());
    assert!(refused(&tiles(18)).contains("that unpack to"));
    // What is turned away alone is turned away inside.
    let file = Tiff::new((256, 256), 6, 8, 3).short(259, &[7]);
    let error = reject(&file.chunk(&progressive((256, 256), 99)).file());
    assert!(error.to_string().contains("tiles: its picture is spread over"), "{error}");
}

#[test]
fn the_coefficients_of_several_scans_are_promised_once() {
    let promise = |file: Vec<u8>| inspect(&file, &Limits::default()).unwrap().decoded_bytes();
    let strips = |file: &[u8]| {
        let page = Tiff::new((4000, 4000), 6, 8, 3).short(259, &[7]).short(278, &[400]);
        promise(page.chunk(file).sharing(10))
    };
    // Two bytes for each, of which colours have a quarter; there are whole units.
    let coefficients = 4000 * 400 * 2 * 3 / 2;
    let difference = strips(&progressive((4000, 400), 5)) - strips(&[0; 9]);
    assert_eq!(difference, coefficients);
}

#[test]
fn the_promise_is_the_rgb_and_some_rows() {
    let promise = |file: Vec<u8>| inspect(&file, &Limits::default()).unwrap().decoded_bytes();
    let (pixels, slack) = (7000 * 7000, 4 << 20);
    for (bits, samples) in [(8, 3), (16, 4), (32, 3), (64, 1)] {
        let file = Tiff::new((7000, 7000), if samples == 1 { 1 } else { 2 }, bits, samples)
            .short(259, &[8])
            .short(339, &[if bits > 16 { 3 } else { 1 }])
            .chunk(&[0; 9])
            .file();
        let row = 7000 * u64::from(bits / 8 * samples) * 2 + 7000 * u64::from(samples);
        assert_eq!(promise(file), pixels * 3 + row + slack);
    }
    // The pixels of a strip of JPEG are held beside it.
    let file = Tiff::new((7000, 7000), 6, 8, 3).short(259, &[7]).chunk(&[0; 9]).file();
    assert!(promise(file) > pixels * 6 + 7000 * 3 * 96);
}

#[test]
fn tags_that_announce_much_are_not_believed() {
    let page = Tiff::new((2, 2), 1, 8, 1).chunk(&[1, 2, 3, 4]);
    let mut file = page.clone().big().file();
    // The number of tags.
    let directory = usize::from(file[8]);
    file[directory..directory + 8].fill(0xFF);
    assert_eq!(reject(&file).code(), "corrupt");
    // The number of values, and their place.
    for wide in [false, true] {
        let page = page.clone().short(258, &[8; 9]);
        let mut file = if wide { page.big().file() } else { page.file() };
        let tag = file.windows(4).position(|bytes| bytes == [2, 1, 3, 0]).unwrap();
        file[tag + 4..tag + if wide { 20 } else { 12 }].fill(0xFF);
        assert_eq!(reject(&file).code(), "corrupt");
    }
    let huge = Tiff::new((2, 2), 1, 8, 1).long(256, &[60_000]).long(257, &[60_000]);
    let error = PhotoError::TooManyPixels { width: 60_000, height: 60_000, limit: 50_000_000 };
    assert_eq!(reject(&huge.chunk(&[0; 4]).file()), error);
}

#[test]
fn a_bomb_is_read_no_further_than_its_pixels() {
    let zeros = deflated(&vec![0; 50 << 20]);
    let started = Instant::now();
    let photo = read(&Tiff::new((8, 8), 1, 8, 1).short(259, &[8]).chunk(&zeros).file());
    assert_eq!(photo.rgb(), [0; 8 * 8 * 3]);
    assert!(started.elapsed() < Duration::from_secs(20));
}

/// One small file of each way to pack and to lay out.
fn layouts() -> Vec<Vec<u8>> {
    let page = |code: u16| Tiff::new((16, 16), 2, 8, 3).short(259, &[code]);
    let (pixels, plane) = ([77; 16 * 16 * 3], [77; 16 * 16]);
    let planes = page(5).short(284, &[2]).short(317, &[2]).chunk(&lzw(&plane, false));
    vec![
        page(1).chunk(&pixels).file(),
        page(5).short(317, &[2]).chunk(&lzw(&pixels, true)).file(),
        page(8).big_endian().big().tiles(16, 16).short(274, &[6]).chunk(&deflated(&pixels)).file(),
        page(7).short(262, &[6]).chunk(&jpeg(&pixels, (16, 16), false)).file(),
        page(32773).chunk(&[129, 77].repeat(6)).file(),
        planes.chunk(&lzw(&plane, false)).chunk(&lzw(&plane, false)).file(),
        Tiff::new((16, 16), 1, 32, 1).short(339, &[3]).chunk(&[0; 1024]).file(),
        Tiff::new((16, 16), 3, 4, 1).short(320, &[9; 48]).short(266, &[2]).chunk(&[7; 128]).file(),
        Tiff::new((16, 16), 5, 8, 5).short(338, &[2]).chunk(&[7; 1280]).file(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, ..ProptestConfig::default() })]

    #[test]
    fn damaged_tiffs_are_survived(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec(
            (any::<prop::sample::Index>(), prop_oneof![0..9_u8, any::<u8>()]), 1..5),
    ) {
        let layouts = layouts();
        let mut file = layouts[which.index(layouts.len())].clone();
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        let limits = Limits { max_pixels: 1 << 16, ..Limits::default() };
        let header = inspect(&file, &limits);
        match decode(&file, &limits) {
            Ok(photo) => {
                let header = header.unwrap();
                prop_assert_eq!(photo.rgb().len() as u64, u64::from(header.width) * u64::from(header.height) * 3);
            }
            // No decoder fell over.
            Err(error) => prop_assert!(!error.to_string().contains("gave up"), "{}", error),
        }
    }
}
