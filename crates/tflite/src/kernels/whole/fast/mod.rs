//! Whole numbers on vectors, bit for bit what their plain twins give.
//!
//! A convolution over all channels ([`Packed8`]) is a product of matrices. Its weights are packed once, in
//! the order in which tiles read them (`panels`); its input is copied only where it has padding (`windows`).
//! A tile keeps the sums of a few places and of a panel of channels in registers, and turns them into bytes
//! there, with all roundings of the runtime (`steps`). A convolution of each channel alone ([`Deep8`]) lays
//! rows of its input between each other, so that a vector multiplies a whole column of a window.
//!
//! Each has kernels for AVX-512 (with VNNI, which the level includes), AVX2 and NEON; on other levels, and
//! for numbers beyond what vectors hold (see `steps`), the twin computes. Processors with VNNI but without
//! AVX-512 have no level of their own in `fearless_simd`, and without one they cannot be reached from safe
//! code; the products of four of newer ARM ones (`sdot`) are not in stable Rust.
//!
//! [`Binary8`] is `ADD`, `SUB` and `MUL`; [`quantise`], [`table`] and [`average_pool`] are loops that the compiler
//! turns into vectors, for each level.

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
mod deep_form;
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
pub(crate) use elements::{average_pool, quantise, table};
pub(crate) use packed::{Packed8, Scratch};
