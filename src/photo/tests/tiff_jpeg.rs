//! JPEG inside of TIFFs looks as it does alone, or is rejected.

use super::layouts::LAYOUTS;
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
    assert_eq!(difference(&read(&page.clone().chunk(&file).file()), &read(&file)), 0);
    // Tables beside the strip, which then begins with its frame.
    let frame = file.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    let rest = [&[0xFF, 0xD8], &file[frame..]].concat();
    let tables = [&file[..frame], &[0xFF, 0xD9]].concat();
    let apart = page.clone().bytes(347, &tables).chunk(&rest).file();
    assert_eq!(difference(&read(&apart), &read(&file)), 0);
    // Nothing is missing but the mark of the end.
    let open = page.clone().chunk(&file[..file.len() - 2]).file();
    assert_eq!(difference(&read(&open), &read(&file)), 0);
    // As luminance and differences, the same channels would be other colours; so readers differ.
    let error = reject(&Tiff::new(SIZE, 2, 8, 3).short(259, &[7]).chunk(&file).file());
    assert!(error.to_string().contains("other colours than the page"), "{error}");
    let plain = samples::PLAIN_RGB.file();
    let rgb = Tiff::new(size(&read(&plain)), 2, 8, 3).short(259, &[7]).chunk(&plain);
    assert_eq!(difference(&read(&rgb.clone().file()), &read(&plain)), 0);
    assert!(reject(&rgb.short(262, &[6]).file()).to_string().contains("other colours"));
    let grey = jpeg(&noise(1), SIZE, true);
    let page = Tiff::new(SIZE, 1, 8, 1).short(259, &[7]);
    assert_eq!(difference(&read(&page.clone().chunk(&grey).file()), &read(&grey)), 0);
    let inverse = read(&page.short(262, &[0]).chunk(&grey).file());
    assert_eq!(inverse.rgb()[0], 255 - read(&grey).rgb()[0]);
}

/// Files of three channels in all layouts that are read alone: several scans, progressive, odd resolutions.
fn layouts() -> impl Iterator<Item = Vec<u8>> {
    let three = LAYOUTS.iter().filter(|(name, ..)| !name.starts_with("YCCK"));
    let layouts = three.map(|(_, file, _)| hex::decode(file).unwrap());
    layouts.chain([samples::PROGRESSIVE.file(), samples::RESTARTS.file()])
}

#[test]
fn jpeg_inside_may_have_any_layout() {
    for file in layouts() {
        let alone = read(&file);
        let page = Tiff::new(size(&alone), 6, 8, 3).short(259, &[7]);
        assert_eq!(difference(&read(&page.clone().chunk(&file).file()), &alone), 0);
        // What follows its end is nothing to it.
        let padded = [&file[..], &[0; 99]].concat();
        assert_eq!(difference(&read(&page.clone().chunk(&padded).file()), &alone), 0);
        let scan = file.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap();
        for percent in [10, 40, 60, 80, 95] {
            let cut = &file[..scan + (file.len() - scan) * percent / 100];
            for end in [&b""[..], b"\xFF\xD9"] {
                let error = reject(&page.clone().chunk(&[cut, end].concat()).file());
                assert_eq!(error.code(), "corrupt", "{percent}");
                assert!(error.to_string().contains("strips or tiles: "), "{error}");
            }
        }
    }
}

#[test]
fn channels_of_a_jpeg_inside_are_what_the_page_says() {
    // Inks and transparency, plain: of RGB and a fourth channel, the fourth says how opaque it is.
    let file = samples::CMYK.file();
    let size = size(&read(&file));
    let page = |photometric| Tiff::new(size, photometric, 8, 4).short(259, &[7]).chunk(&file);
    let [inks, opaque, ignored] =
        [page(5), page(2), page(2).short(338, &[0])].map(|page| read(&page.file()));
    for ((inks, opaque), plain) in inks
        .rgb()
        .as_chunks::<3>()
        .0
        .iter()
        .zip(opaque.rgb().as_chunks::<3>().0)
        .zip(ignored.rgb().as_chunks::<3>().0)
    {
        let fourth = (0..=255_u16).find(|fourth| {
            let laid = plain.map(|value| (u16::from(value) * fourth + 127) / 255 + 255 - fourth);
            laid == opaque.map(u16::from)
        });
        let left = 255 - fourth.unwrap();
        let printed = plain.map(|ink| left - (u16::from(ink) * left + 127) / 255);
        assert!(inks.iter().zip(printed).all(|(one, other)| u16::from(*one).abs_diff(other) <= 1));
    }
    // Luminance and differences with a fourth channel are something else than the page says.
    let apart = Tiff::new(size, 5, 8, 4).short(259, &[7]).chunk(&samples::YCCK.file());
    assert!(reject(&apart.file()).to_string().contains("other colours than the page"));
    // One that contradicts itself agrees with no page.
    let soft = jpeg(&noise(3), SIZE, false);
    let adobe = b"\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0\0";
    let both = [&soft[..2], adobe, &soft[2..]].concat();
    for photometric in [2, 6] {
        let page = Tiff::new(SIZE, photometric, 8, 3).short(259, &[7]);
        assert!(reject(&page.chunk(&both).file()).to_string().contains("other colours"));
    }
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
    assert_eq!(difference(&read(&page.clone().chunk(&file).file()), &shown), 0);
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
