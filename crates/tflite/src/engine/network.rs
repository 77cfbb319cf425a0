//! A network that runs.

use std::sync::Arc;

use tract_tflite::internal::tract_core::runtime::RunOptions;
use tract_tflite::internal::{TractError, TractResult, ensure};
use tract_tflite::prelude::{TValue, TypedSimplePlan, tvec};

use super::build::build;
use super::ops::workspace::{Workspaces, here};
use super::pack::level;
use crate::canonical::Canonical;
use crate::contain::contain;
use crate::ends::Ends;
use crate::error::{Error, RunError};

/// A network that takes one image and answers some numbers.
///
/// It does not change once it is made: share one between all threads.
pub struct Network {
    ends: Ends,
    plan: Arc<TypedSimplePlan>,
    metadata: Option<Vec<u8>>,
    workspaces: Workspaces,
}

/// Hands a canonical form to the engine.
pub(crate) fn network(
    canonical: Canonical<'_>,
    input: usize,
    output: usize,
    ends: Ends,
    metadata: Option<Vec<u8>>,
) -> Result<Network, Error> {
    let plan = contain(|| plan(canonical, input, output, ends.outputs));
    let plan = plan.map_err(Error::Engine)?.map_err(|error| Error::Engine(brief(&error)))?;
    Ok(Network { ends, plan, metadata, workspaces: Workspaces::default() })
}

fn plan(
    canonical: Canonical<'_>,
    input: usize,
    output: usize,
    outputs: usize,
) -> TractResult<Arc<TypedSimplePlan>> {
    let model = build(canonical, input, output, level())?;
    let values = model.output_fact(0)?.shape.as_concrete().map(|shape| shape.iter().product());
    ensure!(values == Some(outputs), "the output has {values:?} values, and not {outputs}");
    // In the order in which they were added: that of the file.
    let options = RunOptions { skip_order_opt_ram: true, ..RunOptions::default() };
    TypedSimplePlan::new_with_options(model, &options)
}

impl Network {
    /// What it takes and gives.
    #[must_use]
    pub fn ends(&self) -> &Ends {
        &self.ends
    }

    /// The content of the file's TensorFlow Lite Metadata, if it has any.
    #[must_use]
    pub fn metadata(&self) -> Option<&[u8]> {
        self.metadata.as_deref()
    }

    /// Runs the network on `height * width * channels` real values, row by row, on this thread alone.
    /// Its answer has as many real values as [`Ends::outputs`] says.
    ///
    /// # Errors
    ///
    /// If there are more values or fewer, or the engine fails or panics.
    pub fn run(&self, values: &[f32]) -> Result<Vec<f32>, RunError> {
        let wanted = self.ends.height * self.ends.width * self.ends.channels;
        if values.len() != wanted {
            let given = values.len();
            return Err(RunError(format!("{given} values for an input of {wanted}")));
        }
        self.run_with(|input| input.copy_from_slice(values))
    }

    /// As [`run`](Self::run), on values that `fill` writes where the network reads them. What is there
    /// before is arbitrary: all must be written.
    ///
    /// # Errors
    ///
    /// If the engine fails, or it or `fill` panics.
    pub fn run_with(&self, fill: impl FnOnce(&mut [f32])) -> Result<Vec<f32>, RunError> {
        let answer = contain(|| self.workspaces.within(|| self.answer(fill))).map_err(RunError)?;
        answer.map_err(|error| RunError(brief(&error)))
    }

    fn answer(&self, fill: impl FnOnce(&mut [f32])) -> TractResult<Vec<f32>> {
        let shape = [1, self.ends.height, self.ends.width, self.ends.channels];
        let mut input = here(|workspace| workspace.take::<f32>(&shape))?;
        fill(input.try_as_plain_ram_mut()?.as_slice_mut()?);
        let input = TValue::from(input);
        let outputs = self.plan.run(tvec!(input.clone()))?;
        let output = outputs.first().map(|output| output.try_as_plain_ram()).transpose()?;
        let values = output.map(|output| output.as_slice::<f32>().map(<[f32]>::to_vec));
        let values = values.transpose()?.unwrap_or_default();
        here(|workspace| {
            workspace.give(input);
            outputs.into_iter().for_each(|output| workspace.give(output));
        });
        Ok(values)
    }
}

/// The engine's error without the listings of whole operators that are part of it.
fn brief(error: &TractError) -> String {
    let texts: Vec<String> =
        error.chain().map(ToString::to_string).filter(|text| !text.contains('\n')).collect();
    texts.join(": ")
}
