//! The canonical form becomes a network that runs, on the engine `tract`.
//!
//! [`fuse`] finds the nodes that are one operator together. [`build`] makes the engine's model of them: of
//! [`ops`], operators of our own for what a network spends its time in, over kernels of our own, whose weights
//! [`pack`] lays out; and for all else of the engine's own, which [`wire`] says and [`plan`] makes ready for
//! this processor. [`whole`] has operators of our own on whole numbers.

mod build;
mod fuse;
mod network;
mod ops;
mod pack;
mod packs;
mod plan;
#[cfg(test)]
mod tests;
mod whole;
mod wire;

pub use network::Network;
pub(crate) use network::network;
