//! What a network cannot say about itself.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Label, LabelError};
use crate::photo::Filter;

/// A model's description, read from the TOML file beside it.
///
/// Every value is checked, so that whoever holds one need not check again.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// What people call the model.
    pub name: String,
    /// Where it comes from: data, training, licence. For people only.
    pub source: String,
    /// One for each output of the network, in its order: distinct, at least two.
    pub labels: Arc<[Label]>,
    /// A photo whose top label has a lower confidence goes to review; from 0 to 1.
    pub review_below: f32,
    /// What the network's numbers are.
    pub output: Output,
    /// Logits are divided by it before the softmax; finite and greater than 0, and 1 unless calibrated.
    pub temperature: f32,
    /// How a photo becomes the network's input.
    pub input: Input,
}

/// What the numbers are that come out of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Output {
    /// Any numbers, of which a softmax makes probabilities.
    Logits,
    /// Probabilities already.
    Probabilities,
}

/// How a photo becomes a tensor of shape 1 × height × width × 3 (red, green, blue).
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// In pixels, 1 to [`Input::MAX_SIDE`].
    pub width: u32,
    /// In pixels, 1 to [`Input::MAX_SIDE`].
    pub height: u32,
    /// How a photo of another shape is made to fit.
    pub resize: Resize,
    /// How pixels are computed from their neighbours.
    pub filter: Filter,
    /// For red, green and blue. A value `v` from 0 to 255 becomes `(v - mean) / std`.
    pub mean: [f32; 3],
    /// For red, green and blue; greater than 0.
    pub std: [f32; 3],
}

/// How a photo is made to fit the network's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resize {
    /// The whole photo, its sides scaled each for itself.
    Squash,
}

/// Why a text is no description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionError {
    /// Not TOML, or a key that does not exist, or a value of another type. The text shows the line.
    #[error("{0}")]
    Syntax(String),
    /// A field must be there and is not.
    #[error("`{field}` is missing: write, for example, {example}")]
    Missing {
        /// Its name, with its table.
        field: &'static str,
        /// A line that would do.
        example: &'static str,
    },
    /// A field has a value that cannot be.
    #[error("`{field}` {problem}: write {expected}")]
    Value {
        /// Its name, with its table.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
        /// What it should be.
        expected: &'static str,
    },
    /// An item of `labels` is none.
    #[error("`labels`, item {position}: {error}")]
    Label {
        /// Counted from 1.
        position: usize,
        /// What is wrong with it.
        error: LabelError,
    },
}

impl Input {
    /// The widest and highest input that a network may have, in pixels.
    pub const MAX_SIDE: u32 = 2048;
}

/// The file as it is written: every field may be missing, so that the error can say what to write.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<String>,
    source: Option<String>,
    labels: Option<Vec<String>>,
    review_below: Option<f32>,
    output: Option<Output>,
    temperature: Option<f32>,
    input: Option<InputTable>,
}

/// The `[input]` table as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct InputTable {
    width: Option<u32>,
    height: Option<u32>,
    resize: Option<Resize>,
    filter: Option<Filter>,
    mean: Option<[f32; 3]>,
    std: Option<[f32; 3]>,
}

/// Gives a field's value, or the error that says what to write.
fn required<T>(
    value: Option<T>,
    field: &'static str,
    example: &'static str,
) -> Result<T, DescriptionError> {
    value.ok_or(DescriptionError::Missing { field, example })
}

/// Gives `value` if it is `fine`, or the error that shows it.
fn checked<T: std::fmt::Debug>(
    value: T,
    fine: impl FnOnce(&T) -> bool,
    field: &'static str,
    expected: &'static str,
) -> Result<T, DescriptionError> {
    if fine(&value) {
        Ok(value)
    } else {
        Err(DescriptionError::Value { field, problem: format!("is {value:?}"), expected })
    }
}

impl Description {
    /// Reads the text of a description file.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong: each error names the field and says what to write.
    pub fn parse(toml: &str) -> Result<Self, DescriptionError> {
        let file: File = toml::from_str(toml)
            .map_err(|error| DescriptionError::Syntax(error.to_string().trim_end().to_owned()))?;
        let output = required(file.output, "output", "output = \"logits\"")?;
        let temperature = checked(
            file.temperature.unwrap_or(1.0),
            |t| t.is_finite() && *t > 0.0,
            "temperature",
            "a number greater than 0, or leave it out for 1.0",
        )?;
        #[allow(clippy::float_cmp)] // 1.0 is what the file says, not a result.
        if output == Output::Probabilities && temperature != 1.0 {
            return Err(DescriptionError::Value {
                field: "temperature",
                problem: format!("is {temperature:?}, but applies to logits only"),
                expected: "output = \"logits\", or leave the temperature out",
            });
        }
        Ok(Self {
            name: checked(
                required(file.name, "name", "name = \"clothing\"")?,
                |name| !name.trim().is_empty(),
                "name",
                "what people call the model",
            )?,
            source: required(file.source, "source", "source = \"where the model comes from\"")?,
            labels: labels(&required(file.labels, "labels", "labels = [\"dress\", \"hat\"]")?)?,
            review_below: checked(
                required(file.review_below, "review_below", "review_below = 0.6")?,
                |threshold| (0.0..=1.0).contains(threshold),
                "review_below",
                "a confidence from 0.0 (review nothing) to 1.0",
            )?,
            output,
            temperature,
            input: file.input.unwrap_or_default().check()?,
        })
    }

