//! The canonical form of a model while it is made: float32, one input, fixed shapes, and operators of
//! a short list that the engine and the official runtime compute alike.
//!
//! Each method adds one operator and gives its result's number; each checks shapes first, for the
//! engine trusts them.

mod arrange;
mod compute;
mod model;
mod op;

pub(crate) use model::{Canonical, Content, Node, Tensor};
pub(crate) use op::{Binary, Comparison, Logical, Op, Reduction, Unary, Window};
