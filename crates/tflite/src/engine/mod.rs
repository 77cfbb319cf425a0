//! The canonical form becomes a network that runs, on the engine `tract`.
//!
//! [`build`] says each node in the engine's operators; the engine then *plans*: it folds constants, and
//! picks kernels for this processor. [`rescale`] is an operator of our own among the engine's.

mod build;
mod network;
mod rescale;
mod wire;

pub use network::Network;
pub(crate) use network::network;
