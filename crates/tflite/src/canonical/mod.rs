//! The canonical form of a model while it is made: one input, fixed shapes, and operators of a short
//! list that the engine and the official runtime compute alike.
//!
//! A tensor holds real values (float32), flags, or whole numbers of 8 bits that stand for real values on
//! a [`Grid`](crate::kernels::whole::Grid). What computes with whole numbers is a [`Whole`], which holds
//! the kernel's own parameters; what only moves values about is the same for all of them.
//!
//! Each method adds one operator and gives its result's number; each checks shapes first, for the
//! engine trusts them.

mod arrange;
mod compute;
mod compute_whole;
mod layers;
mod model;
mod op;
mod whole;

pub(crate) use model::{Canonical, Content, Node, Tensor};
pub(crate) use op::{Binary, Comparison, Logical, Op, Reduction, Unary, Window};
pub(crate) use whole::{Layer, Over, Pair, Pool, Transposed, Weights, Whole};
