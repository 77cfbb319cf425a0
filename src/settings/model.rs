//! Which model: where it is, and what its content must be.

use std::path::PathBuf;
use std::str::FromStr;

use super::definitions::{
    INPUT_COLOURS, INPUT_SIZE, LABELS_FILE, MODEL_FILE, MODEL_SHA256, NORMALISE, OUTPUT_NUMBER,
};
use super::reader::Reader;
use super::values::ValueError;
use crate::classifier::{Choice, ModelFile, ModelHash};
use crate::object::ObjectId;

/// The model that is set, before anything is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelChoice {
    /// The one in the program, or one in a file.
    Local(Choice),
    /// One in a bucket, which is always pinned: [`model_file`](crate::model_file) brings it.
    InBucket {
        /// Where it is.
        object: ObjectId,
        /// What its content must be.
        sha256: ModelHash,
        /// What is said of it besides; its own `model` is none.
        said: Choice,
    },
}

/// Where a model is: the path of a file, or `s3://BUCKET/KEY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelPlace {
    /// A file.
    Path(PathBuf),
    /// An object.
    Object(ObjectId),
}

impl FromStr for ModelPlace {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let Some(object) = text.trim().strip_prefix("s3://") else {
            return Ok(Self::Path(text.into()));
        };
        let object: ObjectId = object.parse().map_err(|_| ValueError)?;
        if object.is_folder_marker() { Err(ValueError) } else { Ok(Self::Object(object)) }
    }
}

impl ModelChoice {
    /// All are read before any is missed, for each may be a mistake.
    pub(super) fn read<F: Fn(&str) -> Option<String>>(reader: &mut Reader<F>) -> Option<Self> {
        let place = reader.read(&MODEL_FILE);
        let sha256 = reader.read(&MODEL_SHA256);
        let said = Choice {
            model: None,
            labels: reader.read(&LABELS_FILE),
            normalise: reader.read(&NORMALISE),
            colours: reader.read(&INPUT_COLOURS),
            size: reader.read(&INPUT_SIZE),
            output: reader.read(&OUTPUT_NUMBER),
        };
        if reader.text(&MODEL_FILE).is_none() {
            let needy = [&LABELS_FILE, &NORMALISE, &INPUT_COLOURS, &INPUT_SIZE, &OUTPUT_NUMBER];
            for setting in std::iter::once(&MODEL_SHA256).chain(needy) {
                reader.needs(setting, &MODEL_FILE, "no model is named");
            }
        }
        if let (Some(ModelPlace::Object(object)), None) = (&place, reader.text(&MODEL_SHA256)) {
            let lack = format!("s3://{object} is not pinned");
            reader.lacks(&MODEL_FILE, &MODEL_SHA256, &lack);
        }
        match place {
            None => Some(Self::Local(said)),
            Some(ModelPlace::Path(path)) => {
                let model = Some(ModelFile::Path { path, sha256 });
                Some(Self::Local(Choice { model, ..said }))
            }
            Some(ModelPlace::Object(object)) => {
                sha256.map(|sha256| Self::InBucket { object, sha256, said })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_place_is_a_path_or_an_object() {
        let of = |text: &str| text.parse::<ModelPlace>();
        assert_eq!(of("a b.tflite"), Ok(ModelPlace::Path("a b.tflite".into())));
        assert_eq!(of("s3:/a/b"), Ok(ModelPlace::Path("s3:/a/b".into())));
        let object = ObjectId::new("shop", "m/a b.tflite").unwrap();
        assert_eq!(of(" s3://shop/m/a b.tflite\n"), Ok(ModelPlace::Object(object)));
        for wrong in ["s3://", "s3://shop", "s3://shop/", "s3://shop/models/", "s3://a b/c"] {
            assert_eq!(of(wrong), Err(ValueError), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_other_text_is_a_path(text in "\\PC*") {
            prop_assume!(!text.trim().starts_with("s3://"));
            prop_assert_eq!(text.parse(), Ok(ModelPlace::Path(text.into())));
        }
    }
}
