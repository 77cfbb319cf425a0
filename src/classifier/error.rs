//! What can go wrong with a model, and with a photo that it is shown.

use std::io;
use std::path::PathBuf;

use lookbook_tflite::Problems;

use super::DescriptionError;
use super::choice::Origin;
use super::metadata::MetadataError;
use crate::code::Code;
use crate::label::Label;
use crate::photo::PhotoError;

/// Why a model cannot be used. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// One of the two files cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The model file is larger than any that could be meant.
    #[error("{} has more than {limit} bytes, the most that a model may have", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// In bytes.
        limit: u64,
    },
    /// Nobody says what the outputs are called.
    #[error(
        "nobody says what the model's {outputs} outputs are called: give a file with one label a \
         line, --labels FILE (LABELS_FILE), or write, in a file beside the model that ends with \
         .toml, one for each output:\n\n{}",
        example(*outputs)
    )]
    NoLabels {
        /// How many labels are needed.
        outputs: usize,
    },
    /// There are more labels than outputs, or fewer.
    #[error(
        "the model has {outputs} outputs, but there are {labels} labels (from the {origin}): give \
         one for each output, in their order"
    )]
    Labels {
        /// How many labels are needed.
        outputs: usize,
        /// How many there are.
        labels: usize,
        /// Who says so.
        origin: Origin,
    },
    /// Nobody says how pixels become numbers.
    #[error(
        "nobody says how pixels become the model's numbers: give --normalise -1..1, 0..1, 0..255 or \
         imagenet (NORMALISE), as the model was trained with, or write, in a file beside the model \
         that ends with .toml:\n\n[input]\nmean = [127.5, 127.5, 127.5]  # a value v from 0 to 255 \
         becomes (v - mean) / std\nstd = [127.5, 127.5, 127.5]"
    )]
    NoNormalisation,
    /// A normalisation was given for whole numbers.
    #[error(
        "the model takes pixels as they are, for its input holds whole numbers: leave --normalise \
         (NORMALISE) away"
    )]
    Normalised,
    /// What the model file says about itself cannot be read.
    #[error("the model's metadata: {0}")]
    Metadata(MetadataError),
    /// The description beside the model is none.
    #[error("the model's description: {0}")]
    Description(DescriptionError),
    /// The model file is no network that can be run here.
    #[error(transparent)]
    Network(lookbook_tflite::Error),
    /// Several things keep the model file from being run.
    #[error("{first} (and {others} more: `lookbook inspect` lists them)")]
    Several {
        /// The first in the file.
        first: lookbook_tflite::Error,
        /// How many there are besides.
        others: usize,
    },
    /// The model and its description do not fit together.
    #[error("the model {network}, but its description says {described}: correct `{field}`")]
    Mismatch {
        /// What the network has.
        network: String,
        /// What the description says.
        described: String,
        /// The field of the description that is wrong, if the model is right.
        field: &'static str,
    },
}

impl From<MetadataError> for ModelError {
    fn from(error: MetadataError) -> Self {
        Self::Metadata(error)
    }
}

impl From<Problems> for ModelError {
    fn from(problems: Problems) -> Self {
        match problems.others() {
            0 => Self::Network(problems.into_first()),
            others => Self::Several { first: problems.into_first(), others },
        }
    }
}

/// A line of a description with so many labels, cut short if they are many.
fn example(outputs: usize) -> String {
    let mut labels: Vec<String> = (1..=outputs.min(4)).map(|n| format!("\"label-{n}\"")).collect();
    if outputs > 4 {
        labels.push("...".to_owned());
    }
    format!("labels = [{}]", labels.join(", "))
}

// Not as its source: chains are printed whole, and the text has it already.
impl From<DescriptionError> for ModelError {
    fn from(error: DescriptionError) -> Self {
        Self::Description(error)
    }
}

/// Why a photo got no scores.
#[derive(Debug, thiserror::Error)]
pub enum ClassifyError {
    /// The photo cannot be made to fit the network's input.
    #[error("the photo cannot be resized for the model: {0}")]
    Resize(#[source] PhotoError),
    /// The network answered NaN or infinity.
    #[error("the model answers {value} for \"{label}\", which is no number to compare")]
    NotFinite {
        /// For which label first.
        label: Label,
        /// NaN or an infinity.
        value: f32,
    },
    /// The description says that the network answers probabilities, and it does not.
    #[error(
        "the model answers {value} for \"{label}\", which is no probability: \
         write output = \"logits\" in its description"
    )]
    NotProbabilities {
        /// For which label first.
        label: Label,
        /// Less than 0 or greater than 1.
        value: f32,
    },
    /// The network answered another number of values than there are labels.
    #[error("the model answers {values} values for {labels} labels")]
    Count {
        /// How many labels there are.
        labels: usize,
        /// How many values there are.
        values: usize,
    },
    /// The engine failed or panicked on this photo.
    #[error("the model failed on the photo: {0}")]
    Engine(String),
}

impl ClassifyError {
    /// A name for this kind of error that never changes, for dashboards and rows. Of
    /// [`Resize`](Self::Resize), it is the code of the error inside.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Resize(error) => error.code(),
            Self::NotFinite { .. } => Code::NotFinite,
            Self::NotProbabilities { .. } => Code::NotProbabilities,
            Self::Count { .. } => Code::Count,
            Self::Engine(_) => Code::Engine,
        }
    }
}
