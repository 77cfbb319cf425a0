//! Tests of the engine's model, which is built from the canonical form.

use std::path::Path;

use tract_tflite::prelude::{Framework as _, IntoRunnable as _, Tensor, tvec};

use crate::array::Array;
use crate::canonical::{Canonical, Window};
use crate::engine::network;
use crate::{Ends, Network, Pixels, convert};

const SIDE: usize = 9;
const CHANNELS: usize = 16;
const RESULTS: usize = 8;

/// Whole numbers of 8 bits that look arbitrary and are always the same.
fn whole(count: usize, seed: u32) -> Vec<f32> {
    let value =
        |n: u32| (n.wrapping_add(seed).wrapping_mul(0x9E37_79B1).rotate_left(11) >> 24) as u8;
    (0..u32::try_from(count).unwrap()).map(|n| f32::from(value(n).cast_signed())).collect()
}

/// A convolution of whole numbers, whose sums `then` makes something of.
fn convolved(kernel: &[f32], then: impl FnOnce(&mut Canonical<'_>, usize) -> usize) -> Network {
    let mut canonical = Canonical::default();
    let input = canonical.input(vec![1, SIDE, SIDE, CHANNELS]).unwrap();
    let size = [3, 3];
    let kernel = Array::floats(vec![RESULTS, size[0], size[1], CHANNELS], kernel.to_vec());
    let kernel = canonical.constant(&kernel).unwrap();
    let bias = canonical.constant(&Array::floats(vec![RESULTS], vec![0.0; RESULTS])).unwrap();
    let window = Window { size, stride: [1, 1], dilation: [1, 1], same: false };
    let sums = canonical.conv(input, kernel, bias, window).unwrap();
    let output = then(&mut canonical, sums);
    let outputs = canonical.shape(output).iter().product();
    let ends = Ends {
        width: SIDE,
        height: SIDE,
        channels: CHANNELS,
        pixels: Pixels::Real,
        outputs,
        probabilities: false,
        places: false,
    };
    network(canonical, input, output, ends, None).unwrap()
}

#[test]
fn factors_stay_apart_from_whole_numbers() {
    let kernel = whole(RESULTS * 9 * CHANNELS, 1);
    let values = whole(SIDE * SIDE * CHANNELS, 7777);
    let factors: Vec<f32> = (1..=8_u8).map(|n| 0.000_123_4 * f32::from(n)).collect();
    let addends: Vec<f32> = (1..=8_u8).map(|n| 0.03 / f32::from(n)).collect();
    let constant = |c: &mut Canonical<'_>, values: &[f32]| {
        c.constant(&Array::floats(vec![RESULTS], values.to_vec())).unwrap()
    };

    // Sums of so few whole numbers are exact in floats, in whatever order.
    let sums = convolved(&kernel, |_, sums| sums).run(&values).unwrap();
    let expected: Vec<f32> = sums
        .iter()
        .zip(factors.iter().zip(&addends).cycle())
        .map(|(sum, (factor, addend))| sum * factor + addend)
        .collect();
    let rescaled = convolved(&kernel, |c, sums| {
        let (factors, addends) = (constant(c, &factors), constant(c, &addends));
        c.rescale(sums, factors, addends).unwrap()
    });
    assert_eq!(rescaled.run(&values).unwrap(), expected);
}

/// What `tract-tflite` makes of a file.
fn read_by_tract(file: &[u8], shape: &[usize], values: &[f32]) -> Vec<f32> {
    let model = tract_tflite::tflite().model_for_read(&mut &file[..]).unwrap();
    let plan = model.into_optimized().unwrap().into_runnable().unwrap();
    let outputs = plan.run(tvec!(Tensor::from_shape(shape, values).unwrap().into())).unwrap();
    outputs[0].try_as_plain_ram().unwrap().as_slice::<f32>().unwrap().to_vec()
}

#[test]
fn the_file_that_is_written_says_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/operators");
    let (mut files, mut same) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "tflite") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let file = std::fs::read(&path).unwrap();
        let converted = convert(&file).unwrap();
        let (ends, written) = (converted.ends().clone(), converted.to_file().unwrap());
        let shape = [1, ends.height, ends.width, ends.channels];
        let count: u16 = shape.iter().product::<usize>().try_into().unwrap();
        let values: Vec<f32> = (0..count).map(|n| f32::from(n * 7 % 61) / 30.0 - 1.0).collect();
        let ours = converted.into_network().unwrap().run(&values).unwrap();
        let theirs = read_by_tract(&written, &shape, &values);
        assert_eq!(ours.len(), theirs.len(), "{name}");
        let greatest = ours.iter().fold(1.0, |all: f32, value| all.max(value.abs()));
        let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= 1e-5 * greatest, "{name}: {worst:e} of {greatest}");
        (files, same) = (files + 1, same + usize::from(ours == theirs));
    }
    println!("{files} files, {same} of them to the bit");
    assert!(files > 200, "{files}");
}
