//! Which graphs are let pass.

use tract_tflite::tflite::{BuiltinOperator, Model, SubGraph, Tensor as FileTensor, TensorType};

use super::super::{Input, ModelError};
use super::operator::{self, Complaint};

/// Advice for a graph whose form is unusual.
const EXPORT: &str = "export it again as a plain image classifier";
/// Advice for a file that only a broken tool writes.
const DAMAGED: &str = "the file is damaged or was written by another tool: export it again";
/// Advice for an input of another form.
const INPUT: &str = "it must have one float32 input of 1 x height x width x 3; export it with a batch \
    of 1 and colours last";
/// Advice for an output of another form.
const OUTPUT: &str = "it must have one float32 output with a number for each label";

/// What a graph that was let pass looks like from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Graph {
    /// Of the input, in pixels.
    pub width: usize,
    /// Of the input, in pixels.
    pub height: usize,
    /// How many values the output has.
    pub outputs: usize,
    /// Whether the last operator is a softmax.
    pub softmax: bool,
}

/// A tensor of the file, with the bytes that it holds if it is constant.
pub(super) struct Tensor<'m> {
    entry: FileTensor<'m>,
    shape: Vec<i32>,
    constant: Option<&'m [u8]>,
}

/// Goes over a model that the verifier has let pass.
///
/// The engine trusts some of what a file says and stops hard on some of what it does not expect, so
/// nothing that is read here may be read unchecked.
pub(super) fn check(model: &Model<'_>) -> Result<Graph, ModelError> {
    let graph = model
        .subgraphs()
        .filter(|graphs| !graphs.is_empty())
        .map(|graphs| graphs.get(0))
        .ok_or_else(|| wrong("has no graph", DAMAGED))?;
    let operators = graph
        .operators()
        .filter(|operators| !operators.is_empty())
        .ok_or_else(|| wrong("has no operators", EXPORT))?;
    let mut last = None;
    for (index, operator) in operators.iter().enumerate() {
        let code = operator::code(model, &operator)
            .ok_or_else(|| wrong("has an operator without a code", DAMAGED))?;
        let inputs = operator.inputs().into_iter().flatten();
        let inputs: Vec<Tensor<'_>> =
            inputs.map(|input| Tensor::get(model, &graph, input)).collect::<Result<_, _>>()?;
        let mut outputs = operator.outputs().into_iter().flatten();
        let (Some(output), None) = (outputs.next(), outputs.next()) else {
            return Err(complain(index, code, ("has not one output".to_owned(), EXPORT)));
        };
        let output = Tensor::get(model, &graph, output)?;
        operator::check(code, &operator, &inputs, &output)
            .map_err(|complaint| complain(index, code, complaint))?;
        last = Some(code);
    }
    let (width, height) = input(model, &graph)?;
    let outputs = output(model, &graph)?;
    Ok(Graph { width, height, outputs, softmax: last == Some(BuiltinOperator::SOFTMAX) })
}

/// The width and height of the only input.
fn input(model: &Model<'_>, graph: &SubGraph<'_>) -> Result<(usize, usize), ModelError> {
    let mut inputs = graph.inputs().into_iter().flatten();
    let (Some(input), None) = (inputs.next(), inputs.next()) else {
        return Err(wrong("has not one input", INPUT));
    };
    let input = Tensor::get(model, graph, input)?;
    let side =
        |side: i32| u32::try_from(side).ok().filter(|side| (1..=Input::MAX_SIDE).contains(side));
    if let (TensorType::FLOAT32, None, &[1, height, width, 3]) =
        (input.entry.type_(), input.constant, input.shape())
        && let (Some(height), Some(width)) = (side(height), side(width))
    {
        return Ok((width as usize, height as usize));
    }
    let problem = format!("has an input of {} {:?}", input.type_name(), input.shape());
    Err(wrong(problem, INPUT))
}

/// The number of values of the only output.
fn output(model: &Model<'_>, graph: &SubGraph<'_>) -> Result<usize, ModelError> {
    let mut outputs = graph.outputs().into_iter().flatten();
    let (Some(output), None) = (outputs.next(), outputs.next()) else {
        return Err(wrong("has not one output", OUTPUT));
    };
    let output = Tensor::get(model, graph, output)?;
    if let (TensorType::FLOAT32, &[1, values] | &[1, 1, 1, values]) =
        (output.entry.type_(), output.shape())
        && let Ok(values) = usize::try_from(values)
    {
        return Ok(values);
    }
    let problem = format!("has an output of {} {:?}", output.type_name(), output.shape());
    Err(wrong(problem, OUTPUT))
}

