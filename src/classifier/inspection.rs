//! What there is to know about a model, whether it can be run or not.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::choice::{Choice, Origin};
use super::contain::contain;
use super::knowledge::Knowledge;
use super::tflite::{self, Converted};
use super::{Input, Kind, Metadata, ModelError, ModelId};
use crate::label::Label;

/// What [`inspect`] found.
#[derive(Debug)]
pub struct Inspection {
    /// Of the file's content.
    pub id: ModelId,
    /// The file's size in bytes.
    pub bytes: usize,
    /// In which numbers the model was exported.
    pub kind: Kind,
    /// Type and sides of each input, as the file has them.
    pub inputs: Vec<(String, Vec<i32>)>,
    /// Type and sides of each output, as the file has them.
    pub outputs: Vec<(String, Vec<i32>)>,
    /// How often each operator occurs in the file.
    pub operators: BTreeMap<String, usize>,
    /// How many weights the file has.
    pub parameters: u64,
    /// Pairs of a multiplication and an addition for one photo, if the network can be run.
    pub multiply_adds: Option<u64>,
    /// The labels and who says them, or what is wrong with them; `None` if the network cannot be run.
    pub labels: Option<Result<(Vec<Label>, Origin), ModelError>>,
    /// How photos become the input and who says so, or what is wrong with it; `None` if the network
    /// cannot be run.
    pub input: Option<Result<(Input, Origin), ModelError>>,
    /// What the file says about itself besides, if it does and the network can be run.
    pub metadata: Option<Metadata>,
    /// What it took to load the model, if it can be run.
    pub load: Option<Duration>,
    /// What one photo takes on one thread, the shortest of some, if it was tried.
    pub photo: Option<Duration>,
    /// All that keeps the network from being run, in the file's order.
    pub problems: Vec<ModelError>,
}

/// How often a photo is shown to the network, to see how long that takes.
const LOOKS: usize = 5;

/// Looks at a model from all sides: reads it, loads it, and times it.
///
/// # Errors
///
/// If there is nothing to look at: no such file, not a TensorFlow Lite model, or a description that is
/// none. All else that is wrong is part of the [`Inspection`].
pub fn inspect(choice: &Choice) -> Result<Inspection, ModelError> {
    let knowledge = Knowledge::gather(choice)?;
    let report = tflite::report(&knowledge.file)?;
    let mut inspection = Inspection {
        id: ModelId::of(&knowledge.file),
        bytes: knowledge.file.len(),
        kind: report.kind,
        inputs: report.inputs,
        outputs: report.outputs,
        operators: report.operators,
        parameters: report.parameters,
        multiply_adds: None,
        labels: None,
        input: None,
        metadata: None,
        load: None,
        photo: None,
        problems: vec![],
    };
    match tflite::convert(&knowledge.file) {
        Ok(Converted { file: _, ends, metadata, multiply_adds }) => {
            inspection.multiply_adds = Some(multiply_adds);
            let labels = knowledge.labels(&ends, metadata.as_deref());
            inspection.labels = Some(labels.map(|(labels, origin)| (labels.to_vec(), origin)));
            inspection.metadata = knowledge.metadata(metadata.as_deref()).ok().flatten();
            inspection.input = Some(knowledge.input(&ends, metadata.as_deref()));
        }
        Err(problems) => {
            inspection.problems = problems;
            return Ok(inspection);
        }
    }
    let start = Instant::now();
    match tflite::Network::open(&knowledge.file) {
        Ok(network) => {
            inspection.load = Some(start.elapsed());
            let ends = network.ends();
            let grey = vec![0.5; ends.width * ends.height * ends.channels];
            let look = || {
                let start = Instant::now();
                contain(|| network.run(&grey)).and_then(|answer| answer).map(|_| start.elapsed())
            };
            let looks: Result<Vec<Duration>, String> = (0..LOOKS).map(|_| look()).collect();
            match looks {
                Ok(looks) => inspection.photo = looks.into_iter().min(),
                Err(problem) => inspection.problems.push(ModelError::Engine(problem)),
            }
        }
        Err(problem) => inspection.problems.push(problem),
    }
    Ok(inspection)
}

impl Inspection {
    /// Whether `classify` can use the model.
    #[must_use]
    pub fn classifies(&self) -> bool {
        self.problems.is_empty()
            && self.labels.as_ref().is_some_and(Result::is_ok)
            && self.input.as_ref().is_some_and(Result::is_ok)
    }
}
