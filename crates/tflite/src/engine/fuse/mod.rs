//! Which nodes of the canonical form become one operator.
//!
//! The pass is pure: it reads nodes and shapes, and gives [`Step`]s in an order in which they can be
//! computed. A step stands where the last of its nodes stood, so all that it reads is there by then.

mod affine;
mod block;
mod follow;
mod graph;
mod scaled;
mod step;
#[cfg(test)]
mod tests;

pub(super) use step::{Conv, Depthwise, Step, Work};

use affine::Chain;
use follow::Follow;
use graph::{Graph, geometry};

use crate::canonical::{Binary, Canonical, Node, Op, Unary, Window};
use crate::kernels::Geometry;
use crate::kernels::float::{Activation, padded};

/// The steps that compute `output`.
pub(super) fn steps(canonical: &Canonical<'_>, output: usize) -> Vec<Step> {
    let graph = Graph::new(canonical, output);
    let count = canonical.nodes.len();
    let mut fuse = Fuse { graph, gone: vec![false; count], slots: vec![None; count] };
    for node in 0..count {
        if !fuse.gone[node] {
            fuse.node(node);
        }
    }
    let steps = fuse.slots.into_iter().flatten().collect();
    let steps = block::blocks(needed(steps, output), output);
    scaled::scaled(steps, output)
}

/// The pass, while it goes over the nodes.
struct Fuse<'g, 'm> {
    graph: Graph<'g, 'm>,
    /// Nodes that are part of a step.
    gone: Vec<bool>,
    /// For each node, the step that makes its output.
    slots: Vec<Option<Step>>,
}

impl Fuse<'_, '_> {
    fn node(&mut self, place: usize) {
        let node = self.graph.node(place);
        let made = match node.op {
            _ if !self.graph.is_real(node.output) => None,
            Op::Conv(window) => self.conv(node, window),
            Op::Depthwise(window) => self.depthwise(node, window),
            Op::Dense => self.dense(node),
            Op::MaxPool(window) => self.pool(node, window, true),
            Op::AveragePool(window) => self.pool(node, window, false),
            Op::Unary(Unary::Relu | Unary::Relu6 | Unary::HardSwish | Unary::Logistic) => {
                self.activation(place, node)
            }
            Op::Binary(op) => self.affine(place).or_else(|| match op {
                Binary::Mul => self.product(node),
                Binary::Add => self.sum(node).or_else(|| self.activation(place, node)),
                Binary::Maximum | Binary::Minimum => self.activation(place, node),
                _ => None,
            }),
            Op::Softmax => Some((Work::Softmax, node.inputs.clone(), Self::stays(node))),
            _ => None,
        };
        let (work, inputs, follow) =
            made.unwrap_or_else(|| (Work::Node(place), node.inputs.clone(), Self::stays(node)));
        let slot = follow.taken.iter().copied().fold(place, usize::max);
        for node in &follow.taken {
            self.gone[*node] = true;
        }
        self.gone[place] = true;
        self.slots[slot] = Some(Step { work, inputs, output: follow.output });
    }

    /// An operator that takes nothing of what follows.
    fn stays(node: &Node) -> Follow {
        Follow { add: None, activation: Activation::None, taken: vec![], output: node.output }
    }

    fn follow(&self, tensor: usize, add: bool) -> Follow {
        Follow::of(&self.graph, tensor, add, &self.gone)
    }

    /// Where the windows of a node lie, and what they lie over: what a padding pads, if one is before it
    /// that can be part of the node. Behind them, how many images there are.
    fn windows(&self, node: &Node, window: Window, pads: bool) -> Option<(usize, Geometry, usize)> {
        let sides = |tensor: usize| match self.graph.shape(tensor) {
            &[images, rows, columns, channels] => Some((images, [rows, columns, channels])),
            _ => None,
        };
        let x = *node.inputs.first()?;
        let (images, output) = sides(node.output)?;
        if pads && let Some((from, zeros)) = self.padded(x) {
            let (_, input) = sides(from)?;
            if let Some(geometry) = geometry(&window, input, output, Some(zeros)) {
                return Some((from, geometry, images));
            }
        }
        let (_, input) = sides(x)?;
        Some((x, geometry(&window, input, output, None)?, images))
    }

