//! What is known about a model: from its user, from the text beside it, from its file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;
use std::sync::Arc;

use lookbook_tflite::{Ends, Pixels};

use super::choice::{Choice, Origin};
use super::draft::{Draft, Normalisation, labels as checked};
use super::metadata::{self, Metadata, MetadataError};
use super::{Description, Input, ModelError, Output, Resize, embedded};
use crate::label::Label;
use crate::photo::Filter;

/// A model file, and all that is said about it.
pub(super) struct Knowledge {
    /// The model file's content.
    pub(super) file: Cow<'static, [u8]>,
    /// What it is called if nothing says a name.
    stem: String,
    draft: Draft,
    labels: Option<Vec<String>>,
    normalisation: Option<Normalisation>,
}

impl Knowledge {
    /// The largest model file that is read, in bytes.
    pub(super) const MAX_MODEL_BYTES: u64 = 512 << 20;
    /// The largest label file that is read, in bytes.
    const MAX_LABEL_BYTES: u64 = 1 << 20;

    /// Reads the files that a choice names.
    pub(super) fn gather(choice: &Choice) -> Result<Self, ModelError> {
        let (file, stem, draft) = match &choice.model {
            None => (
                Cow::Borrowed(embedded::MODEL),
                "clothing".to_owned(),
                Draft::parse(embedded::DESCRIPTION)?,
            ),
            Some(path) => {
                let file = read(path, Self::MAX_MODEL_BYTES)?;
                let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                (Cow::Owned(file), stem, beside(&path.with_extension("toml"))?)
            }
        };
        let labels = choice.labels.as_deref().map(label_file).transpose()?;
        let normalisation = choice.normalise.map(super::Normalise::numbers);
        Ok(Self { file, stem, draft, labels, normalisation })
    }

    /// A model file with this content, described by this text.
    pub(super) fn of(file: &[u8], description: &str) -> Result<Self, ModelError> {
        let draft = Draft::parse(description)?;
        let stem = "model".to_owned();
        Ok(Self { file: Cow::Owned(file.to_vec()), stem, draft, labels: None, normalisation: None })
    }

    /// How photos become the input of a network with these ends, and who says so.
    pub(super) fn input(
        &self,
        ends: &Ends,
        metadata: Option<&[u8]>,
    ) -> Result<(Input, Origin), ModelError> {
        let (normalisation, origin) = match (self.normalisation, ends.pixels) {
            (Some(_), Pixels::Whole { .. }) => return Err(ModelError::Normalised),
            (Some(normalisation), Pixels::Real) => (normalisation, Origin::Setting),
            (None, pixels) => match (self.draft.normalisation, pixels) {
                (Some(normalisation), _) => (normalisation, Origin::Description),
                (None, Pixels::Whole { mean, std }) => {
                    (Normalisation { mean: [mean; 3], std: [std; 3] }, Origin::Network)
                }
                (None, Pixels::Real) => (self.said_by_file(metadata)?, Origin::Metadata),
            },
        };
        let side = |has: usize, says: Option<u32>, field| match says {
            Some(says) if usize::try_from(says) != Ok(has) => Err(ModelError::Mismatch {
                network: format!(
                    "takes photos of {} x {} pixels (width x height)",
                    ends.width, ends.height
                ),
                described: says.to_string(),
                field,
            }),
            // An input is never larger than Input::MAX_SIDE.
            _ => Ok(u32::try_from(has).unwrap_or(Input::MAX_SIDE)),
        };
        let input = Input {
            width: side(ends.width, self.draft.width, "input.width")?,
            height: side(ends.height, self.draft.height, "input.height")?,
            resize: self.draft.resize.unwrap_or(Resize::Squash),
            filter: self.draft.filter.unwrap_or(Filter::Bilinear),
            mean: normalisation.mean,
            std: normalisation.std,
        };
        Ok((input, origin))
    }

    /// The mean and standard deviation that the model file says.
    fn said_by_file(&self, metadata: Option<&[u8]>) -> Result<Normalisation, ModelError> {
        let three = |values: &[f32]| match *values {
            [one] => Some([one; 3]),
            [red, green, blue] => Some([red, green, blue]),
            _ => None,
        };
        let metadata = self.metadata(metadata)?;
        let said = metadata.and_then(|metadata| metadata.normalisation);
        said.and_then(|said| {
            Some(Normalisation { mean: three(&said.mean)?, std: three(&said.std)? })
        })
        .ok_or(ModelError::NoNormalisation)
    }

