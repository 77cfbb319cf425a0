//! Sums and products with constants, one behind the other, are one product and one sum.

use super::graph::Graph;
use crate::canonical::{Binary, Op};

/// What becomes of the channels of a tensor: each times its factor, plus its addend.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chain {
    /// What it is done to.
    pub(super) x: usize,
    pub(super) factors: Vec<f32>,
    pub(super) addends: Vec<f32>,
    /// The nodes that do it.
    pub(super) nodes: Vec<usize>,
    /// What they make.
    pub(super) output: usize,
}

impl Chain {
    /// The chain that begins with a node; `None` if none of its constants has a number for each channel:
    /// what is added to all values alike may be there to round them.
    pub(super) fn from(graph: &Graph<'_, '_>, first: usize, gone: &[bool]) -> Option<Self> {
        let node = graph.node(first);
        let x = node.inputs.iter().copied().find(|input| graph.is_real(*input))?;
        let channels = graph.shape(x).last().copied().filter(|channels| *channels > 1)?;
        let mut chain = Self {
            x,
            factors: vec![1.0; channels],
            addends: vec![0.0; channels],
            nodes: vec![],
            output: x,
        };
        let (mut next, mut by_channel) = (Some(first), false);
        while let Some(node) = next.filter(|node| !gone[*node]) {
            let Some(own) = chain.take(graph, node) else { break };
            by_channel |= own;
            next = graph.reader(chain.output);
        }
        by_channel.then_some(chain)
    }

    /// Takes a node, if it is one of a chain. Says whether its constant has a number for each channel.
    fn take(&mut self, graph: &Graph<'_, '_>, place: usize) -> Option<bool> {
        let node = graph.node(place);
        let (Op::Binary(op), &[a, b]) = (node.op, &node.inputs[..]) else { return None };
        if graph.shape(node.output) != graph.shape(self.x) {
            return None;
        }
        let channels = self.factors.len();
        let (constant, turned) = if b == self.output { (a, true) } else { (b, false) };
        let values = graph.constant(constant)?;
        let by_channel = graph.is_by_channel(constant, channels);
        if !by_channel && values.len() != 1 {
            return None;
        }
        let values = values.to_floats();
        for (place, (factor, addend)) in self.factors.iter_mut().zip(&mut self.addends).enumerate()
        {
            let value = *values.get(if by_channel { place } else { 0 })?;
            (*factor, *addend) = match (op, turned) {
                (Binary::Mul, _) => (*factor * value, *addend * value),
                (Binary::Div, false) => (*factor / value, *addend / value),
                (Binary::Add, _) => (*factor, *addend + value),
                (Binary::Sub, false) => (*factor, *addend - value),
                (Binary::Sub, true) => (-*factor, value - *addend),
                _ => return None,
            };
        }
        self.nodes.push(place);
        self.output = node.output;
        Some(by_channel)
    }
}