impl<'m> Tensor<'m> {
    /// The tensor with this index.
    fn get(model: &Model<'m>, graph: &SubGraph<'m>, index: i32) -> Result<Self, ModelError> {
        let tensor = graph
            .tensors()
            .and_then(|all| {
                let index = usize::try_from(index).ok().filter(|index| *index < all.len())?;
                Some(all.get(index))
            })
            .ok_or_else(|| {
                wrong(format!("refers to a tensor that is not there, {index}"), EXPORT)
            })?;
        let (Some(name), Some(shape)) = (tensor.name(), tensor.shape()) else {
            return Err(wrong(format!("has a tensor without a name or shape, {index}"), EXPORT));
        };
        if tensor.sparsity().is_some() || tensor.is_variable() {
            return Err(wrong(format!("has a sparse or variable tensor, {name}"), EXPORT));
        }
        let shape: Vec<i32> = shape.iter().collect();
        if shape.iter().any(|side| *side < 1) {
            return Err(wrong(
                format!("has a tensor of no fixed size, {name} of {shape:?}"),
                "export it with a batch of 1 and a fixed size of photos",
            ));
        }
        let constant = match tensor.buffer() {
            0 => None,
            buffer => model
                .buffers()
                .and_then(|all| {
                    let buffer = usize::try_from(buffer).ok().filter(|b| *b < all.len())?;
                    Some(all.get(buffer).data())
                })
                .ok_or_else(|| wrong(format!("has no data for a tensor, {name}"), DAMAGED))?
                .map(|data| data.bytes()),
        };
        Ok(Self { entry: tensor, shape, constant })
    }

    /// Its sides; each is at least 1.
    pub(super) fn shape(&self) -> &[i32] {
        &self.shape
    }

    /// The type of its values, as `FLOAT32`.
    pub(super) fn type_name(&self) -> &'static str {
        self.entry.type_().variant_name().unwrap_or("an unknown type")
    }

    /// Whether its values are in the file.
    pub(super) fn is_constant(&self) -> bool {
        self.constant.is_some()
    }

    /// What makes it one of a quantized model, if it is.
    pub(super) fn quantized(&self) -> Option<String> {
        let scaled = self.entry.quantization().is_some_and(|q| {
            // The engine takes a tensor with both for a quantized one, even if they are empty.
            q.scale().is_some_and(|scale| !scale.is_empty() || q.zero_point().is_some())
        });
        let integers = [
            TensorType::INT4,
            TensorType::INT8,
            TensorType::UINT8,
            TensorType::INT16,
            TensorType::UINT16,
            TensorType::FLOAT16,
        ];
        (scaled || integers.contains(&self.entry.type_())).then(|| {
            let scaled = if scaled { ", quantized" } else { "" };
            format!("computes with values of type {}{scaled}", self.type_name())
        })
    }

    /// Its values, if it is a constant of 32-bit whole numbers.
    pub(super) fn integers(&self) -> Option<Vec<i32>> {
        let (chunks, rest) = self.constant?.as_chunks::<4>();
        (self.entry.type_() == TensorType::INT32 && rest.is_empty())
            .then(|| chunks.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect())
    }

    /// It must hold floats, in the input or output at `position` of its operator.
    pub(super) fn expect_float(&self, position: usize) -> Result<(), Complaint> {
        if self.entry.type_() == TensorType::FLOAT32 {
            return Ok(());
        }
        let problem = format!("has values of type {} at place {position}", self.type_name());
        Err((problem, "export the model in float32"))
    }

    /// It must hold whole numbers that are known now, in the input at `position` of its operator.
    pub(super) fn expect_constant_integers(&self, position: usize) -> Result<(), Complaint> {
        if self.integers().is_some() {
            return Ok(());
        }
        let problem = format!("computes its input {position}, a shape or an axis, at run time");
        Err((problem, "export the model with a batch of 1 and a fixed size of photos"))
    }
}

fn wrong(problem: impl Into<String>, remedy: &'static str) -> ModelError {
    ModelError::Graph { problem: problem.into(), remedy }
}

fn complain(index: usize, code: BuiltinOperator, (problem, remedy): Complaint) -> ModelError {
    ModelError::Operator { index, operator: operator::name(code), problem, remedy }
}