    /// What the file says about itself.
    pub(super) fn metadata(
        &self,
        metadata: Option<&[u8]>,
    ) -> Result<Option<Metadata>, MetadataError> {
        metadata::read(&self.file, metadata)
    }

    /// The labels of a network with these ends, and who says so.
    pub(super) fn labels(
        &self,
        ends: &Ends,
        metadata: Option<&[u8]>,
    ) -> Result<(Arc<[Label]>, Origin), ModelError> {
        let (labels, origin) = if let Some(labels) = &self.labels {
            (checked(&told_apart(labels))?, Origin::Setting)
        } else if let Some(labels) = &self.draft.labels {
            (Arc::clone(labels), Origin::Description)
        } else {
            let said = self.metadata(metadata)?.and_then(|metadata| metadata.labels);
            let said = said.ok_or(ModelError::NoLabels { outputs: ends.outputs })?;
            (checked(&told_apart(&said))?, Origin::Metadata)
        };
        if labels.len() != ends.outputs {
            return Err(ModelError::Labels { outputs: ends.outputs, labels: labels.len(), origin });
        }
        Ok((labels, origin))
    }

    /// The description of a network with these ends, input and labels.
    pub(super) fn describe(
        &self,
        ends: &Ends,
        input: Input,
        labels: Arc<[Label]>,
    ) -> Result<Description, ModelError> {
        let output = match self.draft.output {
            Some(output) => output,
            None if ends.probabilities => Output::Probabilities,
            None => Output::Logits,
        };
        if ends.probabilities && output == Output::Logits {
            return Err(ModelError::Mismatch {
                network: "ends with SOFTMAX or LOGISTIC and so answers probabilities".to_owned(),
                described: "logits".to_owned(),
                field: "output",
            });
        }
        let temperature = self.draft.temperature.unwrap_or(1.0);
        #[allow(clippy::float_cmp)] // 1.0 is what the file says, not a result.
        if output == Output::Probabilities && temperature != 1.0 {
            return Err(ModelError::Mismatch {
                network: "answers probabilities".to_owned(),
                described: format!("temperature = {temperature:?}, which applies to logits only"),
                field: "temperature",
            });
        }
        Ok(Description {
            name: self.draft.name.clone().unwrap_or_else(|| self.stem.clone()),
            source: self.draft.source.clone().unwrap_or_default(),
            labels,
            review_below: self.draft.review_below.unwrap_or(Description::REVIEW_BELOW),
            output,
            temperature,
            input,
        })
    }
}

/// The content of a file, if it is not larger than any that could be meant.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ModelError> {
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut content))
        .map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
    if content.len() as u64 > limit {
        return Err(ModelError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(content)
}

/// What the text beside a model says: nothing, if there is none.
fn beside(path: &Path) -> Result<Draft, ModelError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Draft::parse(&text)?),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Draft::default()),
        Err(source) => Err(ModelError::Read { path: path.to_owned(), source }),
    }
}

/// The lines of a label file.
fn label_file(path: &Path) -> Result<Vec<String>, ModelError> {
    let bytes = read(path, Knowledge::MAX_LABEL_BYTES)?;
    let text = String::from_utf8(bytes).map_err(|_| ModelError::Read {
        path: path.to_owned(),
        source: io::Error::new(ErrorKind::InvalidData, "it is not text in UTF-8"),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(text.trim_end().lines().map(|line| line.trim().to_owned()).collect())
}

/// Labels as files have them, made distinct: the second `crane` of `ImageNet` becomes `crane (2)`, and
/// the numbers that Teachable Machine writes before its labels go.
fn told_apart(labels: &[String]) -> Vec<String> {
    let bare: Option<Vec<&str>> = labels
        .iter()
        .enumerate()
        .map(|(index, label)| label.strip_prefix(&format!("{index} ")))
        .collect();
    let labels: Vec<&str> = bare.unwrap_or_else(|| labels.iter().map(String::as_str).collect());
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let apart = labels.iter().map(|label| {
        let times = seen.entry(label).and_modify(|times| *times += 1).or_insert(1);
        if *times == 1 { (*label).to_owned() } else { format!("{label} ({times})") }
    });
    apart.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_told_apart() {
        let apart = |labels: &[&str]| {
            told_apart(&labels.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(apart(&["crane", "hat", "crane"]), ["crane", "hat", "crane (2)"]);
        assert_eq!(apart(&["0 hat", "1 red dress"]), ["hat", "red dress"]);
        assert_eq!(apart(&["0 hat", "2 dress"]), ["0 hat", "2 dress"]);
    }
}
