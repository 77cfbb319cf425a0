//! Scaling gives what Pillow gives.

use crate::photo::{Filter, Photo, PhotoError};

/// Detail down to the single pixel, which shows every weight.
fn noise(width: u32, height: u32) -> Photo {
    let mut rgb = Vec::new();
    for y in 0..height {
        for x in 0..width {
            rgb.extend(
                [0, 1, 2].map(|c| ((x * 7 + y * 13 + c * 29 + x * y) % 256).to_le_bytes()[0]),
            );
        }
    }
    Photo::from_rgb(width, height, rgb).unwrap()
}

/// Filter, width, height, and what Pillow 13.0 makes of `noise(40, 30)`:
///
/// ```text
/// bytes((x*7 + y*13 + c*29 + x*y) % 256 for y in range(30) for x in range(40) for c in range(3))
/// Image.frombytes("RGB", (40, 30), those).resize((width, height), Image.FILTER).tobytes().hex()
/// ```
const PILLOW: &[(Filter, u32, u32, &str)] = &[
    (
        Filter::Nearest,
        7,
        5,
        "\
    3b58757794b1b3d0edef0c29213e5b5d7a9799b6d395b2cff5122f55728fb5d2ef05223f65829fc5e2ffef0c2973\
    90adf714317b98b5e906236d8aa7f10e2b496683f10e2b99b6d3415e7bcdea077592af1d3a57a3c0dd6f8ca93b58\
    75072441b1ceeb7d9ab7496683",
    ),
    (
        Filter::Box,
        7,
        5,
        "\
    3956736d8aa79aa29b8c857f7e777f83867983757696abb39e77605d647a8f8f97817b7b8b867873738296735e69\
    869a98836e757d85858586827d807880875e6d8a9a84657e868d78727a888982797c7f7d7e869089916d828e7973\
    7a7b838b848585817c7f837c84",
    ),
    (
        Filter::Bilinear,
        7,
        5,
        "\
    45627f7890a19396938b837e827b797e797579777d959fa6907e7472757d80808a817f7f828081817e858d746777\
    7b858b847a7d7d828180857e82847f81846974858a837a7e7c807e7c807f81827e80817b7b7f8a8a947b7d827f7d\
    7f777e8d828281817d807e7a85",
    ),
    (
        Filter::Bilinear,
        50,
        2,
        "\
    6a7d8c6e7e8975828a78838d777e8d7c81817f828b82828f83818d848189838d80828a868883858c7f828684877f\
    7b7e8485818285827e808381838577797a8182818786848381877a76908683828680868384847f84847c7b8d8880\
    7984858182857e84817b877c847c778384767a887e7583847879838381807e837f77807f7b7b7c827d7582827586\
    8777867a807e6f837a7a788571707470727a767c867f849084848e8a8187877b82827d7b7f7c7782747d757c7879\
    838181858286827f867c81887f83897e79827d7a7b7d7f7c7d7f7c7e82828482808480797c8175708c817b877d78\
    867a7e84778785758d8b8b8a7f8a827d887c7f837c807a807d7e7c827c748a757f897789838b828287818082837e\
    827f7b80797c7879827680837f768b7a808278857c8c728f",
    ),
    (
        Filter::Hamming,
        7,
        5,
        "\
    3d5a77728ea69ba29c93847a7b72717879797c7d8195a9b3987965626b7e8a8e98847c757f7e80807d8794715b70\
    819294846e747d878a8384797f837f82865d6f8691836e80878c7872788586837b7e817b7a7d93929c737f897a72\
    787a7b8c8888837e7c827d7984",
    ),
    (
        Filter::Bicubic,
        7,
        5,
        "\
    3a5a7a7995a99899938a827d827c7980797479777d9caab0957c6e6c717b807f8b817e7f848181807d858f705f71\
    788890877a7d7d808180867d82847e818463728790877a7c797f807d807f81827e7f817b7b7f8c8b967a7c81817f\
    80747e8f838280817b807e7a85",
    ),
    (
        Filter::Lanczos3,
        7,
        5,
        "\
    3456797c9bae98968e88837f847f7a81777278777ca2b0b5977c6d6c727a7d7c897f7d80848283817f858f6c5a6c\
    7384938c807f7e7f817f857c82847f8184617288948d7f7972788180837f81827e7f807b7b7f8d8b9679797e8283\
    83717c8e848280817a807f7b86",
    ),
];

#[test]
fn every_filter_is_within_one_level_of_pillow() {
    let photo = noise(40, 30);
    for (filter, width, height, expected) in PILLOW {
        let scaled = photo.resize(*width, *height, *filter).unwrap();
        let expected = hex::decode(expected).unwrap();
        assert_eq!(scaled.len(), expected.len());
        let difference = scaled.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(difference <= 1, "{filter:?}: {difference}");
    }
}

#[test]
fn the_same_size_gives_the_same_pixels() {
    let photo = noise(9, 5);
    for (filter, ..) in PILLOW {
        assert_eq!(photo.resize(9, 5, *filter).unwrap(), photo.rgb());
    }
}

#[test]
fn one_colour_stays_one_colour() {
    let photo = Photo::from_rgb(300, 200, [12, 130, 255].repeat(300 * 200)).unwrap();
    for (filter, ..) in PILLOW {
        assert_eq!(photo.resize(7, 11, *filter).unwrap(), [12, 130, 255].repeat(77));
    }
}

#[test]
fn no_size_is_no_size() {
    for (width, height) in [(0, 5), (5, 0), (0, 0)] {
        let error = noise(3, 3).resize(width, height, Filter::Bilinear).unwrap_err();
        assert_eq!(error, PhotoError::InvalidSize { width, height });
    }
}

#[test]
fn filters_are_named_in_lowercase() {
    for (filter, name) in [
        (Filter::Nearest, "nearest"),
        (Filter::Box, "box"),
        (Filter::Bilinear, "bilinear"),
        (Filter::Hamming, "hamming"),
        (Filter::Bicubic, "bicubic"),
        (Filter::Lanczos3, "lanczos3"),
    ] {
        let json = format!("\"{name}\"");
        assert_eq!(serde_json::from_str::<Filter>(&json).unwrap(), filter);
        assert_eq!(serde_json::to_string(&filter).unwrap(), json);
    }
    assert!(serde_json::from_str::<Filter>("\"smooth\"").is_err());
}
