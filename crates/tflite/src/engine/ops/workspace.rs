//! The memory that a run of a network works in.
//!
//! Fresh memory costs as much as computing a layer: the system hands it out page by page, each cleared.
//! So a network keeps the memory of its last runs, and the next ones compute in it. A workspace belongs to
//! one run at a time; it lies in the thread's [`HERE`] meanwhile, for the engine's operators have no other
//! place to find it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tract_tflite::internal::{Datum, IntoTensor as _, TractResult};
use tract_tflite::prelude::tract_num_traits::Zero;
use tract_tflite::prelude::{TValue, Tensor};

use crate::kernels::float::Aligned;

thread_local! {
    /// That of the run on this thread.
    static HERE: RefCell<Workspace> = RefCell::default();
}

/// The most bytes of tensors that one workspace keeps. Usual networks need a tenth: there is a tensor or two
/// of each size, for memory of one size cannot become a tensor of another.
const MAX_KEPT: usize = 256 << 20;

/// The memory of one run.
#[derive(Debug, Default)]
pub(in crate::engine) struct Workspace {
    /// Tensors whose values nobody needs any more, the latest last.
    tensors: VecDeque<Tensor>,
    /// Of [`tensors`](Self::tensors).
    bytes: usize,
    /// For an operator while it computes.
    pub(super) scratch: Scratch,
}

/// Memory for one operator while it computes. Its content is arbitrary but for that of `zeros`.
#[derive(Debug, Default)]
pub(in crate::engine) struct Scratch {
    /// Lines of an image with their padding.
    pub(super) padded: Aligned,
    /// Lines of what a block's first convolution makes.
    pub(super) ring: Aligned,
    /// Lines of what a depthwise convolution makes.
    pub(super) wide: Aligned,
    /// Nothing but zeros.
    pub(super) zeros: Aligned,
}

impl Workspace {
    /// A tensor of arbitrary content.
    pub(in crate::engine) fn take<T: Datum + Zero>(
        &mut self,
        shape: &[usize],
    ) -> TractResult<Tensor> {
        let len: usize = shape.iter().product();
        let fits = |tensor: &Tensor| tensor.len() == len && tensor.datum_type() == T::datum_type();
        let found = self.tensors.iter().rposition(fits);
        match found.and_then(|place| self.tensors.remove(place)) {
            Some(mut tensor) => {
                self.bytes -= size(&tensor);
                tensor.set_shape(shape)?;
                Ok(tensor)
            }
            None => Tensor::zero::<T>(shape),
        }
    }

    /// Keeps a tensor that nobody else has, if it holds real values or bytes.
    pub(in crate::engine) fn give(&mut self, value: TValue) {
        self.keep(value, MAX_KEPT);
    }

    /// The same; of all that is kept, the oldest goes until there are `most` bytes.
    fn keep(&mut self, value: TValue, most: usize) {
        let plain = [f32::datum_type(), u8::datum_type()].contains(&value.datum_type());
        if !plain || !value.is_exclusive() {
            return;
        }
        let tensor = value.into_tensor();
        self.bytes += size(&tensor);
        self.tensors.push_back(tensor);
        while self.bytes > most {
            let Some(oldest) = self.tensors.pop_front() else { break };
            self.bytes -= size(&oldest);
        }
    }
}

fn size(tensor: &Tensor) -> usize {
    tensor.datum_type().size_of() * tensor.len()
}

/// The workspaces of a network's earlier runs.
#[derive(Debug)]
pub(in crate::engine) struct Workspaces {
    kept: Mutex<Vec<Workspace>>,
    /// How many there may be: one for each processor. To ask for those is slow.
    most: usize,
}

impl Default for Workspaces {
    fn default() -> Self {
        let most = std::thread::available_parallelism().map_or(1, usize::from);
        Self { kept: Mutex::default(), most }
    }
}

impl Workspaces {
    /// Does something in a workspace, which is kept for the next run. As many are kept as there are
    /// processors; after a panic it is not.
    pub(in crate::engine) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        let own = self.lock().pop().unwrap_or_default();
        let here = Here(HERE.replace(own));
        let result = work();
        let own = HERE.take();
        drop(here);
        let mut kept = self.lock();
        if kept.len() < self.most {
            kept.push(own);
        }
        result
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Workspace>> {
        // A list of workspaces is right at any time.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was [`HERE`] before a run, and is again after it, even if it panics.
struct Here(Workspace);

impl Drop for Here {
    fn drop(&mut self) {
        HERE.set(std::mem::take(&mut self.0));
    }
}

/// Does something with the workspace of the run on this thread.
pub(in crate::engine) fn here<T>(work: impl FnOnce(&mut Workspace) -> T) -> T {
    HERE.with_borrow_mut(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_that_nobody_needs_is_the_next_of_its_size() {
        let mut workspace = Workspace::default();
        let mut tensor = workspace.take::<f32>(&[2, 3]).unwrap();
        tensor.try_as_plain_ram_mut().unwrap().as_slice_mut::<f32>().unwrap().fill(7.0);
        workspace.give(tensor.into());
        assert_eq!(workspace.bytes, 24);
        let other = workspace.take::<f32>(&[5]).unwrap();
        assert_eq!(other.try_as_plain_ram().unwrap().as_slice::<f32>().unwrap(), [0.0; 5]);
        assert_eq!(workspace.take::<u8>(&[2, 3]).unwrap().datum_type(), u8::datum_type());
        let again = workspace.take::<f32>(&[3, 2]).unwrap();
        assert_eq!(again.try_as_plain_ram().unwrap().as_slice::<f32>().unwrap(), [7.0; 6]);
        assert_eq!((again.shape(), workspace.bytes), (&[3, 2][..], 0));
    }

    #[test]
    fn what_others_have_or_is_too_much_is_not_kept() {
        let mut workspace = Workspace::default();
        let value: TValue = workspace.take::<f32>(&[4]).unwrap().into();
        workspace.give(value.clone());
        assert_eq!(workspace.tensors.len(), 0);
        drop(value);
        workspace.give(Tensor::zero::<i32>(&[4]).unwrap().into());
        assert_eq!(workspace.tensors.len(), 0);
        for _ in 0..20 {
            let tensor = Tensor::zero::<f32>(&[16]).unwrap();
            workspace.keep(tensor.into(), 256);
        }
        assert_eq!((workspace.tensors.len(), workspace.bytes), (4, 256));
    }

    #[test]
    fn a_network_keeps_as_many_workspaces_as_there_are_processors() {
        let workspaces = Workspaces::default();
        let bytes = workspaces.within(|| {
            here(|workspace| {
                let tensor = workspace.take::<f32>(&[10]).unwrap();
                workspace.give(tensor.into());
            });
            // Another run, as on another thread.
            workspaces.within(|| here(|workspace| workspace.bytes))
        });
        assert_eq!(bytes, 0);
        assert_eq!(workspaces.lock().len(), workspaces.most.min(2));
        assert_eq!(workspaces.within(|| here(|workspace| workspace.bytes)), 40);
    }
}