    /// All that can change scores or a shelf, as text, always in the same form.
    ///
    /// Comments, layout, [`name`](Self::name) and [`source`](Self::source) are not in it.
    #[must_use]
    pub fn canonical(&self) -> String {
        let Self { name: _, source: _, labels, review_below, output, temperature, input } = self;
        let Input { width, height, resize, filter, mean, std } = input;
        let mut text = format!(
            "review_below={review_below:?}\noutput={output:?}\ntemperature={temperature:?}\n\
             input={width}x{height} {resize:?} {filter:?} mean={mean:?} std={std:?}\n"
        );
        for label in labels.iter() {
            // Writing to a `String` cannot fail; a label has no line break in it.
            let _ = writeln!(text, "label={label}");
        }
        text
    }

    /// The SHA-256 of the [canonical text](Self::canonical).
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.canonical()).into()
    }

    /// A description to fill in, for a network with this input and this number of outputs.
    #[must_use]
    pub fn template(name: &str, width: usize, height: usize, outputs: usize) -> String {
        let labels: Vec<String> = (1..=outputs).map(|n| format!("\"label-{n}\"")).collect();
        format!(
            "name = {name:?}\n\
             source = \"where the model comes from\"\n\
             labels = [{}]  # in the order of the network's outputs\n\
             review_below = 0.6  # a lower confidence goes to review\n\
             output = \"logits\"  # or \"probabilities\", if the network ends with a softmax\n\
             \n\
             [input]\n\
             width = {width}\n\
             height = {height}\n\
             resize = \"squash\"\n\
             filter = \"bilinear\"\n\
             mean = [127.5, 127.5, 127.5]  # a value v from 0 to 255 becomes (v - mean) / std\n\
             std = [127.5, 127.5, 127.5]\n",
            labels.join(", ")
        )
    }
}

impl InputTable {
    fn check(self) -> Result<Input, DescriptionError> {
        let side = |side: &u32| (1..=Input::MAX_SIDE).contains(side);
        let finite = |values: &[f32; 3]| values.iter().all(|v| v.is_finite());
        let positive = |values: &[f32; 3]| values.iter().all(|v| v.is_finite() && *v > 0.0);
        Ok(Input {
            width: checked(
                required(self.width, "input.width", "width = 224 in the table [input]")?,
                side,
                "input.width",
                "the network's input width, 1 to 2048 pixels",
            )?,
            height: checked(
                required(self.height, "input.height", "height = 224 in the table [input]")?,
                side,
                "input.height",
                "the network's input height, 1 to 2048 pixels",
            )?,
            resize: required(
                self.resize,
                "input.resize",
                "resize = \"squash\" in the table [input]",
            )?,
            filter: required(
                self.filter,
                "input.filter",
                "filter = \"bilinear\" in the table [input]",
            )?,
            mean: checked(
                required(
                    self.mean,
                    "input.mean",
                    "mean = [127.5, 127.5, 127.5] in the table [input]",
                )?,
                finite,
                "input.mean",
                "three finite numbers, for red, green and blue",
            )?,
            std: checked(
                required(
                    self.std,
                    "input.std",
                    "std = [127.5, 127.5, 127.5] in the table [input]",
                )?,
                positive,
                "input.std",
                "three finite numbers greater than 0, for red, green and blue",
            )?,
        })
    }
}

/// Checks all labels, each for itself and against the others.
fn labels(texts: &[String]) -> Result<Arc<[Label]>, DescriptionError> {
    const EXPECTED: &str = "at least two distinct labels, in the order of the network's outputs";
    let wrong = |problem| DescriptionError::Value { field: "labels", problem, expected: EXPECTED };
    let labels = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            Label::parse(text)
                .map_err(|error| DescriptionError::Label { position: index + 1, error })
        })
        .collect::<Result<Arc<[Label]>, _>>()?;
    if labels.len() < 2 {
        return Err(wrong(format!("has {} of them", labels.len())));
    }
    let mut seen = BTreeSet::new();
    match labels.iter().find(|label| !seen.insert(*label)) {
        Some(twice) => Err(wrong(format!("has \"{twice}\" twice"))),
        None => Ok(labels),
    }
}

#[cfg(test)]
mod tests;
