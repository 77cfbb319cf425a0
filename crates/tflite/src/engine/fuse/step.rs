//! What one operator of the engine computes.

use crate::kernels::Geometry;
use crate::kernels::float::Activation;

/// One operator of the engine.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) struct Step {
    pub(in crate::engine) work: Work,
    /// Tensors of the canonical form; those that [`Work`] names are constants and not among them.
    pub(in crate::engine) inputs: Vec<usize>,
    /// A tensor of the canonical form.
    pub(in crate::engine) output: usize,
}

/// What a step computes of its inputs.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // There are few, and most are convolutions.
pub(in crate::engine) enum Work {
    /// A node of the canonical form, as it is.
    Node(usize),
    /// Of one input, or of two if the second is added to the sums.
    Conv(Conv),
    /// A convolution of 1x1 over an image whose channels are scaled first: of the image, its factors, and what
    /// is added to the sums, if anything is.
    Scaled(Conv),
    Depthwise(Depthwise),
    /// A convolution, if there is one, a depthwise one, and one of 1x1, if there is one; of one input, or of
    /// two if the second is added to the last sums.
    Block {
        expand: Option<Conv>,
        depthwise: Depthwise,
        project: Option<Conv>,
    },
    /// Of each image.
    MaxPool(Geometry, Activation),
    /// Of each image; padding does not count.
    AveragePool(Geometry, Activation),
    /// Over all places of each of so many images.
    Mean(usize),
    /// Each channel times its factor, plus its addend.
    Affine {
        factors: Vec<f32>,
        addends: Vec<f32>,
        activation: Activation,
    },
    /// The first times a factor for each image and channel.
    Scale(Activation),
    /// Of two inputs of one shape.
    Add(Activation),
    /// Of two inputs of one shape.
    Mul(Activation),
    Activate(Activation),
    /// Along the last axis.
    Softmax,
}

/// A convolution over all channels.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) struct Conv {
    pub(in crate::engine) images: usize,
    pub(in crate::engine) geometry: Geometry,
    /// A constant: results, rows, columns, channels.
    pub(in crate::engine) kernel: usize,
    /// A constant: results.
    pub(in crate::engine) bias: usize,
    pub(in crate::engine) activation: Activation,
}

/// A convolution of each channel.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::engine) struct Depthwise {
    pub(in crate::engine) images: usize,
    pub(in crate::engine) geometry: Geometry,
    /// A constant: one, rows, columns, channels.
    pub(in crate::engine) kernel: usize,
    /// A constant: channels.
    pub(in crate::engine) bias: usize,
    pub(in crate::engine) activation: Activation,
}

/// Who makes and who reads the tensors that go from step to step.
pub(super) struct Links {
    makers: Vec<Option<usize>>,
    readers: Vec<Vec<usize>>,
    output: usize,
}

impl Links {
    pub(super) fn new(steps: &[Step], output: usize) -> Self {
        let all = steps.iter().flat_map(|step| step.inputs.iter().chain([&step.output]));
        let tensors = all.copied().fold(output, usize::max) + 1;
        let (mut makers, mut readers) = (vec![None; tensors], vec![vec![]; tensors]);
        for (place, step) in steps.iter().enumerate() {
            makers[step.output] = Some(place);
            for input in &step.inputs {
                readers[*input].push(place);
            }
        }
        Self { makers, readers, output }
    }

    /// The step that makes a tensor.
    pub(super) fn maker(&self, tensor: usize) -> Option<usize> {
        self.makers[tensor]
    }

    /// The step that reads a tensor, if there is one alone, and the tensor is not the network's answer.
    pub(super) fn reader(&self, tensor: usize) -> Option<usize> {
        match self.readers[tensor][..] {
            [reader] if tensor != self.output => Some(reader),
            _ => None,
        }
    }
}
