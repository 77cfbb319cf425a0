//! The sample photos, which a script of this project draws (`model/training/draw.py`).

macro_rules! samples {
    ($($name:literal),* $(,)?) => {
        /// Names and contents.
        pub const SAMPLES: &[(&str, &[u8])] = &[$(
            ($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/events/photos/", $name)))
        ),*];
    };
}

samples![
    "dress-1.jpg",
    "dress-2.jpg",
    "hat-1.jpg",
    "longsleeve-1.jpg",
    "outwear-1.jpg",
    "pants-1.jpg",
    "pants-2.jpg",
    "shirt-1.jpg",
    "shirt-2.jpg",
    "shoes-1.jpg",
    "shorts-1.jpg",
    "skirt-1.jpg",
    "t-shirt-1.jpg",
    "t-shirt-2.jpg",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_photo_is_in_the_list() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/events/photos");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, SAMPLES.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
    }
}
