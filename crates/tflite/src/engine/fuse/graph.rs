//! A canonical form with the questions that fusing asks of it.

use crate::array::Array;
use crate::canonical::{Binary, Canonical, Content, Node, Op, Window};
use crate::kernels::Geometry;

/// Who makes and who reads each tensor.
pub(super) struct Graph<'g, 'm> {
    pub(super) canonical: &'g Canonical<'m>,
    /// For each tensor, the node that makes it.
    makers: Vec<Option<usize>>,
    /// For each tensor, the nodes that read it, once for each operand.
    readers: Vec<Vec<usize>>,
    /// The tensor that is the network's answer.
    output: usize,
}

impl<'g, 'm> Graph<'g, 'm> {
    pub(super) fn new(canonical: &'g Canonical<'m>, output: usize) -> Self {
        let mut makers = vec![None; canonical.tensors.len()];
        let mut readers = vec![vec![]; canonical.tensors.len()];
        for (place, node) in canonical.nodes.iter().enumerate() {
            makers[node.output] = Some(place);
            for input in &node.inputs {
                readers[*input].push(place);
            }
        }
        Self { canonical, makers, readers, output }
    }

    pub(super) fn node(&self, node: usize) -> &'g Node {
        &self.canonical.nodes[node]
    }

    pub(super) fn shape(&self, tensor: usize) -> &'g [usize] {
        &self.canonical.tensors[tensor].shape
    }

    /// The node that makes a tensor.
    pub(super) fn maker(&self, tensor: usize) -> Option<usize> {
        self.makers[tensor]
    }

    /// The nodes that read a tensor; none if it is the network's answer, which must stay.
    pub(super) fn readers(&self, tensor: usize) -> &[usize] {
        if tensor == self.output { &[] } else { &self.readers[tensor] }
    }

    /// The node that reads a tensor, if there is one alone.
    pub(super) fn reader(&self, tensor: usize) -> Option<usize> {
        match self.readers(tensor) {
            [reader] => Some(*reader),
            _ => None,
        }
    }

    /// The real values of a constant.
    pub(super) fn constant(&self, tensor: usize) -> Option<&'g Array<'m>> {
        match &self.canonical.tensors[tensor].content {
            Content::Floats(array) => Some(array),
            _ => None,
        }
    }

    /// A constant that is one number.
    pub(super) fn scalar(&self, tensor: usize) -> Option<f32> {
        let array = self.constant(tensor).filter(|array| array.len() == 1)?;
        array.to_floats().first().copied()
    }

    /// Whether a tensor is a constant of one number for each of the last axis's places.
    pub(super) fn is_by_channel(&self, tensor: usize, channels: usize) -> bool {
        self.constant(tensor).is_some_and(|array| {
            array.len() == channels && array.shape.last().copied().unwrap_or(1) == channels
        })
    }

    /// The constant of whole numbers that a tensor is.
    pub(super) fn numbers(&self, tensor: usize) -> Option<&'g [i32]> {
        match &self.canonical.tensors[tensor].content {
            Content::Integers(values) => Some(values),
            _ => None,
        }
    }

    /// Whether a tensor has real values that are computed.
    pub(super) fn is_real(&self, tensor: usize) -> bool {
        matches!(self.canonical.tensors[tensor].content, Content::Computed)
    }

    /// If a node joins `tensor` with something else by `op`, that.
    pub(super) fn other(&self, node: usize, op: Binary, tensor: usize) -> Option<usize> {
        let node = self.node(node);
        match (node.op, &node.inputs[..]) {
            (Op::Binary(own), [a, b]) if own == op && a != b => match () {
                () if *a == tensor => Some(*b),
                () if *b == tensor => Some(*a),
                () => None,
            },
            _ => None,
        }
    }

    /// The same if something else is one number, and changes no shape.
    pub(super) fn with_scalar(&self, node: usize, op: Binary, tensor: usize) -> Option<f32> {
        let scalar = self.scalar(self.other(node, op, tensor)?)?;
        (self.shape(self.node(node).output) == self.shape(tensor)).then_some(scalar)
    }
}

/// How far a window may reach, whatever it looks at. A kernel lists the lines that it sees.
const MAX_REACH: usize = 256;

/// Where windows of this kind lie over an image with so many zeros before its first row and column;
/// `None` where some lie wholly outside.
pub(super) fn geometry(
    window: &Window,
    input: [usize; 3],
    output: [usize; 3],
    zeros: Option<[usize; 2]>,
) -> Option<Geometry> {
    let before = match zeros {
        Some(_) if window.same => return None,
        Some(zeros) => zeros,
        None => window.before([input[0], input[1]]),
    };
    for axis in 0..2 {
        let reach = window.reach(axis);
        if reach > MAX_REACH.max(8 * input[axis]) {
            return None;
        }
        let last = (output[axis].checked_sub(1)?) * window.stride[axis];
        if before[axis] >= reach || last >= before[axis] + input[axis] {
            return None;
        }
    }
    let Window { size, stride, dilation, .. } = *window;
    Some(Geometry { input, output, size, stride, dilation, before })
}
