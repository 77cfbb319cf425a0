//! A TensorFlow Lite file and a photo make scores: one probability per label.
//!
//! A model is two files that lie side by side. `clothing.tflite` is the network; `clothing.toml`, its
//! [`Description`], says what the network itself cannot: the names of its outputs, how pixels become
//! numbers, and below which confidence a person should look. A [`Classifier`] is made from both, once,
//! and then only read: share it in an `Arc` and call [`Classifier::classify`] from as many threads as
//! there are cores.
//!
//! ```text
//! FILE.tflite ─▶ tflite: verify, check, plan ─┐
//!                                             ├─▶ Classifier ── classify(photo) ─▶ Scores
//! FILE.toml ───▶ Description ─────────────────┘
//! ```
//!
//! One photo takes one thread for some tens of milliseconds, which is far too long for a thread that
//! also drives the network. [`Workers`] are threads for that work alone.
//!
//! Model files are treated as hostile. The loader accepts operators by a list, and only in the
//! forms that give the same numbers as the official runtime; everything else is refused at load with
//! a [`ModelError`] that says what to change. A wrong number is worse than no number.

mod contain;
mod description;
mod embedded;
mod engine;
mod error;
mod label;
mod model_id;
#[cfg(test)]
mod parity;
mod scores;
mod tflite;
mod workers;

pub use description::{Description, DescriptionError, Input, Output, Resize};
pub use engine::Classifier;
pub use error::{ClassifyError, ModelError};
pub use label::{Label, LabelError};
pub use model_id::ModelId;
pub use scores::Scores;
pub use workers::{WorkerError, Workers};
