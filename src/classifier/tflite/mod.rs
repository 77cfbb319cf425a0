//! A TensorFlow Lite file becomes a network that can be run.
//!
//! Three things happen to a file. The *verifier* of its container format makes sure that every offset
//! in it points into it. The [*check*](check) goes over the graph and lets pass what is known to give
//! the official runtime's numbers. Then the engine *plans*: it translates the graph, folds constants,
//! and picks kernels for this processor. All of it runs with panics contained.

mod check;
#[cfg(test)]
pub(in crate::classifier) mod fixture;
mod operator;

use std::sync::Arc;

use tract_tflite::internal::{TractError, TractResult, ensure};
use tract_tflite::prelude::{Framework as _, Tensor, TypedModel, TypedSimplePlan, tvec};

use self::check::Graph;
use super::ModelError;
use super::contain::contain;

/// A network that takes one photo and answers one number per label.
pub(super) struct Network {
    graph: Graph,
    plan: Arc<TypedSimplePlan>,
}

impl Network {
    /// The most values that a tensor inside a network may have: 256 MiB of them.
    const MAX_VALUES: usize = 1 << 26;

    /// Reads the content of a `.tflite` file.
    pub(super) fn open(file: &[u8]) -> Result<Self, ModelError> {
        contain(|| Self::prepare(file)).map_err(ModelError::Engine)?
    }

    fn prepare(file: &[u8]) -> Result<Self, ModelError> {
        if file.get(4..8) != Some(b"TFL3") {
            return Err(ModelError::NotTflite("it does not say \"TFL3\" at its start".to_owned()));
        }
        let engine = tract_tflite::tflite();
        let proto = engine
            .proto_model_for_read(&mut &file[..])
            .map_err(|error| ModelError::NotTflite(first_line(&error)))?;
        let graph = check::check(&proto.root())?;
        let plan = engine
            .model_for_proto_model(&proto)
            .and_then(|model| {
                drop(proto);
                Self::bound(&model, &graph)?;
                model.into_optimized()
            })
            .and_then(TypedSimplePlan::new)
            .map_err(|error| ModelError::Engine(brief(&error)))?;
        Ok(Self { graph, plan })
    }

    /// Makes sure of what the file only claims: the sizes of the tensors between the operators.
    fn bound(model: &TypedModel, graph: &Graph) -> TractResult<()> {
        let values = |shape: &[usize]| {
            let values = shape.iter().try_fold(1_usize, |all, side| all.checked_mul(*side));
            values.filter(|values| *values <= Self::MAX_VALUES)
        };
        for node in model.nodes() {
            for output in &node.outputs {
                let shape = output.fact.shape.as_concrete();
                ensure!(
                    shape.and_then(values).is_some(),
                    "{} is too large, or of no fixed size: {:?}",
                    node.name,
                    output.fact.shape
                );
            }
        }
        let output = model.output_fact(0)?.shape.as_concrete().and_then(values);
        ensure!(
            output == Some(graph.outputs),
            "the output has {output:?} values, and not {} as the file says",
            graph.outputs
        );
        Ok(())
    }

    /// The input's width in pixels.
    pub(super) fn width(&self) -> usize {
        self.graph.width
    }

    /// The input's height in pixels.
    pub(super) fn height(&self) -> usize {
        self.graph.height
    }

    /// How many numbers the network answers.
    pub(super) fn outputs(&self) -> usize {
        self.graph.outputs
    }

    /// Whether the numbers are probabilities for sure.
    pub(super) fn ends_with_softmax(&self) -> bool {
        self.graph.softmax
    }

    /// Runs the network on `height * width * 3` values, on this thread alone.
    pub(super) fn run(&self, values: &[f32]) -> Result<Vec<f32>, String> {
        let shape = [1, self.graph.height, self.graph.width, 3];
        let answer = || -> TractResult<Vec<f32>> {
            let input = Tensor::from_shape(&shape, values)?;
            let outputs = self.plan.run(tvec!(input.into()))?;
            let output = outputs.first().map(|output| output.try_as_plain_ram()).transpose()?;
            Ok(output
                .map(|o| o.as_slice::<f32>().map(<[f32]>::to_vec))
                .transpose()?
                .unwrap_or_default())
        };
        answer().map_err(|error| brief(&error))
    }
}

/// The engine's error without the listings of whole operators that are part of it.
fn brief(error: &TractError) -> String {
    let texts: Vec<String> =
        error.chain().map(ToString::to_string).filter(|text| !text.contains('\n')).collect();
    texts.join(": ")
}

/// The verifier tells where in the file it was, over many lines; the first says what is wrong.
fn first_line(error: &impl std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