    /// What a tensor is padded from, and how many zeros are before its rows and columns.
    fn padded(&self, tensor: usize) -> Option<(usize, [usize; 2])> {
        let node = self.graph.node(self.graph.maker(tensor)?);
        let (Op::Pad, &[from, list]) = (node.op, &node.inputs[..]) else { return None };
        match *self.graph.numbers(list)? {
            [0, 0, top, _, left, _, 0, 0] => {
                Some((from, [usize::try_from(top).ok()?, usize::try_from(left).ok()?]))
            }
            _ => None,
        }
    }

    fn conv(&self, node: &Node, window: Window) -> Option<(Work, Vec<usize>, Follow)> {
        let &[_, kernel, bias] = &node.inputs[..] else { return None };
        let (x, geometry, images) = self.windows(node, window, true)?;
        self.dense_over(node, x, [kernel, bias], geometry, images)
    }

    /// `FULLY_CONNECTED`: its rows are the places of one image.
    fn dense(&self, node: &Node) -> Option<(Work, Vec<usize>, Follow)> {
        let &[x, kernel, bias] = &node.inputs[..] else { return None };
        let (&[rows, inputs], &[_, outputs]) = (self.graph.shape(x), self.graph.shape(node.output))
        else {
            return None;
        };
        let geometry = Geometry::of_rows(rows, inputs, outputs);
        self.dense_over(node, x, [kernel, bias], geometry, 1)
    }

    fn dense_over(
        &self,
        node: &Node,
        x: usize,
        [kernel, bias]: [usize; 2],
        geometry: Geometry,
        images: usize,
    ) -> Option<(Work, Vec<usize>, Follow)> {
        self.graph.constant(kernel).and(self.graph.constant(bias))?;
        is_modest(&geometry, self.graph.shape(kernel)).then_some(())?;
        let follow = self.follow(node.output, true);
        let conv = Conv { images, geometry, kernel, bias, activation: follow.activation };
        let inputs = std::iter::once(x).chain(follow.add).collect();
        Some((Work::Conv(conv), inputs, follow))
    }

    fn depthwise(&self, node: &Node, window: Window) -> Option<(Work, Vec<usize>, Follow)> {
        let &[_, kernel, bias] = &node.inputs[..] else { return None };
        self.graph.constant(kernel).and(self.graph.constant(bias))?;
        let (x, geometry, images) = self.windows(node, window, true)?;
        let follow = self.follow(node.output, false);
        let depthwise = Depthwise { images, geometry, kernel, bias, activation: follow.activation };
        Some((Work::Depthwise(depthwise), vec![x], follow))
    }

    /// A pool. The zeros of a padding count as values, so it can be part of one that finds the greatest of
    /// what is not below 0, and of no other.
    fn pool(&self, node: &Node, window: Window, max: bool) -> Option<(Work, Vec<usize>, Follow)> {
        let pads = max
            && node.inputs.first().and_then(|x| self.padded(*x)).is_some_and(|(from, _)| {
                self.graph.maker(from).is_some_and(|maker| match self.graph.node(maker).op {
                    Op::Unary(Unary::Relu | Unary::Relu6) => true,
                    Op::Binary(Binary::Maximum) => {
                        self.graph.node(maker).inputs.iter().any(|input| {
                            self.graph.scalar(*input).is_some_and(|least| least >= 0.0)
                        })
                    }
                    _ => false,
                })
            });
        let (x, geometry, images) = self.windows(node, window, pads)?;
        let whole = geometry.output[..2] == [1, 1] && geometry.size == geometry.input[..2];
        if whole && !max {
            return Some((Work::Mean(images), vec![x], Self::stays(node)));
        }
        let follow = self.follow(node.output, false);
        let work = if max {
            Work::MaxPool(geometry, follow.activation)
        } else {
            Work::AveragePool(geometry, follow.activation)
        };
        Some((work, vec![x], follow))
    }

