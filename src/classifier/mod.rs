//! A TensorFlow Lite file and a photo make scores: one probability per label.
//!
//! A [`Model`] is a network and how photos become its input; a [`Classifier`] also knows what its outputs
//! are called. Both are made once from what is known about a model, and then only read: share one in
//! an `Arc` and call it from as many threads as there are cores. What is known comes from its user (a
//! [`Choice`]), else from `FILE.toml` beside `FILE.tflite`, else from TensorFlow Lite Metadata in the
//! file, each piece for itself.
//!
//! ```text
//! FILE.tflite ─▶ lookbook_tflite: a network ─┐
//!           └─▶ metadata ─┐                   ├─▶ Classifier ── classify(photo) ─▶ Scores
//! FILE.toml ─▶ draft ─────┼─▶ knowledge ──────┘
//! settings ─▶ choice ─────┘
//! ```
//!
//! One photo takes one thread for some tens of milliseconds, which is far too long for a thread that
//! also drives the network. [`Workers`] are threads for that work alone.
//!
//! Model files are treated as hostile. [`lookbook_tflite`] makes networks of them, which give the same
//! numbers as the official runtime; what it cannot do so is refused at load with a [`ModelError`] that
//! names it.

mod asking;
mod choice;
// The type that all others serve.
#[allow(clippy::module_inception)]
mod classifier;
mod description;
mod draft;
mod embedded;
mod error;
mod inspection;
mod knowledge;
mod label_list;
mod metadata;
mod model;
mod model_hash;
mod model_id;
mod proposal;
mod scores;
mod size;
#[cfg(test)]
mod tests;
mod workers;

pub use lookbook_tflite::{End, Precision};

pub use choice::{Choice, Content, ModelFile, Normalise, Origin};
pub use classifier::Classifier;
pub use description::{Colours, Description, Input, Output, Resize};
pub use draft::{DescriptionError, Draft, Normalisation};
pub use error::{ClassifyError, ModelError};
pub use inspection::{Inspection, inspect};
pub use knowledge::MAX_MODEL_BYTES;
pub use metadata::{Metadata, MetadataError, Statistics};
pub use model::{Model, convert};
pub use model_hash::{ModelHash, ModelHashError};
pub use model_id::ModelId;
pub use scores::Scores;
pub use size::Size;
pub use workers::{WorkerError, Workers};
