//! A model in canonical form, and the bounds that keep it small.

use super::op::{Op, Reduction};
use super::whole::Whole;
use crate::array::{Array, Data};
use crate::complaint::{Complaint, Remedy};
use crate::kernels::whole::{self, Grid};

/// A model in canonical form.
#[derive(Default)]
pub(crate) struct Canonical<'m> {
    pub(crate) tensors: Vec<Tensor<'m>>,
    pub(crate) nodes: Vec<Node>,
    /// The operators on whole numbers, in the nodes' order.
    pub(crate) wholes: Vec<Whole>,
    /// What the next nodes are named after.
    pub(crate) prefix: String,
    /// Of constants, in all.
    constants: usize,
    /// Of all tensors.
    values: usize,
    /// Multiplications and additions in pairs, in all.
    multiply_adds: u64,
    /// Work of any kind, in all.
    work: u64,
}

/// What passes between nodes, or a constant.
pub(crate) struct Tensor<'m> {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) content: Content<'m>,
}

impl Tensor<'_> {
    fn into_owned(self) -> Tensor<'static> {
        let content = match self.content {
            Content::Computed => Content::Computed,
            Content::Flags => Content::Flags,
            Content::Whole(grid) => Content::Whole(grid),
            Content::Bytes(grid, bytes) => Content::Bytes(grid, bytes),
            Content::Floats(array) => Content::Floats(array.into_owned()),
            Content::Integers(values) => Content::Integers(values),
        };
        Tensor { name: self.name, shape: self.shape, content }
    }
}

/// Where a tensor's values come from.
pub(crate) enum Content<'m> {
    /// From a node, or from outside.
    Computed,
    /// Yes or no for each place, from a node.
    Flags,
    /// Whole numbers on this grid, from a node.
    Whole(Grid),
    /// Whole numbers on this grid, known now.
    Bytes(Grid, Vec<u8>),
    /// From the file.
    Floats(Array<'m>),
    /// Shapes and axes.
    Integers(Vec<i32>),
}

/// One operator.
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) inputs: Vec<usize>,
    pub(crate) output: usize,
}

impl<'m> Canonical<'m> {
    /// The most values of one tensor: 256 MiB.
    pub(crate) const MAX_VALUES: usize = 1 << 26;
    /// The most values of all tensors together.
    const MAX_ALL_VALUES: usize = 1 << 32;
    /// The most values of all constants: 512 MiB.
    const MAX_CONSTANTS: usize = 1 << 27;
    /// The most nodes.
    const MAX_NODES: usize = 1 << 16;
    /// The most work for one input: some minutes.
    const MAX_WORK: u64 = 1 << 40;

