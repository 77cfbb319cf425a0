//! The canonical form becomes a network that runs, on the engine `tract`.
//!
//! [`build`] says each node in the engine's operators; the engine then *plans*: it folds constants, and
//! picks kernels for this processor. [`whole`] has operators of our own on whole numbers.

mod build;
mod network;
mod whole;
mod wire;

pub use network::Network;
pub(crate) use network::network;
