//! What a model's file says about itself: TensorFlow Lite Metadata.
//!
//! A tool that knows what a model is for can write that into the `.tflite` file, in two places. A
//! buffer of the model, the one that is named `TFLITE_METADATA`, holds a `FlatBuffer` of its own:
//! the model's name, how pixels become the input's numbers, which file names the outputs. That file
//! itself is in a ZIP archive that is appended to the whole.
//!
//! ```text
//! FILE.tflite: │ model ... "TFLITE_METADATA" ─▶ buffer "M001" │ ZIP archive │
//!                                                 │               │
//!                                     name, normalisation     labels.txt
//!                                     name of the label file ─────┘
//! ```
//!
//! Both are treated as hostile, as all of a model is: offsets and counts are checked before they are
//! used, and a file in the archive is unpacked up to a limit. What is there but damaged is an error,
//! never ignored: labels that are off by one are worse than none.

mod archive;
mod flat;
mod labels;
mod schema;

use self::archive::Archive;
use self::flat::{FlatError, Table, Tables};
use super::size::Size;

/// What a model's file says about itself. A text is never blank, and has no white space around it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// What the model is called.
    pub name: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// Under which licence it is. This may be the licence's whole text.
    pub license: Option<String>,
    /// Which version of the model it is.
    pub version: Option<String>,
    /// How wide and high the input is, if it is an image of a size that is said.
    pub size: Option<Size>,
    /// How pixels become the input's numbers. Nothing if the metadata describes more than one input.
    pub normalisation: Option<Statistics>,
    /// The names of the outputs, in order. They may repeat, and need not be as many as the outputs.
    pub labels: Option<Vec<String>>,
    /// The file in the archive that the labels are from. It is there if the labels are.
    pub label_file: Option<String>,
}

/// How a pixel's value `v`, from 0 to 255, becomes a number: `(v - mean) / std`.
///
/// This is for an input of floats. An input of whole numbers then also has a scale and a zero point,
/// which the metadata does not know of.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// One value for all colours, or one for red, green and blue each; finite.
    pub mean: Vec<f32>,
    /// As many as `mean`; finite and greater than 0.
    pub std: Vec<f32>,
}

/// What to do about metadata that cannot be read.
const AGAIN: &str = "write the metadata into the model again";

/// Why what a model's file says about it cannot be used. Each says what to do, and reads well after
/// "the model's metadata:".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// It is in another format, or none.
    #[error("it says {0:?} where \"M001\" must stand: {again}", again = AGAIN)]
    Format(String),
    /// It contradicts itself.
    #[error("it is damaged: {0}: {again}", again = AGAIN)]
    Damaged(#[from] FlatError),
    /// Something in it is not there that must be.
    #[error("it has {0}: {again}", again = AGAIN)]
    Missing(&'static str),
    /// It describes more than any real model has.
    #[error("there are {count} {what}, and at most {limit} are read: take some out")]
    TooMany {
        /// How many there are, or how many were counted before the limit was met.
        count: usize,
        /// Of what, in the plural.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// The numbers for the input's pixels are none to compute with.
    #[error(
        "its normalisation has {0}: write one mean and one std for all colours, or three of each"
    )]
    Normalisation(String),
    /// The archive at the file's end cannot be read.
    #[error("the archive at the end of the model is damaged: {0}: {again}", again = AGAIN)]
    Archive(String),
    /// The metadata names a label file that is not in the archive.
    #[error("it names the label file {0:?}, which is not in the model: pack it in")]
    NoLabelFile(String),
    /// The label file cannot be unpacked.
    #[error("the label file {file:?} {problem}: {remedy}")]
    Unpack {
        /// Its name in the archive.
        file: String,
        /// What is wrong with it.
        problem: String,
        /// What to change.
        remedy: &'static str,
    },
    /// The label file is no list of labels.
    #[error("the label file {file:?} {problem}: write one label on each line, in UTF-8")]
    Labels {
        /// Its name in the archive.
        file: String,
        /// What is wrong with it, and in which line.
        problem: String,
    },
}

/// How many there may be of whatever a model can have several of. Real ones have one or two.
const LIMIT: usize = 64;

