//! A description to begin with, for a model of which something is not known.

use std::fmt::Write as _;

use lookbook_tflite::{End, Ends, Pixels};

use super::choice::Origin;
use super::error::example;
use super::knowledge::Knowledge;
use super::{Input, ModelError};
use crate::label::Label;

/// What was found of a model.
pub(super) struct Found<'a> {
    pub(super) knowledge: &'a Knowledge,
    pub(super) outputs: &'a [End],
    /// If the network can be made.
    pub(super) ends: Option<&'a Ends>,
    pub(super) labels: Option<&'a Result<(Vec<Label>, Origin), ModelError>>,
    pub(super) input: Option<&'a Result<(Input, Origin), ModelError>>,
    /// Whether nobody says how large the input is.
    pub(super) open: bool,
}

/// The text of a description with all that is known of a model, and a line to choose or correct for
/// all that is not: as it stands, it makes no model look described that is not.
pub(super) fn proposal(found: &Found<'_>) -> String {
    let &Found { knowledge, ends, .. } = found;
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let mut line = |args: std::fmt::Arguments<'_>| {
        let _ = text.write_fmt(args);
        text.push('\n');
    };
    line(format_args!("name = {}", quoted(&knowledge.stem)));
    if found.outputs.len() > 1 {
        match knowledge.output.or(knowledge.draft.number) {
            Some(number) => line(format_args!("output_number = {number}")),
            None => line(format_args!("# output_number = 0  # which output has the scores:")),
        }
        for (number, End { name, kind, shape }) in found.outputs.iter().enumerate().take(16) {
            line(format_args!("# {number}: {} {shape:?} {}", kind.to_lowercase(), quoted(name)));
        }
    }
    if let Some(ends) = ends {
        outputs(found, ends, &mut line);
    }
    line(format_args!("\n[input]"));
    match ends {
        Some(ends) => line(format_args!("size = \"{}x{}\"", ends.width, ends.height)),
        None if found.open => {
            line(format_args!("# size = \"224x224\"  # of the images that it was trained with"));
        }
        None => {}
    }
    match (found.input, ends.map(|ends| ends.pixels)) {
        (Some(Ok((Input { colours, mean, std, .. }, _))), pixels) => {
            line(format_args!("colours = \"{}\"", colours.name()));
            if matches!(pixels, Some(Pixels::Whole { .. })) {
                line(format_args!("# Its whole numbers are pixels, if nothing else is said here:"));
            }
            line(format_args!("mean = {mean:?}\nstd = {std:?}"));
        }
        _ => line(format_args!("{NORMALISATIONS}")),
    }
    text
}

/// The usual ways in which pixels become numbers.
const NORMALISATIONS: &str = "\
# A value v from 0 to 255 becomes (v - mean) / std, for red, green and blue. Take one of these:
# mean = [127.5, 127.5, 127.5]  # -1..1
# std = [127.5, 127.5, 127.5]
# mean = [0.0, 0.0, 0.0]  # 0..1
# std = [255.0, 255.0, 255.0]
# mean = [0.0, 0.0, 0.0]  # 0..255
# std = [1.0, 1.0, 1.0]
# mean = [123.675, 116.28, 103.53]  # imagenet
# std = [58.395, 57.12, 57.375]
# colours = \"bgr\"  # caffe
# mean = [123.68, 116.779, 103.939]
# std = [1.0, 1.0, 1.0]";

/// What is said of the outputs.
fn outputs(found: &Found<'_>, ends: &Ends, line: &mut impl FnMut(std::fmt::Arguments<'_>)) {
    match found.labels {
        Some(Ok((labels, _))) => {
            let labels: Vec<String> = labels.iter().map(|label| quoted(label.as_str())).collect();
            line(format_args!("labels = [{}]", labels.join(", ")));
        }
        _ => {
            let example = example(ends.outputs);
            line(format_args!("{example}  # what the outputs are called, in order"));
        }
    }
    if ends.outputs == 1 {
        line(format_args!(
            "# One output p: the scores are 1 - p for the first label, p for the second."
        ));
    }
    if let Some(Err(ModelError::Labels { outputs, labels, .. })) = found.labels
        && *outputs == labels + 1
    {
        line(format_args!("# background = true  # if the first output is for none of the labels"));
    }
    let output = if ends.probabilities { "probabilities" } else { "logits" };
    line(format_args!("output = \"{output}\""));
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ if letter.is_control() => quoted.push(' '),
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}
