//! What is wrong with a model, and what its maker can do about it.

use std::fmt;

/// Something that a model has or lacks, and what to change. It is printed as the end of a sentence:
/// "has no graph: export it again".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// What it has or lacks, as "has no graph".
    pub problem: String,
    /// What to change.
    pub remedy: Remedy,
}

impl Complaint {
    pub(crate) fn new(problem: impl Into<String>, remedy: Remedy) -> Self {
        Self { problem: problem.into(), remedy }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.problem, self.remedy)
    }
}

/// What a model's maker can change. It is printed as advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// The file is one that only a broken tool writes.
    Damaged,
    /// An operator's form is unusual.
    Export,
    /// Constants are of a type that is not read.
    Float32,
    /// Weights are stored in another way than one after another.
    Dense,
    /// An operator is not known.
    Known,
    /// Something is computed from the input that must be known before.
    Fixed,
    /// The network is beyond all bounds.
    Smaller,
    /// The network is beyond all bounds, perhaps because of its input's size.
    SmallerInput,
    /// The input is of another form.
    Input,
    /// The output is of another form.
    Output,
    /// Weights are not part of the file.
    Freeze,
    /// An operator is TensorFlow's, not TensorFlow Lite's.
    Flex,
    /// The file is for a processor of its own.
    EdgeTpu,
    /// The network finds things in images.
    Detector,
    /// An operator is one that its maker brought along.
    Custom,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Damaged => "the file is damaged or was written by another tool: export it again",
            Self::Export => "export the model again with TensorFlow's own converter",
            Self::Float32 => "export it in float32",
            Self::Dense => "export the model without sparsity or variables",
            Self::Known => {
                "use a network of convolutions, pools, dense layers and the usual activations"
            }
            Self::Fixed => "export the model with a batch of 1 and a fixed input size",
            Self::Smaller => "use a smaller network",
            Self::SmallerInput => "use a smaller network, or a smaller input",
            Self::Input => {
                "it must have one input, an image of height x width x 3 (or x 1), of float32, uint8, \
                 int8 or int16, at most 2048 pixels wide and high; export it so"
            }
            Self::Output => "say which one has the scores, by its number",
            Self::Flex => {
                "export the model with TensorFlow Lite's own operators alone \
                 (converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS])"
            }
            Self::EdgeTpu => {
                "take the model's version for CPUs, the file from which the Edge TPU compiler made \
                 this one (mostly the same name without _edgetpu)"
            }
            Self::Detector => "use an image classifier, not a detector of objects",
            Self::Custom => "export the model without custom operators",
            Self::Freeze => {
                "export the model from a function whose variables were turned into constants (in \
                 TensorFlow: convert_variables_to_constants_v2)"
            }
        })
    }
}