/// Reads what the content of a `.tflite` file says about the model.
///
/// `file` is all of the file, for the archive at its end. `metadata` is the buffer in it that is named
/// `TFLITE_METADATA`; without one there is nothing to read, and the archive is not looked at.
pub(super) fn read(
    file: &[u8],
    metadata: Option<&[u8]>,
) -> Result<Option<Metadata>, MetadataError> {
    let Some(buffer) = metadata else { return Ok(None) };
    let identifier = buffer.get(4..8).unwrap_or_default();
    if identifier != schema::IDENTIFIER {
        return Err(MetadataError::Format(String::from_utf8_lossy(identifier).into_owned()));
    }
    let model = Table::root(buffer)?;
    let graph = limited(model.tables(schema::model::GRAPHS)?, "descriptions of graphs")?;
    let graph = graph.iter().next().transpose()?;
    let (inputs, outputs) = match graph {
        Some(graph) => (
            all(graph.tables(schema::graph::INPUTS)?, "descriptions of inputs")?,
            all(graph.tables(schema::graph::OUTPUTS)?, "descriptions of outputs")?,
        ),
        None => (Vec::new(), Vec::new()),
    };
    let mut metadata = Metadata {
        name: text(model, schema::model::NAME)?,
        description: text(model, schema::model::DESCRIPTION)?,
        author: text(model, schema::model::AUTHOR)?,
        license: text(model, schema::model::LICENSE)?,
        version: text(model, schema::model::VERSION)?,
        normalisation: match inputs.as_slice() {
            [input] => normalisation(*input)?,
            _ => None,
        },
        size: match inputs.as_slice() {
            [input] => size(*input)?,
            _ => None,
        },
        ..Metadata::default()
    };
    let archive = Archive::open(file)?;
    let found = labels::find(model, graph, &inputs, &outputs, archive.as_ref())?;
    (metadata.label_file, metadata.labels) = found.unzip();
    Ok(Some(metadata))
}

/// Gives the items if they are not too many.
fn limited<'b>(items: Tables<'b>, what: &'static str) -> Result<Tables<'b>, MetadataError> {
    let count = items.len();
    if count > LIMIT {
        return Err(MetadataError::TooMany { count, what, limit: LIMIT });
    }
    Ok(items)
}

/// Follows the items, if they are not too many.
fn all<'b>(items: Tables<'b>, what: &'static str) -> Result<Vec<Table<'b>>, MetadataError> {
    Ok(limited(items, what)?.iter().collect::<Result<_, _>>()?)
}

/// A field's text, if there is more than white space in it.
fn text(table: Table<'_>, field: usize) -> Result<Option<String>, FlatError> {
    let text = table.text(field)?.map(str::trim);
    Ok(text.filter(|text| !text.is_empty()).map(str::to_owned))
}

/// How wide and high the input is: as its properties say, else as its description does, in words.
fn size(input: Table<'_>) -> Result<Option<Size>, FlatError> {
    use schema::{content, image, tensor};
    let content = input.table(tensor::CONTENT)?;
    if let Some(content) = content
        && content.byte(content::PROPERTIES_TYPE)? == content::IMAGE
        && let Some(properties) = content.table(content::PROPERTIES)?
        && let Some(size) = properties.table(image::SIZE)?
        && let Some(size) = Size::new(size.number(image::WIDTH)?, size.number(image::HEIGHT)?)
    {
        return Ok(Some(size));
    }
    Ok(text(input, tensor::DESCRIPTION)?.and_then(|text| Size::named_in(&text)))
}

/// How the input's numbers are made, if its description says that.
fn normalisation(input: Table<'_>) -> Result<Option<Statistics>, MetadataError> {
    let mut found = None;
    for unit in all(input.tables(schema::tensor::PROCESS_UNITS)?, "steps that make the input")? {
        if unit.byte(schema::unit::OPTIONS_TYPE)? != schema::unit::NORMALISATION {
            continue;
        }
        if found.is_some() {
            return Err(MetadataError::Normalisation("another one after it".to_owned()));
        }
        let options = unit
            .table(schema::unit::OPTIONS)?
            .ok_or(MetadataError::Missing("a normalisation without numbers"))?;
        let mean = options.floats(schema::normalisation::MEAN)?;
        let std = options.floats(schema::normalisation::STD)?;
        found = Some(Statistics::new(mean, std)?);
    }
    Ok(found)
}

impl Statistics {
    /// Checks values as they are in the file.
    fn new(mean: &[[u8; 4]], std: &[[u8; 4]]) -> Result<Self, MetadataError> {
        let wrong = |problem| Err(MetadataError::Normalisation(problem));
        if !matches!((mean.len(), std.len()), (1, 1) | (3, 3)) {
            return wrong(format!("{} values as mean and {} as std", mean.len(), std.len()));
        }
        let floats = |bytes: &[[u8; 4]]| bytes.iter().copied().map(f32::from_le_bytes).collect();
        let (mean, std): (Vec<f32>, Vec<f32>) = (floats(mean), floats(std));
        if let Some(value) = mean.iter().find(|mean| !mean.is_finite()) {
            return wrong(format!("{value} as mean"));
        }
        if let Some(value) = std.iter().find(|std| !std.is_finite() || **std <= 0.0) {
            return wrong(format!("{value} as std, which must be greater than 0"));
        }
        Ok(Self { mean, std })
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
