//! Each operator of a file, said in operators of the canonical form.
//!
//! The operators are gone over once, in the file's order. What is known before any input is (constants
//! and all that follows from shapes) is computed at once and leaves no trace; all else becomes a
//! [`Wire`](value::Wire). An operator whose operands and result are whole numbers of 8 bits becomes one
//! on whole numbers, if there is one that rounds as the official runtime's; otherwise it is computed with
//! the real values that they stand for, and the result is rounded.

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
mod resize;
mod select;
mod site;
mod slice;
mod transpose_conv;
mod value;
mod weights;
mod window;

pub(crate) use lowering::Lowering;
