//! What a file says, for people.

use std::collections::BTreeMap;

use serde::Serialize;
use tract_tflite::tflite::{BuiltinOperator as Code, TensorType};

use super::source::{Source, SourceTensor, name};

/// In which numbers a model was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
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
pub(in crate::classifier) struct Report {
    /// In which numbers it was exported.
    pub(in crate::classifier) kind: Kind,
    /// Type and sides of each input, as the file has them.
    pub(in crate::classifier) inputs: Vec<(String, Vec<i32>)>,
    /// Type and sides of each output, as the file has them.
    pub(in crate::classifier) outputs: Vec<(String, Vec<i32>)>,
    /// How often each operator occurs.
    pub(in crate::classifier) operators: BTreeMap<String, usize>,
    /// How many weights there are.
    pub(in crate::classifier) parameters: u64,
}

impl Kind {
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
    pub(super) fn of(source: &Source<'_>) -> Self {
        let mut operators = BTreeMap::new();
        for operator in &source.operators {
            *operators.entry(name(operator.code)).or_default() += 1;
        }
        let ends = |ends: &[usize]| {
            let tensors = ends.iter().map(|end| &source.tensors[*end]);
            tensors.map(|tensor| (tensor.type_name().to_owned(), tensor.shape.clone())).collect()
        };
        Self {
            kind: kind(source),
            inputs: ends(&source.inputs),
            outputs: ends(&source.outputs),
            operators,
            parameters: source.tensors.iter().filter(|t| weight(t)).map(values).sum(),
        }
    }
}

/// Whether a tensor holds weights: constants other than shapes, axes and positions.
fn weight(tensor: &SourceTensor<'_>) -> bool {
    let whole = [TensorType::INT32, TensorType::INT64, TensorType::BOOL].contains(&tensor.type_);
    tensor.data.is_some() && (!whole || tensor.grid.is_some())
}

/// How many values a tensor has.
fn values(tensor: &SourceTensor<'_>) -> u64 {
    let sides = tensor.shape.iter().map(|side| u64::try_from(*side).unwrap_or(0));
    sides.fold(1, u64::saturating_mul)
}

fn kind(source: &Source<'_>) -> Kind {
    let small = [TensorType::INT8, TensorType::UINT8, TensorType::INT16, TensorType::INT4];
    let mut found = Kind::Float32;
    for operator in &source.operators {
        let operands = operator.inputs.iter().flatten().map(|input| &source.tensors[*input]);
        for operand in operands {
            let found_here = match operand.data {
                Some(_) if operand.type_ == TensorType::FLOAT16 => Kind::Float16,
                Some(_) if small.contains(&operand.type_) && values(operand) > 1 => {
                    Kind::DynamicRange
                }
                None if small.contains(&operand.type_) && operator.code != Code::CAST => {
                    Kind::Integer
                }
                _ => continue,
            };
            found = match (found, found_here) {
                (Kind::Integer, _) | (_, Kind::Integer) => Kind::Integer,
                (Kind::DynamicRange, _) | (_, Kind::DynamicRange) => Kind::DynamicRange,
                (_, found_here) => found_here,
            };
        }
    }
    found
}
