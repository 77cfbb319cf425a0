//! A TensorFlow Lite file becomes a network that can be run.
//!
//! ```text
//! file ─▶ verify ─▶ source ─▶ lower ─▶ canonical ─▶ write ─▶ engine ─▶ Network
//!          offsets   tensors,  operator   float32,    a file    plans
//!                    operators by operator fixed shape again
//! ```
//!
//! The *verifier* of the container format makes sure that every offset in the file points into it.
//! [`source`] reads tensors and operators, every number checked. [`lower`] says each operator in
//! operators of the [`canonical`] form, a float32 model of which the engine is known to give the
//! official runtime's numbers; integer models are computed with floats that hold whole numbers. The
//! result is a TensorFlow Lite file again, which the engine *plans*: it translates the graph, folds
//! constants, and picks kernels for this processor. All of it runs with panics contained.

mod array;
mod canonical;
mod ends;
#[cfg(test)]
pub(in crate::classifier) mod fixture;
mod grid;
mod lower;
#[cfg(test)]
mod official;
mod report;
mod source;
mod write;

use std::sync::Arc;

use tract_tflite::internal::{TractError, TractResult, ensure};
use tract_tflite::prelude::{Framework as _, Tensor, TypedModel, TypedSimplePlan, tvec};
use tract_tflite::tflite::root_as_model;

use self::canonical::Canonical;
pub(super) use self::ends::{Ends, Pixels};
use self::lower::Lowering;
pub use self::report::Kind;
pub(super) use self::report::Report;
use self::source::Source;
use super::ModelError;
use super::contain::contain;

/// What is wrong with an operator, and what to change.
type Complaint = (String, &'static str);

/// A network that takes one photo and answers some numbers.
pub(super) struct Network {
    ends: Ends,
    plan: Arc<TypedSimplePlan>,
    metadata: Option<Vec<u8>>,
}

/// A model in canonical form.
pub(super) struct Converted {
    /// A TensorFlow Lite file.
    pub(super) file: Vec<u8>,
    /// What it takes and gives.
    pub(super) ends: Ends,
    /// The content of the original file's TensorFlow Lite Metadata.
    pub(super) metadata: Option<Vec<u8>>,
    /// Pairs of a multiplication and an addition for one photo.
    pub(super) multiply_adds: u64,
}

/// Brings a file's model into canonical form.
///
/// # Errors
///
/// All that is wrong with it, in the file's order; at least one.
pub(super) fn convert(file: &[u8]) -> Result<Converted, Vec<ModelError>> {
    let convert = || {
        let model = model(file).map_err(|error| vec![error])?;
        let source = Source::read(&model).map_err(|error| vec![error])?;
        converted(&source)
    };
    contain(convert).map_err(|panic| vec![ModelError::Engine(panic)])?
}

/// What there is to know about a file's model, whether it can be run or not.
pub(super) fn report(file: &[u8]) -> Result<Report, ModelError> {
    let report = || {
        let model = model(file)?;
        Ok(Report::of(&Source::read(&model)?))
    };
    contain(report).map_err(ModelError::Engine)?
}

/// The verified model of a file.
fn model(file: &[u8]) -> Result<tract_tflite::tflite::Model<'_>, ModelError> {
    if file.get(4..8) != Some(b"TFL3") {
        return Err(ModelError::NotTflite("it does not say \"TFL3\" at its start".to_owned()));
    }
    root_as_model(file).map_err(|error| ModelError::NotTflite(first_line(&error)))
}

fn converted(source: &Source<'_>) -> Result<Converted, Vec<ModelError>> {
    let graph = |(problem, remedy): Complaint| vec![ModelError::Graph { problem, remedy }];
    let shape = ends::input(source).map_err(|error| vec![error])?;
    let (input, output) = ends::only(source).map_err(|error| vec![error])?;
    let (mut lowering, place) = Lowering::new(source, input, shape).map_err(graph)?;
    if !lowering.problems.is_empty() {
        return Err(lowering.problems);
    }
    let result = lowering.result(output).map_err(graph)?;
    let canonical = lowering.canonical;
    let outputs = canonical.shape(result).iter().product();
    let ends = Ends::new(source, outputs).map_err(|error| vec![error])?;
    Ok(Converted {
        file: write::write(&canonical, place, result),
        ends,
        metadata: source.metadata.map(<[u8]>::to_vec),
        multiply_adds: canonical.multiply_adds(),
    })
}

impl Network {
    /// Reads the content of a `.tflite` file.
    pub(super) fn open(file: &[u8]) -> Result<Self, ModelError> {
        let unknown = || ModelError::Engine("no reason is known".to_owned());
        let mut converted = convert(file).map_err(|errors| {
            let others = errors.len() - 1;
            let first = errors.into_iter().next().unwrap_or_else(unknown);
            if others == 0 { first } else { ModelError::Several { first: Box::new(first), others } }
        })?;
        let canonical = std::mem::take(&mut converted.file);
        let plan = contain(|| Self::plan(canonical, converted.ends.outputs));
        let plan = plan.map_err(ModelError::Engine)?.map_err(|e| ModelError::Engine(brief(&e)))?;
        Ok(Self { ends: converted.ends, plan, metadata: converted.metadata })
    }

    /// Hands a file in canonical form to the engine.
    fn plan(file: Vec<u8>, outputs: usize) -> TractResult<Arc<TypedSimplePlan>> {
        let engine = tract_tflite::tflite();
        let proto = engine.proto_model_for_read(&mut &file[..])?;
        drop(file);
        let model = engine.model_for_proto_model(&proto)?;
        drop(proto);
        Self::bound(&model, outputs)?;
        TypedSimplePlan::new(model.into_optimized()?)
    }

    /// Makes sure that the engine sees the sizes that were counted.
    fn bound(model: &TypedModel, outputs: usize) -> TractResult<()> {
        let values = |shape: &[usize]| {
            let values = shape.iter().try_fold(1_usize, |all, side| all.checked_mul(*side));
            values.filter(|values| *values <= Canonical::MAX_VALUES)
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
        ensure!(output == Some(outputs), "the output has {output:?} values, and not {outputs}");
        Ok(())
    }

    /// What it takes and gives.
    pub(super) fn ends(&self) -> &Ends {
        &self.ends
    }

    /// The content of the file's TensorFlow Lite Metadata, if it has any.
    pub(super) fn metadata(&self) -> Option<&[u8]> {
        self.metadata.as_deref()
    }

    /// Runs the network on `height * width * channels` real values, on this thread alone.
    pub(super) fn run(&self, values: &[f32]) -> Result<Vec<f32>, String> {
        let shape = [1, self.ends.height, self.ends.width, self.ends.channels];
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
