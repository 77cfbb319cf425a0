//! What can go wrong with a model, and with a photo that it is shown.

use std::io;
use std::path::PathBuf;

use lookbook_tflite::{End, Problems};

use super::DescriptionError;
use super::choice::Origin;
use super::metadata::MetadataError;
use super::model_hash::ModelHash;
use super::size::Size;
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
    /// A folder was named, not a file.
    #[error(
        "{} is a folder: name the .tflite file in it; of a TensorFlow SavedModel, \
         tf.lite.TFLiteConverter.from_saved_model makes one",
        path.display()
    )]
    Folder {
        /// Which.
        path: PathBuf,
    },
    /// The model file is larger than any that could be meant.
    #[error("{} has more than {limit} bytes, the most that a model may have", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// In bytes.
        limit: u64,
    },
    /// The file's content is not the one that is pinned.
    #[error(
        "{} has the SHA-256 {found}, and not {pinned}: put back the file that was meant, or correct \
         --model-sha256 (MODEL_SHA256)",
        path.display()
    )]
    Hash {
        /// Which file.
        path: PathBuf,
        /// That of its content.
        found: ModelHash,
        /// That which it should have.
        pinned: ModelHash,
    },
    /// Nobody says what the outputs are called.
    #[error(
        "nobody says what the model's {} called: give a file with one label a \
         line, --labels FILE (LABELS_FILE), or write, in a file beside the model that ends with \
         .toml, one for each output (two for a single output):\n\n{}",
        if *outputs == 1 { "only output is".to_owned() } else { format!("{outputs} outputs are") },
        example(*outputs)
    )]
    NoLabels {
        /// How many labels are needed.
        outputs: usize,
    },
    /// The network's answer is no score for each label.
    #[error(
        "the model answers with whole numbers, as the place of the greatest score, and not with a \
         score for each label: say another output, --output N (OUTPUT_NUMBER), or export it with \
         its scores as output"
    )]
    Places,
    /// There are more labels than outputs, or fewer.
    #[error(
        "the model has {outputs} output{}, but there are {labels} labels (from the {origin}): {}",
        if *outputs == 1 { "" } else { "s" },
        how_many(*outputs, *labels)
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
        "nobody says how pixels become the model's numbers: give --normalise -1..1, 0..1, 0..255, \
         imagenet or caffe (NORMALISE), as the model was trained with, or write, in a file beside \
         the model that ends with .toml:\n\n[input]\nmean = [127.5, 127.5, 127.5]  # a value v from 0 \
         to 255 becomes (v - mean) / std\nstd = [127.5, 127.5, 127.5]"
    )]
    NoNormalisation,
    /// A normalisation was given for whole numbers that stand for something else.
    #[error(
        "the model's input holds whole numbers that stand for {:.2} to {:.2}, but the normalisation \
         makes {:.2} to {:.2} of pixels: leave --normalise (NORMALISE) away, and mean and std in its \
         description, and it takes pixels as they are",
        holds[0], holds[1], given[0], given[1]
    )]
    Normalised {
        /// What the least and the greatest number stand for.
        holds: [f32; 2],
        /// What a pixel's values become, at least and at most.
        given: [f32; 2],
    },
    /// Nobody says how large the model's input is.
    #[error(
        "the model's file leaves open how wide and high its input is, and nobody says it: give \
         --size WIDTHxHEIGHT (INPUT_SIZE), that of the images that the model was trained with, or write, \
         in a file beside the model that ends with .toml:\n\n[input]\nsize = \"224x224\""
    )]
    NoSize,
    /// A size was given for a model that has another.
    #[error(
        "the model takes photos of {width}x{height} pixels, and not of {size}: leave --size (INPUT_SIZE) away"
    )]
    Size {
        /// That of the model.
        width: usize,
        /// That of the model.
        height: usize,
        /// That which was given.
        size: Size,
    },
    /// Nobody says which of several outputs has the scores.
    #[error(
        "the model has {} output{} ({}): say which one has a score for each label, --output N \
         (OUTPUT_NUMBER), or write, in a file beside the model that ends with .toml:\n\noutput_number = 0",
        outputs.len(),
        if outputs.len() == 1 { "" } else { "s" },
        listed(outputs)
    )]
    Outputs {
        /// All of them, in order.
        outputs: Vec<End>,
    },
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

impl From<lookbook_tflite::Error> for ModelError {
    fn from(error: lookbook_tflite::Error) -> Self {
        match error {
            lookbook_tflite::Error::NoSize => Self::NoSize,
            error => Self::Network(error),
        }
    }
}

impl From<Problems> for ModelError {
    fn from(problems: Problems) -> Self {
        match problems.others() {
            0 => problems.into_first().into(),
            others => Self::Several { first: problems.into_first(), others },
        }
    }
}

/// What to do about labels that are not as many as outputs.
fn how_many(outputs: usize, labels: usize) -> String {
    match outputs {
        1 => "give two, for what it answers near 0 and for what it answers near 1".to_owned(),
        _ if outputs == labels + 1 => "give one for each output, in their order. If the first \
             output stands for what is none of them, as in many models of 1001 outputs, write \
             background = true in the description beside the model, or a first label background"
            .to_owned(),
        _ if labels == outputs + 1 => "give one for each output, in their order. If the first \
             label stands for what is none of the others, take it away"
            .to_owned(),
        _ => "give one for each output, in their order".to_owned(),
    }
}

/// Outputs with their numbers, names and shapes.
fn listed(outputs: &[End]) -> String {
    let each = outputs.iter().enumerate().take(16).map(|(number, End { name, kind, shape })| {
        format!("{number} is \"{name}\", {} {shape:?}", kind.to_lowercase())
    });
    each.collect::<Vec<_>>().join("; ")
}

/// A line of a description with so many labels, cut short if they are many.
pub(super) fn example(outputs: usize) -> String {
    if outputs == 1 {
        return "labels = [\"negative\", \"positive\"]".to_owned();
    }
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
