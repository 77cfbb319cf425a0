//! What is known about a model: from its user, from the text beside it, from its file.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use lookbook_tflite::{Ends, Pixels};

use super::choice::{Choice, Content, ModelFile, Origin};
use super::description::Colours;
use super::draft::{Draft, Normalisation, labels as checked};
use super::label_list::{self, told_apart};
use super::metadata::{self, Metadata, MetadataError};
use super::model_hash::ModelHash;
use super::size::Size;
use super::{Description, Input, ModelError, ModelId, Output, Resize, embedded};
use crate::label::Label;
use crate::photo::{Filter, View};

/// Labels, and who says them.
type Labels = (Arc<[Label]>, Origin);

/// The largest model file that is read, in bytes.
pub const MAX_MODEL_BYTES: u64 = 512 << 20;

/// A model file, and all that is said about it.
pub(super) struct Knowledge {
    /// The model file's content.
    pub(super) file: Bytes,
    /// Which model it is, if that need not be computed.
    pub(super) known_id: Option<ModelId>,
    /// What it is called if nothing says a name.
    pub(super) stem: String,
    pub(super) draft: Draft,
    /// What a setting says, as are the rest.
    labels: Option<Vec<String>>,
    normalisation: Option<Normalisation>,
    colours: Option<Colours>,
    pub(super) size: Option<Size>,
    pub(super) output: Option<usize>,
}

impl Knowledge {
    /// The largest label file that is read, in bytes.
    const MAX_LABEL_BYTES: u64 = 1 << 20;

    /// Reads the files that a choice names.
    pub(super) fn gather(choice: &Choice) -> Result<Self, ModelError> {
        let (file, known_id, stem, draft) = match &choice.model {
            None => (
                Bytes::from_static(embedded::MODEL),
                Some(ModelId::embedded()),
                "clothing".to_owned(),
                Draft::parse(embedded::DESCRIPTION)?,
            ),
            Some(ModelFile::Path { path, sha256 }) => {
                let file = read(path, MAX_MODEL_BYTES)?;
                let id =
                    sha256.as_ref().map(|pinned| checked_id(path, &file, pinned)).transpose()?;
                let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                (file.into(), id, stem, beside(&path.with_extension("toml"))?)
            }
            Some(ModelFile::Content(Content { name, bytes, sha256, description })) => {
                let draft = description.as_deref().map(Draft::parse).transpose()?;
                let (name, id) = (name.clone(), ModelId::from(sha256));
                (bytes.clone(), Some(id), name, draft.unwrap_or_default())
            }
        };
        let label_file = |path: &Path| {
            let bytes = read(path, Self::MAX_LABEL_BYTES)?;
            let lines = label_list::lines(bytes);
            lines.map_err(|source| ModelError::Read { path: path.to_owned(), source })
        };
        let labels = choice.labels.as_deref().map(label_file).transpose()?;
        let normalisation = choice.normalise.map(super::Normalise::numbers);
        let implied = choice.normalise.and_then(super::Normalise::colours);
        let colours = choice.colours.or(implied);
        let (size, output) = (choice.size, choice.output);
        Ok(Self { file, known_id, stem, draft, labels, normalisation, colours, size, output })
    }

    /// A model file with this content, described by this text.
    pub(super) fn of(file: &[u8], description: &str) -> Result<Self, ModelError> {
        let draft = Draft::parse(description)?;
        let stem = "model".to_owned();
        Ok(Self {
            file: Bytes::copy_from_slice(file),
            known_id: None,
            stem,
            draft,
            labels: None,
            normalisation: None,
            colours: None,
            size: None,
            output: None,
        })
    }

    /// How the model looks at photos, if that is known without its network: its description says all of
    /// it.
    pub(super) fn known_view(choice: &Choice) -> Option<View> {
        if choice.model.is_some() {
            return None;
        }
        let Draft { width, height, filter, .. } = Draft::parse(embedded::DESCRIPTION).ok()?;
        Some(View { width: width?, height: height?, filter: filter? })
    }

