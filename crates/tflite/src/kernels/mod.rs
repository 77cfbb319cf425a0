//! What a network spends its time in: plain functions over slices, for each instruction set of a
//! processor.
//!
//! Nothing here knows the engine, a file, or a tensor's name. Tensors are slices of rows, columns and
//! channels, the channels side by side (NHWC), of one image. [`float`] computes with real values,
//! [`whole`] with whole numbers of 8 bits, exactly as the official runtime rounds them.
//!
//! Every kernel has a twin: the same in plain Rust, which says what is right, and which a test compares
//! it with over shapes, strides, paddings and numbers of channels. The instruction set is looked up once,
//! when a network is made, and kept as a [`Level`] with the weights that were packed for it.

mod aligned;
pub(crate) mod float;
mod geometry;
mod prefetch;
mod strides;
pub(crate) mod whole;

pub(crate) use fearless_simd::Level;

pub(crate) use geometry::Geometry;
pub(crate) use strides::Strides;
