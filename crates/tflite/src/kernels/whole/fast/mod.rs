//! Convolutions of whole numbers on vectors, bit for bit what their plain twins give.
//!
//! Weights are packed once, in the order in which tiles read them ([`panels`]); an input is copied only
//! where it has padding ([`windows`]). A tile keeps the sums of a few places and of a panel of channels in
//! registers, and at its end turns them into bytes there ([`steps`]).

mod aligned;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod binary;
mod deep;
#[cfg(target_arch = "x86_64")]
mod deep2;
#[cfg(target_arch = "x86_64")]
mod deep512;
#[cfg(target_arch = "aarch64")]
mod deep_neon;
mod elements;
mod even;
#[cfg(target_arch = "aarch64")]
mod neon;
mod packed;
mod panels;
mod steps;
#[cfg(test)]
mod tests;
mod tile;
mod windows;

pub(crate) use binary::Binary8;
pub(crate) use deep::Deep8;
pub(crate) use elements::{average_pool, max_pool, quantise, table};
pub(crate) use packed::{Packed8, Scratch};