    /// The same without a file that it borrows from.
    pub(crate) fn into_owned(self) -> Canonical<'static> {
        let Self { tensors, nodes, wholes, prefix, constants, values, multiply_adds, work } = self;
        let tensors = tensors.into_iter().map(Tensor::into_owned).collect();
        Canonical { tensors, nodes, wholes, prefix, constants, values, multiply_adds, work }
    }

    /// The pairs of a multiplication and an addition that one input takes.
    pub(crate) fn multiply_adds(&self) -> u64 {
        self.multiply_adds
    }

    /// The shape of a tensor.
    pub(crate) fn shape(&self, tensor: usize) -> &[usize] {
        &self.tensors[tensor].shape
    }

    /// A tensor whose values come from outside.
    pub(crate) fn input(&mut self, shape: Vec<usize>) -> Result<usize, Complaint> {
        self.push(shape, Content::Computed)
    }

    /// A constant.
    pub(crate) fn constant(&mut self, array: &Array<'m>) -> Result<usize, Complaint> {
        self.count_constants(array.len())?;
        let array = match array.data {
            Data::Integers(_) | Data::Stored(_) => {
                let shape = array.shape.clone();
                Array { shape, data: Data::Floats(array.to_floats()) }
            }
            _ => array.clone(),
        };
        self.push(array.shape.clone(), Content::Floats(array))
    }

    /// A constant of whole numbers on a grid, from the real values that they stand for.
    pub(crate) fn whole_constant(
        &mut self,
        array: &Array<'m>,
        grid: Grid,
    ) -> Result<usize, Complaint> {
        self.count_constants(array.len())?;
        let mut bytes = vec![0; array.len()];
        whole::quantise(grid, &array.to_floats(), &mut bytes);
        self.push(array.shape.clone(), Content::Bytes(grid, bytes))
    }

    /// Counts constants, before they are copied.
    pub(super) fn count_constants(&mut self, count: usize) -> Result<(), Complaint> {
        self.constants = self.constants.saturating_add(count);
        if self.constants > Self::MAX_CONSTANTS {
            return Err(Complaint::new("needs too many weights", Remedy::SmallerInput));
        }
        Ok(())
    }

    /// A constant that is one number.
    pub(crate) fn scalar(&mut self, value: f32) -> Result<usize, Complaint> {
        self.constant(&Array::scalar(value))
    }

    /// A constant of whole numbers: a shape, axes, or positions.
    pub(super) fn integers(
        &mut self,
        shape: Vec<usize>,
        values: &[usize],
    ) -> Result<usize, Complaint> {
        let values = values.iter().map(|value| i32::try_from(*value)).collect::<Result<_, _>>();
        let values = values
            .map_err(|_| Complaint::new("has a shape beyond all bounds", Remedy::SmallerInput))?;
        self.push(shape, Content::Integers(values))
    }

    pub(super) fn list(&mut self, values: &[usize]) -> Result<usize, Complaint> {
        self.integers(vec![values.len()], values)
    }

    pub(super) fn push(
        &mut self,
        shape: Vec<usize>,
        content: Content<'m>,
    ) -> Result<usize, Complaint> {
        let count = shape.iter().try_fold(1_usize, |all, side| all.checked_mul(*side));
        if count.is_none_or(|count| count == 0 || count > Self::MAX_VALUES) {
            return Err(Complaint::new(
                format!("has a tensor of {shape:?}, which is empty or too large"),
                Remedy::SmallerInput,
            ));
        }
        self.values += count.unwrap_or_default();
        if self.values > Self::MAX_ALL_VALUES {
            return Err(Complaint::new("makes the network too much work", Remedy::SmallerInput));
        }
        let name = format!("{}/{}", self.tensors.len(), self.prefix);
        self.tensors.push(Tensor { name, shape, content });
        Ok(self.tensors.len() - 1)
    }

    pub(super) fn node(
        &mut self,
        op: Op,
        inputs: Vec<usize>,
        shape: Vec<usize>,
    ) -> Result<usize, Complaint> {
        let flags = inputs.iter().filter(|input| self.is_flags(**input)).count();
        let (wanted, content) = match op {
            Op::Compare(_) => (0, Content::Flags),
            Op::Logical(_) => (inputs.len(), Content::Flags),
            Op::Select => (1, self.like(&inputs[1..])?),
            Op::Concat(_) => (0, self.like(&inputs)?),
            Op::Reshape
            | Op::Broadcast
            | Op::Pad
            | Op::Transpose
            | Op::Slice
            | Op::Reduce(Reduction::Max | Reduction::Min) => (0, self.like(&inputs[..1])?),
            _ => (0, Content::Computed),
        };
        if flags != wanted {
            return Err(Complaint::new(
                "computes with yes and no as if they were numbers",
                Remedy::Damaged,
            ));
        }
        if matches!(content, Content::Computed | Content::Flags)
            && inputs.iter().any(|input| self.grid(*input).is_some())
        {
            return Err(Complaint::new("joins whole numbers with real ones", Remedy::Damaged));
        }
        self.result(op, inputs, shape, content)
    }

    /// An operator on whole numbers; its result is on a grid, or real.
    pub(super) fn whole_node(
        &mut self,
        whole: Whole,
        inputs: Vec<usize>,
        shape: Vec<usize>,
        grid: Option<Grid>,
    ) -> Result<usize, Complaint> {
        self.wholes.push(whole);
        let op = Op::Whole(self.wholes.len() - 1);
        self.result(op, inputs, shape, grid.map_or(Content::Computed, Content::Whole))
    }

    /// A tensor that a node makes.
    pub(super) fn result(
        &mut self,
        op: Op,
        inputs: Vec<usize>,
        shape: Vec<usize>,
        content: Content<'m>,
    ) -> Result<usize, Complaint> {
        let output = self.push(shape, content)?;
        if self.nodes.len() >= Self::MAX_NODES {
            return Err(Complaint::new("takes too many operators", Remedy::SmallerInput));
        }
        self.nodes.push(Node { op, inputs, output });
        Ok(output)
    }

    /// What the result of an operator holds that moves its operands' numbers without looking at them.
    fn like(&self, operands: &[usize]) -> Result<Content<'m>, Complaint> {
        let grid = operands.first().and_then(|operand| self.grid(*operand));
        if operands.iter().any(|operand| self.grid(*operand) != grid) {
            return Err(Complaint::new("joins numbers of different grids", Remedy::Export));
        }
        Ok(grid.map_or(Content::Computed, Content::Whole))
    }

    /// What a tensor's whole numbers stand for, if it holds such.
    pub(crate) fn grid(&self, tensor: usize) -> Option<Grid> {
        match self.tensors[tensor].content {
            Content::Whole(grid) | Content::Bytes(grid, _) => Some(grid),
            _ => None,
        }
    }

    /// Counts multiplications with their additions, before any is done.
    pub(super) fn count_pairs(&mut self, factors: &[usize]) -> Result<(), Complaint> {
        let pairs = self.count_work(factors)?;
        self.multiply_adds += pairs;
        Ok(())
    }

    /// Counts work of any kind, before any is done.
    pub(super) fn count_work(&mut self, factors: &[usize]) -> Result<u64, Complaint> {
        let product = factors.iter().try_fold(1_u64, |all, factor| all.checked_mul(*factor as u64));
        let work = product.filter(|work| self.work.saturating_add(*work) <= Self::MAX_WORK);
        let work = work.ok_or_else(|| {
            Complaint::new("makes the network too much work", Remedy::SmallerInput)
        })?;
        self.work += work;
        Ok(work)
    }

    /// Whether a tensor holds flags.
    pub(crate) fn is_flags(&self, tensor: usize) -> bool {
        matches!(self.tensors[tensor].content, Content::Flags)
    }

    /// The error of two operands whose shapes do not fit.
    pub(super) fn unfit(&self, a: usize, b: usize) -> Complaint {
        let (a, b) = (self.shape(a), self.shape(b));
        Complaint::new(
            format!("has operands of {a:?} and {b:?}, which do not fit"),
            Remedy::Damaged,
        )
    }
}
