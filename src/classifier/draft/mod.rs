//! What the text beside a model says: as much or as little as its author wrote.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;

use super::size::Size;
use super::{Colours, Input, Output, Resize};
use crate::label::{Label, LabelError};
use crate::photo::Filter;

/// A description file, every value checked, and any of them missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// What people call the model.
    pub name: Option<String>,
    /// Where it comes from: data, training, licence.
    pub source: Option<String>,
    /// One for each output of the network, in its order: distinct, at least two.
    pub labels: Option<Arc<[Label]>>,
    /// A photo whose top label has a lower confidence goes to review; from 0 to 1.
    pub review_below: Option<f32>,
    /// What the network's numbers are.
    pub output: Option<Output>,
    /// Logits are divided by it before the softmax; finite and greater than 0.
    pub temperature: Option<f32>,
    /// Whether the first output is for what is none of the labels.
    pub background: Option<bool>,
    /// Which of several outputs has the scores, counted from 0.
    pub number: Option<usize>,
    /// In pixels.
    pub width: Option<u32>,
    /// In pixels.
    pub height: Option<u32>,
    /// How a photo of another shape is made to fit.
    pub resize: Option<Resize>,
    /// How pixels are computed from their neighbours.
    pub filter: Option<Filter>,
    /// In which order the network takes colours.
    pub colours: Option<Colours>,
    /// Mean and standard deviation, for red, green and blue.
    pub normalisation: Option<Normalisation>,
}

/// A value `v` of a pixel, from 0 to 255, becomes `(v - mean) / std`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalisation {
    /// For red, green and blue.
    pub mean: [f32; 3],
    /// For red, green and blue; greater than 0.
    pub std: [f32; 3],
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

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Option<String>,
    source: Option<String>,
    labels: Option<Vec<String>>,
    review_below: Option<f32>,
    output: Option<Output>,
    temperature: Option<f32>,
    background: Option<bool>,
    output_number: Option<usize>,
    #[serde(default)]
    input: InputTable,
}

/// The `[input]` table as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct InputTable {
    size: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    resize: Option<Resize>,
    filter: Option<Filter>,
    colours: Option<Colours>,
    mean: Option<[f32; 3]>,
    std: Option<[f32; 3]>,
}

/// Gives `value` if it is missing or `fine`, or the error that shows it.
fn checked<T: std::fmt::Debug>(
    value: Option<T>,
    fine: impl FnOnce(&T) -> bool,
    field: &'static str,
    expected: &'static str,
) -> Result<Option<T>, DescriptionError> {
    match value {
        Some(value) if !fine(&value) => {
            Err(DescriptionError::Value { field, problem: format!("is {value:?}"), expected })
        }
        value => Ok(value),
    }
}

impl Draft {
    /// Reads the text of a description file.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong: each error names the field and says what to write.
    pub fn parse(toml: &str) -> Result<Self, DescriptionError> {
        let file: File = toml::from_str(toml)
            .map_err(|error| DescriptionError::Syntax(error.to_string().trim_end().to_owned()))?;
        let temperature = checked(
            file.temperature,
            |t| t.is_finite() && *t > 0.0,
            "temperature",
            "a number greater than 0, or leave it out for 1.0",
        )?;
        let size = size(&file.input)?;
        let side = |side: &u32| (1..=Input::MAX_SIDE).contains(side);
        Ok(Self {
            name: checked(
                file.name,
                |name| !name.trim().is_empty(),
                "name",
                "what people call the model",
            )?,
            source: file.source,
            labels: file.labels.map(|texts| labels(&texts)).transpose()?,
            review_below: checked(
                file.review_below,
                |threshold| (0.0..=1.0).contains(threshold),
                "review_below",
                "a confidence from 0.0 (review nothing) to 1.0",
            )?,
            output: file.output,
            temperature,
            background: file.background,
            number: file.output_number,
            width: checked(
                file.input.width.or(size.map(Size::width)),
                side,
                "input.width",
                "the network's input width, 1 to 2048 pixels",
            )?,
            height: checked(
                file.input.height.or(size.map(Size::height)),
                side,
                "input.height",
                "the network's input height, 1 to 2048 pixels",
            )?,
            resize: file.input.resize,
            filter: file.input.filter,
            colours: file.input.colours,
            normalisation: normalisation(file.input.mean, file.input.std)?,
        })
    }
}

/// The size as one text, which is said in no other way then.
fn size(input: &InputTable) -> Result<Option<Size>, DescriptionError> {
    const EXPECTED: &str = "width and height, such as size = \"224x192\"";
    let wrong =
        |problem| DescriptionError::Value { field: "input.size", problem, expected: EXPECTED };
    let Some(text) = &input.size else { return Ok(None) };
    if input.width.is_some() || input.height.is_some() {
        return Err(wrong("is said twice, by input.width or input.height too".to_owned()));
    }
    text.parse().map(Some).map_err(|()| wrong(format!("is {text:?}")))
}

/// Both or neither.
fn normalisation(
    mean: Option<[f32; 3]>,
    std: Option<[f32; 3]>,
) -> Result<Option<Normalisation>, DescriptionError> {
    let missing = |field, example| DescriptionError::Missing { field, example };
    let mean = checked(
        mean,
        |mean| mean.iter().all(|v| v.is_finite()),
        "input.mean",
        "three finite numbers, for red, green and blue",
    )?;
    let std = checked(
        std,
        |std| std.iter().all(|v| v.is_finite() && *v > 0.0),
        "input.std",
        "three finite numbers greater than 0, for red, green and blue",
    )?;
    match (mean, std) {
        (Some(mean), Some(std)) => Ok(Some(Normalisation { mean, std })),
        (None, None) => Ok(None),
        (None, Some(_)) => {
            Err(missing("input.mean", "mean = [127.5, 127.5, 127.5] in the table [input]"))
        }
        (Some(_), None) => {
            Err(missing("input.std", "std = [127.5, 127.5, 127.5] in the table [input]"))
        }
    }
}

/// Checks all labels, each for itself and against the others.
pub(super) fn labels(texts: &[String]) -> Result<Arc<[Label]>, DescriptionError> {
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
