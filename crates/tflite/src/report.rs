//! What a file says, for people.

use std::collections::BTreeMap;

use tract_tflite::tflite::{BuiltinOperator as Code, TensorType};

use crate::form::sides;
use crate::name;
use crate::source::{Source, SourceTensor};

/// In which numbers a model was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Weights and activations in 32-bit floats.
    Float32,
    /// Weights in 16-bit floats, activations in 32-bit ones.
    Float16,
    /// Weights in 8-bit whole numbers, activations in 32-bit floats.
    DynamicRange,
    /// Weights and activations in whole numbers.
    Integer,
}

/// What there is to know about a model before it is run.
#[derive(Clone, Debug)]
pub struct Report {
    /// In which numbers it was exported.
    pub precision: Precision,
    /// What it takes.
    pub inputs: Vec<End>,
    /// What it gives.
    pub outputs: Vec<End>,
    /// How often each operator occurs.
    pub operators: BTreeMap<String, usize>,
    /// How many weights there are.
    pub parameters: u64,
    /// The content of its TensorFlow Lite Metadata, if it has any.
    pub metadata: Option<Vec<u8>>,
}

/// An input or an output, as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// What the file calls it; long names are cut.
    pub name: String,
    /// The type of its values, as `FLOAT32`.
    pub kind: String,
    /// Its sides; -1 where the file leaves one open.
    pub shape: Vec<i32>,
}

impl End {
    /// How many values it has, a side that is left open counting as one.
    #[must_use]
    pub fn values(&self) -> usize {
        let sides = self.shape.iter().map(|side| usize::try_from((*side).max(1)).unwrap_or(1));
        sides.fold(1, usize::saturating_mul)
    }
}

impl Precision {
    /// As people write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Float16 => "float16",
            Self::DynamicRange => "dynamic-range",
            Self::Integer => "integer",
        }
    }
}

impl Report {
    pub(crate) fn of(source: &Source<'_>) -> Self {
        let mut operators = BTreeMap::new();
        for operator in &source.operators {
            *operators.entry(operator.name()).or_default() += 1;
        }
        let ends = |ends: &[usize]| {
            let tensors = ends.iter().map(|end| &source.tensors[*end]);
            let end = |tensor: &SourceTensor<'_>| End {
                name: name::plain(tensor.name),
                kind: tensor.type_name().to_owned(),
                shape: sides(tensor),
            };
            tensors.map(end).collect()
        };
        Self {
            precision: precision(source),
            inputs: ends(&source.inputs),
            outputs: ends(&source.outputs),
            operators,
            parameters: source.tensors.iter().filter(|t| weight(t)).map(values).sum(),
            metadata: source.metadata.map(<[u8]>::to_vec),
        }
    }
}

/// Whether a tensor holds weights: constants other than shapes, axes and positions.
fn weight(tensor: &SourceTensor<'_>) -> bool {
    let whole = [TensorType::INT32, TensorType::INT64, TensorType::BOOL].contains(&tensor.type_);
    tensor.data.is_some() && (!whole || tensor.quantisation.is_some())
}

/// How many values a tensor has.
fn values(tensor: &SourceTensor<'_>) -> u64 {
    let sides = tensor.shape.iter().map(|side| u64::try_from(*side).unwrap_or(0));
    sides.fold(1, u64::saturating_mul)
}

fn precision(source: &Source<'_>) -> Precision {
    let small = [TensorType::INT8, TensorType::UINT8, TensorType::INT16, TensorType::INT4];
    let mut found = Precision::Float32;
    for operator in &source.operators {
        let operands = operator.inputs.iter().flatten().map(|input| &source.tensors[*input]);
        for operand in operands {
            let found_here = match operand.data {
                Some(_) if operand.type_ == TensorType::FLOAT16 => Precision::Float16,
                Some(_) if small.contains(&operand.type_) && values(operand) > 1 => {
                    Precision::DynamicRange
                }
                None if small.contains(&operand.type_) && operator.code != Code::CAST => {
                    Precision::Integer
                }
                _ => continue,
            };
            found = match (found, found_here) {
                (Precision::Integer, _) | (_, Precision::Integer) => Precision::Integer,
                (Precision::DynamicRange, _) | (_, Precision::DynamicRange) => {
                    Precision::DynamicRange
                }
                (_, found_here) => found_here,
            };
        }
    }
    found
}
