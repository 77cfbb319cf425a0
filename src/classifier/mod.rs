//! A TensorFlow Lite file and a photo make scores: one probability per label.
//!
//! A [`Model`] is a network and how photos become its input; a [`Classifier`] also knows what its outputs
//! are called. Both are made once from what is known about a model, and then only read: share one in
//! an `Arc` and call it from as many threads as there are cores. What is known comes from its user (a
//! [`Choice`]), else from `FILE.toml` beside `FILE.tflite`, else from TensorFlow Lite Metadata in the
//! file, each piece for itself.
//!
//! ```text
//! FILE.tflite ─▶ tflite: verify, lower, plan ─┐
//!           └─▶ metadata ─┐                   ├─▶ Classifier ── classify(photo) ─▶ Scores
//! FILE.toml ─▶ draft ─────┼─▶ knowledge ──────┘
//! settings ─▶ choice ─────┘
//! ```
//!
//! One photo takes one thread for some tens of milliseconds, which is far too long for a thread that
//! also drives the network. [`Workers`] are threads for that work alone.
//!
//! Model files are treated as hostile. The loader says each of a model's operators in a short list of
//! operators that give the same numbers as the official runtime; what cannot be said so is refused at
//! load with a [`ModelError`] that names it. A wrong number is worse than no number.

mod choice;
mod contain;
mod description;
mod draft;
mod embedded;
mod engine;
mod error;
mod inspection;
mod knowledge;
mod metadata;
mod model;
mod model_id;
#[cfg(test)]
mod parity;
mod scores;
mod tflite;
mod workers;

pub use choice::{Choice, Normalise, Origin};
pub use description::{Description, Input, Output, Resize};
pub use draft::{DescriptionError, Draft, Normalisation};
pub use engine::Classifier;
pub use error::{ClassifyError, ModelError};
pub use inspection::{Inspection, inspect};
pub use metadata::{Metadata, MetadataError, Statistics};
pub use model::{Model, convert};
pub use model_id::ModelId;
pub use scores::Scores;
pub use tflite::Kind;
pub use workers::{WorkerError, Workers};
