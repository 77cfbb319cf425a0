//! Tests of the engine's model, which is built from the canonical form.

use std::path::Path;

use crate::Network;

/// What `tract-tflite` makes of a file.
#[cfg(feature = "registries")]
fn read_by_tract(file: &[u8], shape: &[usize], values: &[f32]) -> Vec<f32> {
    use tract_tflite::prelude::{Framework as _, IntoRunnable as _, Tensor, tvec};

    let model = tract_tflite::tflite().model_for_read(&mut &file[..]).unwrap();
    let plan = model.into_optimized().unwrap().into_runnable().unwrap();
    let outputs = plan.run(tvec!(Tensor::from_shape(shape, values).unwrap().into())).unwrap();
    outputs[0].try_as_plain_ram().unwrap().as_slice::<f32>().unwrap().to_vec()
}

#[cfg(feature = "registries")]
#[test]
fn the_file_that_is_written_says_the_same() {
    use crate::convert;

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
        // tract rounds whole numbers in other ways: what it makes of them is not what is meant.
        let whole = name.contains("int8");
        let theirs = if whole {
            Network::open(&written).unwrap().run(&values).unwrap()
        } else {
            read_by_tract(&written, &shape, &values)
        };
        assert!(!whole || ours == theirs, "{name}");
        assert_eq!(ours.len(), theirs.len(), "{name}");
        let greatest = ours.iter().fold(1.0, |all: f32, value| all.max(value.abs()));
        let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst <= 1e-5 * greatest, "{name}: {worst:e} of {greatest}");
        (files, same) = (files + 1, same + usize::from(ours == theirs));
    }
    println!("{files} files, {same} of them to the bit");
    assert!(files > 200, "{files}");
}

#[test]
fn an_input_may_be_written_where_the_network_reads_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/operators");
    let file = std::fs::read(folder.join("average_pool_same.float32.tflite")).unwrap();
    let network = Network::open(&file).unwrap();
    let ends = network.ends().clone();
    let count = ends.height * ends.width * ends.channels;
    let ramp: Vec<f32> = (0_u16..).take(count).map(f32::from).collect();
    let expected = network.run(&ramp).unwrap();
    // In memory that other values were in before.
    network.run(&vec![f32::NAN; count]).unwrap();
    let answer = network.run_with(|input| {
        assert_eq!(input.len(), count);
        input.copy_from_slice(&ramp);
    });
    assert_eq!(answer.unwrap(), expected);
    // What cannot be written is no answer, and harms no other.
    let failed = network.run_with(|_| panic!("no photo")).unwrap_err();
    assert_eq!(failed.to_string(), "no photo");
    let few = network.run(&ramp[1..]).unwrap_err();
    assert!(few.to_string().contains("values for an input of"), "{few}");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(network.run(&ramp).unwrap(), expected));
        }
    });
}
