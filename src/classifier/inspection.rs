//! What there is to know about a model, whether it can be run or not.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lookbook_tflite::{End, Ends, Network, RunError};

use super::choice::{Choice, Origin};
use super::knowledge::Knowledge;
use super::proposal::{Found, proposal};
use super::{Input, Metadata, ModelError, ModelId, Precision};
use crate::label::Label;

/// What [`inspect`] found.
#[derive(Debug)]
pub struct Inspection {
    /// Of the file's content.
    pub id: ModelId,
    /// The file's size in bytes.
    pub bytes: usize,
    /// In which numbers the model was exported.
    pub precision: Precision,
    /// What it takes, as the file has it.
    pub inputs: Vec<End>,
    /// What it gives, as the file has it.
    pub outputs: Vec<End>,
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
    /// A description of the model with what is known, and what its user must find out.
    pub proposal: String,
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
    let report = lookbook_tflite::report(&knowledge.file)?;
    let ask = knowledge.ask(&report);
    let mut inspection = Inspection {
        id: ModelId::of(&knowledge.file),
        bytes: knowledge.file.len(),
        precision: report.precision,
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
        proposal: String::new(),
        problems: vec![],
    };
    let start = Instant::now();
    let converted = match ask {
        Ok(ask) => lookbook_tflite::convert_as(&knowledge.file, &ask)
            .map_err(|problems| problems.into_iter().map(ModelError::from).collect()),
        Err(problem) => Err(vec![problem]),
    };
    let converted = match converted {
        Ok(converted) => converted,
        Err(problems) => {
            inspection.problems = problems;
            inspection.proposal = proposal(&inspection.found(&knowledge, None));
            return Ok(inspection);
        }
    };
    let conversion = start.elapsed();
    let (ends, metadata) = (converted.ends(), converted.metadata());
    let labels = knowledge.labels(ends, metadata);
    inspection.labels = Some(labels.map(|(labels, origin)| (labels.to_vec(), origin)));
    inspection.metadata = knowledge.metadata(metadata).ok().flatten();
    inspection.input = Some(knowledge.input(ends, metadata));
    inspection.proposal = proposal(&inspection.found(&knowledge, Some(ends)));
    inspection.multiply_adds = Some(converted.multiply_adds());
    let start = Instant::now();
    match converted.into_network() {
        Ok(network) => {
            inspection.load = Some(conversion + start.elapsed());
            match shortest_look(&network) {
                Ok(shortest) => inspection.photo = shortest,
                Err(RunError(problem)) => {
                    let error = lookbook_tflite::Error::Engine(problem);
                    inspection.problems.push(ModelError::Network(error));
                }
            }
        }
        Err(error) => inspection.problems.push(error.into()),
    }
    Ok(inspection)
}

/// How long a network takes for an input, at best.
fn shortest_look(network: &Network) -> Result<Option<Duration>, RunError> {
    let ends = network.ends();
    let grey = vec![0.5; ends.width * ends.height * ends.channels];
    let mut shortest = None;
    for _ in 0..LOOKS {
        let start = Instant::now();
        network.run(&grey)?;
        let look = start.elapsed();
        shortest = Some(shortest.map_or(look, |shortest: Duration| shortest.min(look)));
    }
    Ok(shortest)
}

impl Inspection {
    /// What a description is made from.
    fn found<'a>(&'a self, knowledge: &'a Knowledge, ends: Option<&'a Ends>) -> Found<'a> {
        Found {
            knowledge,
            outputs: &self.outputs,
            ends,
            labels: self.labels.as_ref(),
            input: self.input.as_ref(),
            open: self.problems.iter().any(|problem| matches!(problem, ModelError::NoSize)),
        }
    }

    /// Whether `classify` can use the model.
    #[must_use]
    pub fn classifies(&self) -> bool {
        self.problems.is_empty()
            && self.labels.as_ref().is_some_and(Result::is_ok)
            && self.input.as_ref().is_some_and(Result::is_ok)
    }
}
