//! What is done to a result before it is stored: the nodes behind an operator that become part of it.

use super::graph::Graph;
use crate::canonical::{Binary, Op, Unary};
use crate::kernels::float::Activation;

/// An operator's end.
#[derive(Clone, Debug)]
pub(super) struct Follow {
    /// What is added to the sums.
    pub(super) add: Option<usize>,
    pub(super) activation: Activation,
    /// The nodes that become part of the operator.
    pub(super) taken: Vec<usize>,
    /// What the operator then makes.
    pub(super) output: usize,
}

impl Follow {
    /// All that can become part of the operator that makes `tensor`. `add` says whether it can add
    /// another tensor; nodes that are already part of another operator are `gone`.
    pub(super) fn of(graph: &Graph<'_, '_>, tensor: usize, add: bool, gone: &[bool]) -> Self {
        let activation = Activation::None;
        let mut follow = Self { add: None, activation, taken: vec![], output: tensor };
        if add {
            follow.take_sum(graph, gone);
        }
        follow.further(graph, gone)
    }

    /// With all activations behind it that fit.
    pub(super) fn further(mut self, graph: &Graph<'_, '_>, gone: &[bool]) -> Self {
        while self.take_activation(graph, gone) {}
        self
    }

    /// A sum of two results, one of which is this one. Of two operators that could take it, the later does.
    fn take_sum(&mut self, graph: &Graph<'_, '_>, gone: &[bool]) {
        let Some(sum) = graph.reader(self.output).filter(|sum| !gone[*sum]) else { return };
        let Some(other) = graph.other(sum, Binary::Add, self.output) else { return };
        if graph.shape(other) != graph.shape(self.output) || graph.constant(other).is_some() {
            return;
        }
        let later = graph.maker(other) > graph.maker(self.output);
        let waits = graph.reader(other).is_some()
            && graph.maker(other).is_some_and(|maker| matches!(graph.node(maker).op, Op::Conv(_)));
        if later && waits {
            return;
        }
        self.add = Some(other);
        self.take(graph, &[sum]);
    }

    fn take(&mut self, graph: &Graph<'_, '_>, nodes: &[usize]) {
        self.taken.extend(nodes);
        if let Some(last) = nodes.last() {
            self.output = graph.node(*last).output;
        }
    }

    /// One activation more, if there is one and it fits what there is.
    fn take_activation(&mut self, graph: &Graph<'_, '_>, gone: &[bool]) -> bool {
        let found = match graph.readers(self.output) {
            [reader] => clamp(graph, *reader, self.output, self.activation)
                .or_else(|| curve(graph, *reader, self.activation))
                .map(|activation| (activation, vec![*reader])),
            readers @ [_, _] if self.activation == Activation::None => {
                swish(graph, readers, self.output)
            }
            _ => None,
        };
        match found {
            Some((activation, nodes)) if nodes.iter().all(|node| !gone[*node]) => {
                self.activation = activation;
                self.take(graph, &nodes);
                true
            }
            _ => false,
        }
    }
}

/// What a node does to `tensor`, and the nodes that do it with it, if that is an activation and there is no
/// operator before it to take it.
pub(super) fn alone(
    graph: &Graph<'_, '_>,
    node: usize,
    tensor: usize,
) -> Option<(Activation, Vec<usize>)> {
    if let readers @ [_, _] = graph.readers(tensor)
        && let Some((activation, nodes)) = swish(graph, readers, tensor)
    {
        return nodes.contains(&node).then_some((activation, nodes));
    }
    clamp(graph, node, tensor, Activation::None)
        .or_else(|| curve(graph, node, Activation::None))
        .map(|activation| (activation, vec![node]))
}

/// A clamp behind what clamps already, or does nothing.
fn clamp(
    graph: &Graph<'_, '_>,
    node: usize,
    tensor: usize,
    so_far: Activation,
) -> Option<Activation> {
    let (least, greatest) = match so_far {
        Activation::None => (f32::NEG_INFINITY, f32::INFINITY),
        Activation::Clamp { least, greatest } => (least, greatest),
        _ => return None,
    };
    let (low, high) = match graph.node(node).op {
        Op::Unary(Unary::Relu) => (0.0, f32::INFINITY),
        Op::Unary(Unary::Relu6) => (0.0, 6.0),
        Op::Binary(Binary::Maximum) => {
            (graph.with_scalar(node, Binary::Maximum, tensor)?, f32::INFINITY)
        }
        Op::Binary(Binary::Minimum) => {
            (f32::NEG_INFINITY, graph.with_scalar(node, Binary::Minimum, tensor)?)
        }
        _ => return None,
    };
    if low.is_nan() || high.is_nan() {
        return None;
    }
    Some(Activation::Clamp {
        least: least.max(low).min(high),
        greatest: greatest.max(low).min(high),
    })
}

/// An activation of one operand that does not clamp.
fn curve(graph: &Graph<'_, '_>, node: usize, so_far: Activation) -> Option<Activation> {
    match (graph.node(node).op, so_far) {
        (Op::Unary(Unary::HardSwish), Activation::None) => Some(Activation::HardSwish),
        (Op::Unary(Unary::Logistic), Activation::None) => Some(Activation::Sigmoid),
        _ => None,
    }
}

/// `x` times something that is made of it: swish, or hard swish said in sums and products.
fn swish(graph: &Graph<'_, '_>, readers: &[usize], x: usize) -> Option<(Activation, Vec<usize>)> {
    let mut nodes = [readers.first().copied()?, readers.get(1).copied()?];
    if graph.other(nodes[0], Binary::Mul, x).is_some_and(|other| graph.constant(other).is_none()) {
        nodes.reverse();
    }
    let [first, product] = nodes;
    let factor = graph.other(product, Binary::Mul, x)?;
    if graph.shape(factor) != graph.shape(x) {
        return None;
    }
    if graph.node(first).op == Op::Unary(Unary::Logistic) {
        let logistic = graph.node(first).output;
        let fits = logistic == factor && graph.reader(logistic) == Some(product);
        return fits.then(|| (Activation::Swish, vec![first, product]));
    }
    // relu6(x + 3), and a sixth before or behind the product.
    if !is_near(graph.with_scalar(first, Binary::Add, x)?, 3.0) {
        return None;
    }
    let moved = graph.node(first).output;
    let clamped = graph.reader(moved)?;
    if graph.node(clamped).op != Op::Unary(Unary::Relu6) {
        return None;
    }
    let step = graph.node(clamped).output;
    let next = graph.reader(step)?;
    let (nodes, share) = if next == product {
        let end = graph.reader(graph.node(product).output)?;
        let share = graph.with_scalar(end, Binary::Mul, graph.node(product).output)?;
        (vec![first, clamped, product, end], share)
    } else {
        let share = graph.with_scalar(next, Binary::Mul, step)?;
        if graph.node(next).output != factor || graph.reader(factor) != Some(product) {
            return None;
        }
        (vec![first, clamped, next, product], share)
    };
    is_near(share, 1.0 / 6.0).then_some((Activation::HardSwish, nodes))
}

/// Whether a constant of a file stands for this number.
fn is_near(value: f32, number: f32) -> bool {
    (value - number).abs() <= 1e-6
}
