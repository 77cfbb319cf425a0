//! JPEG inside of TIFFs looks as it does alone, or is rejected.

use super::tiff_file::{Tiff, jpeg};
use super::{difference, read, reject, samples};

const SIZE: (u16, u16) = (37, 21);
const W: usize = 37;
const H: usize = 21;

/// Samples of which no two neighbours are alike.
fn noise(count: usize) -> Vec<u8> {
    (0..W * H * count)
        .map(|i| u8::try_from((i * 7 + i / W * 13 + i * i / 50) % 256).unwrap())
        .collect()
}

fn size(photo: &crate::photo::Photo) -> (u16, u16) {
    (u16::try_from(photo.width()).unwrap(), u16::try_from(photo.height()).unwrap())
}

#[test]
fn jpeg_inside_looks_like_the_jpeg_alone() {
    let soft: Vec<u8> =
        (0..W * H * 3).map(|i| u8::try_from(i % (W * 3) + i / W / 3).unwrap()).collect();
    let file = jpeg(&soft, SIZE, false);
    let page = Tiff::new(SIZE, 6, 8, 3).short(259, &[7]);
    assert!(difference(&read(&page.clone().chunk(&file).file()), &read(&file)) <= 2);
    // Tables beside the strip, which then begins with its frame.
    let frame = file.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    let rest = [&[0xFF, 0xD8], &file[frame..]].concat();
    let tables = [&file[..frame], &[0xFF, 0xD9]].concat();
    let apart = page.clone().bytes(347, &tables).chunk(&rest).file();
    assert!(difference(&read(&apart), &read(&file)) <= 2);
    // Nothing is missing but the mark of the end.
    let open = page.clone().chunk(&file[..file.len() - 2]).file();
    assert!(difference(&read(&open), &read(&file)) <= 2);
    // As luminance and differences, the same channels would be other colours; so readers differ.
    let error = reject(&Tiff::new(SIZE, 2, 8, 3).short(259, &[7]).chunk(&file).file());
    assert!(error.to_string().contains("other colours than the page"), "{error}");
    let plain = samples::PLAIN_RGB.file();
    let rgb = Tiff::new(size(&read(&plain)), 2, 8, 3).short(259, &[7]).chunk(&plain);
    assert!(difference(&read(&rgb.clone().file()), &read(&plain)) <= 2);
    assert!(reject(&rgb.short(262, &[6]).file()).to_string().contains("other colours"));
    let grey = jpeg(&noise(1), SIZE, true);
    let page = Tiff::new(SIZE, 1, 8, 1).short(259, &[7]);
    assert!(difference(&read(&page.clone().chunk(&grey).file()), &read(&grey)) <= 2);
    let inverse = read(&page.short(262, &[0]).chunk(&grey).file());
    assert_eq!(inverse.rgb()[0], 255 - read(&grey).rgb()[0]);
}

#[test]
fn a_jpeg_inside_that_was_cut_off_is_corrupt() {
    let pixels = noise(3);
    let file = jpeg(&pixels, SIZE, false);
    let page = Tiff::new(SIZE, 6, 8, 3).short(259, &[7]);
    for percent in [30, 50, 70, 90, 97] {
        let cut = &file[..file.len() * percent / 100];
        for end in [&b""[..], b"\xFF\xD9"] {
            let error = reject(&page.clone().chunk(&[cut, end].concat()).file());
            assert_eq!(error.code(), "corrupt", "{percent}");
        }
    }
}

#[test]
fn a_jpeg_inside_may_restart_and_must_hold_each_part() {
    let file = samples::RESTARTS.file();
    let shown = read(&file);
    let page = Tiff::new(size(&shown), 6, 8, 3).short(259, &[7]);
    assert!(difference(&read(&page.clone().chunk(&file).file()), &shown) <= 2);
    let restarts: Vec<usize> = (0..file.len() - 1)
        .filter(|at| file[*at] == 0xFF && (0xD0..0xD8).contains(&file[at + 1]))
        .collect();
    assert!(restarts.len() > 2);
    // A part, its marker, or its end is missing.
    for (from, to) in [
        (restarts[0], restarts[1]),
        (restarts[0], restarts[0] + 2),
        (restarts[1] - 3, restarts[1]),
        (restarts[0] + 2, restarts[1]),
    ] {
        let broken = [&file[..from], &file[to..]].concat();
        let error = reject(&page.clone().chunk(&broken).file());
        assert_eq!(error.code(), "corrupt", "{from} {to}");
    }
}
