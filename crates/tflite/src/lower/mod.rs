//! Each operator of a file, said in operators of the canonical form.
//!
//! The operators are gone over once, in the file's order. What is known before any input is (constants
//! and all that follows from shapes) is computed at once and leaves no trace; all else becomes a
//! [`Wire`](value::Wire). Whole numbers on a grid, as integer models have them, become floats that hold the same
//! whole numbers: see [`quant`].

mod activation;
mod builtin;
mod conv;
mod dispatch;
mod elementwise;
mod extreme;
mod fold;
mod layout;
mod lowering;
mod numbers;
mod pool;
mod power;
mod quant;
mod reduce;
mod requant;
mod resize;
mod select;
mod site;
mod slice;
mod transpose_conv;
mod unit;
mod value;
mod window;

pub(crate) use lowering::Lowering;
