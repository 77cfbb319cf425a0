//! Sums and products with constants, one behind the other, are one product and one sum.

use super::graph::Graph;
use crate::canonical::{Binary, Op};

/// What is as great as this is added to round, and must be taken off again by itself.
const ROUNDS: f32 = 65_536.0;
/// More channels are no channels, but one long row of values.
const MOST: usize = 1 << 14;

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
    /// The chain that begins with a node.
    pub(super) fn from(graph: &Graph<'_, '_>, first: usize, gone: &[bool]) -> Option<Self> {
        let node = graph.node(first);
        let x = node.inputs.iter().copied().find(|input| graph.is_real(*input))?;
        let channels = graph.shape(x).last().copied().filter(|channels| *channels <= MOST)?;
        let mut chain = Self {
            x,
            factors: vec![1.0; channels],
            addends: vec![0.0; channels],
            nodes: vec![],
            output: x,
        };
        let mut next = Some(first);
        while let Some(node) = next.filter(|node| !gone[*node] && chain.take(graph, *node)) {
            next = graph.reader(graph.node(node).output);
        }
        (!chain.nodes.is_empty()).then_some(chain)
    }

    /// Takes a node, if it is one of a chain.
    fn take(&mut self, graph: &Graph<'_, '_>, place: usize) -> bool {
        self.with(graph, place).is_some_and(|chain| {
            *self = chain;
            true
        })
    }

    /// The chain with a node more.
    fn with(&self, graph: &Graph<'_, '_>, place: usize) -> Option<Self> {
        let mut chain = self.clone();
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
        let ends = chain.factors.iter_mut().zip(&mut chain.addends);
        for (place, (factor, addend)) in ends.enumerate() {
            let value = *values.get(if by_channel { place } else { 0 })?;
            if matches!(op, Binary::Add | Binary::Sub) && value.abs() >= ROUNDS {
                return None;
            }
            (*factor, *addend) = match (op, turned) {
                (Binary::Mul, _) => (*factor * value, *addend * value),
                (Binary::Div, false) => (*factor / value, *addend / value),
                (Binary::Add, _) => (*factor, *addend + value),
                (Binary::Sub, false) => (*factor, *addend - value),
                (Binary::Sub, true) => (-*factor, value - *addend),
                _ => return None,
            };
            if !(factor.is_finite() && addend.is_finite()) {
                return None;
            }
        }
        chain.nodes.push(place);
        chain.output = node.output;
        Some(chain)
    }
}
