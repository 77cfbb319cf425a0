//! Which model, and what its user says about it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use bytes::Bytes;
use serde::Serialize;

use super::description::Colours;
use super::draft::Normalisation;
use super::model_hash::ModelHash;
use super::size::Size;

/// A model, and what is said about it besides what is written in and beside its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Otherwise the model that is part of the program.
    pub model: Option<ModelFile>,
    /// A text file with the labels, one a line, in the order of the network's outputs.
    pub labels: Option<PathBuf>,
    /// How pixels become numbers.
    pub normalise: Option<Normalise>,
    /// Width and height of the network's input, if its file leaves them open.
    pub size: Option<Size>,
    /// In which order the network takes colours.
    pub colours: Option<Colours>,
    /// Which of several outputs has the scores, counted from 0.
    pub output: Option<usize>,
}

/// A model that is not part of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelFile {
    /// A `.tflite` file, described by the file beside it that ends with `.toml`.
    Path {
        /// Where it is.
        path: PathBuf,
        /// What its content must be, if that is pinned.
        sha256: Option<ModelHash>,
    },
    /// A file's content that was brought from elsewhere.
    Content(Content),
}

/// A model file's content, and what was beside it.
#[derive(Clone, PartialEq, Eq)]
pub struct Content {
    /// What the model is called if nothing says a name.
    pub name: String,
    /// The file.
    pub bytes: Bytes,
    /// That of `bytes`, which was checked.
    pub sha256: ModelHash,
    /// The text beside it, if there was one.
    pub description: Option<String>,
}

impl From<PathBuf> for ModelFile {
    fn from(path: PathBuf) -> Self {
        Self::Path { path, sha256: None }
    }
}

/// The file itself is not for people.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("name", &self.name)
            .field("sha256", &self.sha256)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

/// The usual ways in which pixels become a network's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalise {
    /// `-1..1`: 0 becomes -1 and 255 becomes 1, as for `MobileNet` and Teachable Machine.
    MinusOneToOne,
    /// `0..1`: 255 becomes 1.
    ZeroToOne,
    /// `0..255`: pixels as they are, for networks that normalise by themselves.
    Pixels,
    /// `imagenet`: less the mean of the photos of `ImageNet`, divided by their standard deviation, for
    /// each colour, as for networks that were trained with `PyTorch`.
    ImageNet,
    /// `caffe`: less the mean of the photos of `ImageNet`, blue before green before red, as for the
    /// first networks of Keras, VGG and `ResNet50`.
    Caffe,
}

/// Where a piece of knowledge about a model comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A flag or a setting.
    Setting,
    /// The TOML file beside the model.
    Description,
    /// TensorFlow Lite Metadata in the model file.
    Metadata,
    /// The network itself: its input holds whole numbers, which are pixels.
    Network,
}

impl Normalise {
    /// All of them, by the names that they have in settings.
    pub const NAMES: [(&str, Self); 5] = [
        ("-1..1", Self::MinusOneToOne),
        ("0..1", Self::ZeroToOne),
        ("0..255", Self::Pixels),
        ("imagenet", Self::ImageNet),
        ("caffe", Self::Caffe),
    ];

    /// The numbers.
    pub(super) fn numbers(self) -> Normalisation {
        let same = |mean, std| Normalisation { mean: [mean; 3], std: [std; 3] };
        match self {
            Self::MinusOneToOne => same(127.5, 127.5),
            Self::ZeroToOne => same(0.0, 255.0),
            Self::Pixels => same(0.0, 1.0),
            // 255 times (0.485, 0.456, 0.406) and (0.229, 0.224, 0.225), as torchvision has them.
            Self::ImageNet => {
                Normalisation { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] }
            }
            // As keras.applications.imagenet_utils has them, there with blue first.
            Self::Caffe => Normalisation { mean: [123.68, 116.779, 103.939], std: [1.0; 3] },
        }
    }

    /// The order of colours that belongs to it.
    pub(super) fn colours(self) -> Option<Colours> {
        (self == Self::Caffe).then_some(Colours::Bgr)
    }
}

impl FromStr for Normalise {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let known = Self::NAMES.iter().find(|(name, _)| *name == text);
        known.map(|(_, normalise)| *normalise).ok_or(())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Setting => "flag",
            Self::Description => "description",
            Self::Metadata => "metadata",
            Self::Network => "network",
        })
    }
}