    /// An activation that no operator before it has taken.
    fn activation(&self, place: usize, node: &Node) -> Option<(Work, Vec<usize>, Follow)> {
        let x = node.inputs.iter().copied().find(|input| self.graph.is_real(*input))?;
        let (activation, taken) = follow::alone(&self.graph, place, x)?;
        let output = taken.last().map_or(node.output, |last| self.graph.node(*last).output);
        let free = taken.iter().all(|node| !self.gone[*node]);
        let follow = Follow { add: None, activation, taken, output };
        free.then(|| follow.further(&self.graph, &self.gone))
            .map(|follow| (Work::Activate(follow.activation), vec![x], follow))
    }

    /// Sums and products with constants by channel, and what follows them.
    fn affine(&self, place: usize) -> Option<(Work, Vec<usize>, Follow)> {
        let Chain { x, factors, addends, nodes, output } =
            Chain::from(&self.graph, place, &self.gone)?;
        let activation = Activation::None;
        let follow = Follow { add: None, activation, taken: nodes, output };
        let follow = follow.further(&self.graph, &self.gone);
        let work = Work::Affine { factors, addends, activation: follow.activation };
        Some((work, vec![x], follow))
    }

    /// A product of two tensors of one shape, or by a factor for each channel of each image.
    fn product(&self, node: &Node) -> Option<(Work, Vec<usize>, Follow)> {
        let &[a, b] = &node.inputs[..] else { return None };
        if !self.graph.is_real(a) || !self.graph.is_real(b) {
            return None;
        }
        let (left, right) = (self.graph.shape(a), self.graph.shape(b));
        let follow = self.follow(node.output, false);
        if left == right {
            return Some((Work::Mul(follow.activation), vec![a, b], follow));
        }
        let scales = |x: &[usize], factors: &[usize]| match (x, factors) {
            (&[images, _, _, channels], &[of, 1, 1, own]) => images == of && own == channels,
            _ => false,
        };
        let inputs = match () {
            () if scales(left, right) => vec![a, b],
            () if scales(right, left) => vec![b, a],
            () => return None,
        };
        Some((Work::Scale(follow.activation), inputs, follow))
    }

    /// A sum of two tensors of one shape that no convolution has taken.
    fn sum(&self, node: &Node) -> Option<(Work, Vec<usize>, Follow)> {
        let &[a, b] = &node.inputs[..] else { return None };
        let real = self.graph.is_real(a) && self.graph.is_real(b);
        if !real || self.graph.shape(a) != self.graph.shape(b) {
            return None;
        }
        let follow = self.follow(node.output, false);
        Some((Work::Add(follow.activation), vec![a, b], follow))
    }
}

/// Whether a convolution's memory is in proportion to what it reads: its weights are laid out for vectors
/// of results, and some lines of the image with their padding. For each line of the result, the lines that it
/// reads may be copied: that must not be more work than the products.
fn is_modest(geometry: &Geometry, kernel: &[usize]) -> bool {
    const FEW: usize = 1 << 20;
    let weights = kernel.iter().product::<usize>();
    let image: usize = geometry.input.iter().product();
    let [high, wide] = padded(geometry);
    (geometry.output[2] >= 8 || weights <= FEW)
        && high * wide * geometry.input[2] <= FEW.max(16 * image)
        && (geometry.is_pointwise()
            || copied(geometry, wide) <= 16 * geometry.places() * weights + FEW)
}

/// How many values are copied at most, if each line of the result has the lines that it reads copied.
fn copied(geometry: &Geometry, wide: usize) -> usize {
    geometry.output[0] * geometry.needs(0, 1) * wide * geometry.input[2]
}

/// The steps without those whose results nobody reads.
fn needed(steps: Vec<Step>, output: usize) -> Vec<Step> {
    let most = steps.iter().flat_map(|step| step.inputs.iter().copied().chain([step.output]));
    let mut wanted = vec![false; most.fold(output, usize::max) + 1];
    wanted[output] = true;
    let mut kept: Vec<Step> = steps
        .into_iter()
        .rev()
        .filter(|step| {
            if wanted[step.output] {
                step.inputs.iter().for_each(|input| wanted[*input] = true);
            }
            wanted[step.output]
        })
        .collect();
    kept.reverse();
    kept
}
