//! The canonical form becomes a network that runs, on the engine `tract`.
//!
//! [`fuse`] finds the nodes that are one operator together. [`build`] makes the engine's model of them, of
//! [`ops`], operators of our own: over kernels for what a network spends its time in, whose weights [`pack`] lays
//! out, and plain ones for all else, which [`wire`] says. [`whole`] has those on whole numbers. The engine keeps
//! the order in which they run, and lets go of what nobody reads any more.

mod build;
mod fuse;
mod network;
mod ops;
mod pack;
mod packs;
#[cfg(test)]
mod tests;
mod whole;
mod wire;

pub use network::Network;
pub(crate) use network::network;
