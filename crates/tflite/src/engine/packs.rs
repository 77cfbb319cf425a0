//! What is packed already.

use std::collections::HashMap;
use std::sync::Arc;

use crate::kernels::float::Packed;

/// Weights that are packed already, by where they lie in the file: layers that share weights share them
/// here too.
#[derive(Default)]
pub(super) struct Packs {
    pub(super) dense: HashMap<Place, Arc<Packed>>,
}

/// Whether the kernel is of 16 bits, where it and the bias lie, and how many values a result is made of.
type Place = (bool, [usize; 2], [usize; 2], usize);
