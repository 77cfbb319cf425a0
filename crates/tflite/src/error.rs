//! Why a file is no network that can be run.

use std::fmt;

use crate::complaint::Complaint;

/// One thing that is wrong with a model. Each says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a TensorFlow Lite file, or a damaged one.
    #[error("not a TensorFlow Lite model: {0}: check that the file was copied whole")]
    NotTflite(String),
    /// A file of another kind.
    #[error("not a TensorFlow Lite model, but {what}: {advice}")]
    OtherFile {
        /// What it is, as "an ONNX model".
        what: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// The file does not say how large its input is, and nobody was asked.
    #[error(
        "the model takes images of any size, so that its file does not say the right one: say the \
         width and height of the images that it was trained with"
    )]
    NoSize,
    /// The network's structure is not one that can be run here.
    #[error("the model {0}")]
    Graph(Complaint),
    /// One of the network's operators is not one that is known to give the right numbers here.
    #[error("operator {index} of the model, {operator}, which makes {tensor}, {complaint}")]
    Operator {
        /// Its place in the file, counted from 0 as model viewers do.
        index: usize,
        /// Its name, as `CONV_2D`.
        operator: String,
        /// The tensor that it writes, as the file names it, in quotation marks.
        tensor: String,
        /// What is wrong with it.
        complaint: Complaint,
    },
    /// The engine that runs networks does not take it.
    #[error("the model cannot be prepared: {0}")]
    Engine(String),
}

impl From<Complaint> for Error {
    fn from(complaint: Complaint) -> Self {
        Self::Graph(complaint)
    }
}

/// All that is wrong with a model, in the file's order; at least one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    first: Error,
    others: Vec<Error>,
}

impl Problems {
    /// The problems of a list, if it has any.
    pub(crate) fn of(errors: Vec<Error>) -> Option<Self> {
        let mut errors = errors.into_iter();
        let first = errors.next()?;
        Some(Self { first, others: errors.collect() })
    }

    /// The first in the file.
    #[must_use]
    pub fn first(&self) -> &Error {
        &self.first
    }

    /// The first in the file.
    #[must_use]
    pub fn into_first(self) -> Error {
        self.first
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Error> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// How many there are besides the first.
    #[must_use]
    pub fn others(&self) -> usize {
        self.others.len()
    }
}

impl From<Error> for Problems {
    fn from(error: Error) -> Self {
        Self { first: error, others: vec![] }
    }
}

impl From<Complaint> for Problems {
    fn from(complaint: Complaint) -> Self {
        Error::from(complaint).into()
    }
}

impl IntoIterator for Problems {
    type Item = Error;
    type IntoIter = std::iter::Chain<std::iter::Once<Error>, std::vec::IntoIter<Error>>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self.first).chain(self.others)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.others() {
            0 => write!(f, "{}", self.first),
            others => write!(f, "{} (and {others} more)", self.first),
        }
    }
}

impl std::error::Error for Problems {}

/// Why a network gave no answer: the engine's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RunError(pub String);
