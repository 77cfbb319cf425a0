//! A TensorFlow Lite image model becomes a network that runs, in Rust alone.
//!
//! ```no_run
//! let file = std::fs::read("mobilenet.tflite")?;
//! let network = lookbook_tflite::Network::open(&file)?;
//! let ends = network.ends();
//! let grey = vec![0.5; ends.height * ends.width * ends.channels];
//! let answer = network.run(&grey)?;
//! assert_eq!(answer.len(), ends.outputs);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Models in float32, float16, with a dynamic range and in whole numbers answer as they do in the
//! official runtime, or are refused with all reasons at once: a wrong number is worse than no number.
//! Files are treated as hostile: whatever is in one, it is an error or a network, after a bounded time
//! and within bounded memory.
//!
//! ```text
//! file ─▶ verify ─▶ source ─▶ lower ─▶ canonical ─▶ engine ─▶ Network
//!          offsets   tensors,  operator   fixed shape,  plans
//!                    operators by operator few kinds   └▶ write ─▶ a file again
//! ```
//!
//! The *verifier* of the container format makes sure that every offset in the file points into it.
//! `source` reads tensors and operators, every number checked. `lower` says each operator in operators
//! of the `canonical` form, a model of which the engine is known to give the official runtime's numbers:
//! real values in float32, and whole numbers of 8 bits in whole numbers, rounded as the runtime rounds
//! them, to the last step. The `engine` finds what is one operator together, lays its weights out for this
//! processor, and computes it with `kernels` of this crate, in a plan of
//! [`tract`](https://docs.rs/tract-core). `write` makes a TensorFlow Lite file of the canonical form. All of it runs with panics contained.

mod array;
mod ask;
mod canonical;
mod complaint;
mod constant;
mod contain;
mod convert;
mod ends;
mod engine;
mod error;
mod form;
mod grid;
mod kernels;
mod kind;
mod lower;
mod name;
mod quantisation;
mod realign;
mod report;
mod source;
mod stored;
#[cfg(test)]
mod tests;
mod write;

pub use ask::{Ask, MAX_SIDE};
pub use complaint::{Complaint, Remedy};
pub use contain::contain;
pub use convert::{Converted, convert, convert_as, report};
pub use ends::{Ends, Pixels};
pub use engine::Network;
pub use error::{Error, Problems, RunError};
pub use report::{End, Precision, Report};
