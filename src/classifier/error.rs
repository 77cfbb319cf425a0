//! What can go wrong with a model, and with a photo that it is shown.

use std::io;
use std::path::PathBuf;

use super::{DescriptionError, Label};
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
    /// There is a model, but no description beside it.
    #[error(
        "{} is missing: it says what the model's outputs mean. Write it, for this model:\n\n{template}",
        path.display()
    )]
    NoDescription {
        /// Where it should be.
        path: PathBuf,
        /// What to write there; the labels are yet to be filled in.
        template: String,
    },
    /// The description beside the model is none.
    #[error("the model's description: {0}")]
    Description(DescriptionError),
    /// Not a TensorFlow Lite file, or a damaged one.
    #[error("not a TensorFlow Lite model: {0}: check that the file was copied whole")]
    NotTflite(String),
    /// The network's structure is not one that can be run here.
    #[error("the model {problem}: {remedy}")]
    Graph {
        /// What it has or lacks.
        problem: String,
        /// What to change.
        remedy: &'static str,
    },
    /// One of the network's operators is not one that is known to give the right numbers here.
    #[error("operator {index} of the model, {operator}, {problem}: {remedy}")]
    Operator {
        /// Its place in the file, counted from 0 as model viewers do.
        index: usize,
        /// Its name, as `CONV_2D`.
        operator: String,
        /// What it has or lacks.
        problem: String,
        /// What to change.
        remedy: &'static str,
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
    /// The engine that runs networks does not take it.
    #[error("the model cannot be prepared: {0}")]
    Engine(String),
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
    pub fn code(&self) -> &'static str {
        match self {
            Self::Resize(error) => error.code(),
            Self::NotFinite { .. } => "not_finite",
            Self::NotProbabilities { .. } => "not_probabilities",
            Self::Count { .. } => "count",
            Self::Engine(_) => "engine",
        }
    }
}