    /// How photos become the input of a network with these ends, and who says so.
    pub(super) fn input(
        &self,
        ends: &Ends,
        metadata: Option<&[u8]>,
    ) -> Result<(Input, Origin), ModelError> {
        let said = match (self.normalisation, self.draft.normalisation) {
            (Some(normalisation), _) => Some((normalisation, Origin::Setting)),
            (None, Some(normalisation)) => Some((normalisation, Origin::Description)),
            (None, None) => None,
        };
        let (normalisation, origin) = match (said, ends.pixels) {
            (Some(said), Pixels::Real) => said,
            (Some(said), Pixels::Whole { mean, std }) => {
                fits(&said.0, [(0.0 - mean) / std, (255.0 - mean) / std])?;
                said
            }
            (None, Pixels::Whole { mean, std }) => {
                (Normalisation { mean: [mean; 3], std: [std; 3] }, Origin::Network)
            }
            (None, Pixels::Real) => (self.said_by_file(metadata)?, Origin::Metadata),
        };
        if let Some(size) = self.size
            && (size.width() as usize, size.height() as usize) != (ends.width, ends.height)
        {
            let (width, height) = (ends.width, ends.height);
            return Err(ModelError::Size { width, height, size });
        }
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
            colours: self.colours.or(self.draft.colours).unwrap_or_default(),
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
    ) -> Result<Labels, ModelError> {
        if ends.places {
            return Err(ModelError::Places);
        }
        let none = || ModelError::NoLabels { outputs: ends.outputs };
        let (labels, origin) = self.said_labels(metadata)?.ok_or_else(none)?;
        // Of one output, the second label has what it says, and the first the rest.
        let pair = ends.outputs == 1 && labels.len() == 2;
        if labels.len() != ends.outputs && !pair {
            return Err(ModelError::Labels { outputs: ends.outputs, labels: labels.len(), origin });
        }
        Ok((labels, origin))
    }

    /// The labels that are said, however many there are, and who says so.
    pub(super) fn said_labels(
        &self,
        metadata: Option<&[u8]>,
    ) -> Result<Option<Labels>, ModelError> {
        let (labels, origin) = if let Some(labels) = &self.labels {
            (checked(&told_apart(labels))?, Origin::Setting)
        } else if let Some(labels) = &self.draft.labels {
            (Arc::clone(labels), Origin::Description)
        } else {
            let said = self.metadata(metadata)?.and_then(|metadata| metadata.labels);
            let Some(said) = said else { return Ok(None) };
            (checked(&told_apart(&said))?, Origin::Metadata)
        };
        if self.draft.background != Some(true) {
            return Ok(Some((labels, origin)));
        }
        let background = std::iter::once(label_list::BACKGROUND);
        let all = background.chain(labels.iter().map(Label::as_str)).map(str::to_owned);
        Ok(Some((checked(&all.collect::<Vec<_>>())?, origin)))
    }

    /// The description of a network with these ends, number of its output, input and labels.
    pub(super) fn describe(
        &self,
        ends: &Ends,
        number: Option<usize>,
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
            number,
            input,
        })
    }
}

/// Refuses a normalisation that has little to do with what an input's whole numbers stand for. What
/// reaches beyond them a little is cut off: they were fitted to a few photos.
fn fits(normalisation: &Normalisation, [least, greatest]: [f32; 2]) -> Result<(), ModelError> {
    const SHARED: f32 = 0.6;
    let colours = normalisation.mean.iter().zip(&normalisation.std);
    let (low, high) = colours.fold((f32::MAX, f32::MIN), |(low, high), (mean, std)| {
        (low.min((0.0 - mean) / std), high.max((255.0 - mean) / std))
    });
    let shared = high.min(greatest) - low.max(least);
    if shared >= SHARED * (high.max(greatest) - low.min(least)) {
        return Ok(());
    }
    Err(ModelError::Normalised { holds: [least, greatest], given: [low, high] })
}

/// The content of a file, if it is not larger than any that could be meant.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ModelError> {
    if path.is_dir() {
        return Err(ModelError::Folder { path: path.to_owned() });
    }
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut content))
        .map_err(|source| ModelError::Read { path: path.to_owned(), source })?;
    if content.len() as u64 > limit {
        return Err(ModelError::TooLarge { path: path.to_owned(), limit });
    }
    Ok(content)
}

/// The id of a file's content, if that is what is pinned.
fn checked_id(path: &Path, file: &[u8], pinned: &ModelHash) -> Result<ModelId, ModelError> {
    let found = ModelHash::of(file);
    if found != *pinned {
        return Err(ModelError::Hash { path: path.to_owned(), found, pinned: *pinned });
    }
    Ok(ModelId::from(&found))
}

/// What the text beside a model says: nothing, if there is none.
fn beside(path: &Path) -> Result<Draft, ModelError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Draft::parse(&text)?),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Draft::default()),
        Err(source) => Err(ModelError::Read { path: path.to_owned(), source }),
    }
}
