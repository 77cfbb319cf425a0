//! A model that is ready to classify.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use super::contain::contain;
use super::tflite::Network;
use super::{ClassifyError, Description, ModelError, ModelId, Output, Scores, embedded};
use crate::photo::Photo;

/// A model and its description, checked against each other.
///
/// It does not change once it is made: share one between all threads.
pub struct Classifier {
    id: ModelId,
    description: Description,
    description_sha256: [u8; 32],
    network: Network,
    /// For each colour, what each of the 256 values of a pixel is to the network.
    values: [[f32; 256]; 3],
}

impl Classifier {
    /// The largest model file that is read, in bytes.
    pub const MAX_MODEL_BYTES: u64 = 512 << 20;

    /// The model that is part of the program: ten kinds of clothing.
    pub fn embedded() -> Result<Self, ModelError> {
        Self::from_bytes(embedded::MODEL, embedded::DESCRIPTION)
    }

    /// The model in the file, or the one that is part of the program if no file is named.
    pub fn open(path: Option<&Path>) -> Result<Self, ModelError> {
        path.map_or_else(Self::embedded, Self::load)
    }

    /// The model in the file `path`, described by the file beside it that ends with `.toml` instead of
    /// `.tflite`.
    ///
    /// # Errors
    ///
    /// If there is no description, the error holds one to fill in.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let unreadable = |path: &Path, source| ModelError::Read { path: path.to_owned(), source };
        let mut model = Vec::new();
        File::open(path)
            .and_then(|file| file.take(Self::MAX_MODEL_BYTES + 1).read_to_end(&mut model))
            .map_err(|error| unreadable(path, error))?;
        if model.len() as u64 > Self::MAX_MODEL_BYTES {
            return Err(ModelError::TooLarge {
                path: path.to_owned(),
                limit: Self::MAX_MODEL_BYTES,
            });
        }
        let beside = path.with_extension("toml");
        match std::fs::read_to_string(&beside) {
            Ok(description) => Self::from_bytes(&model, &description),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let network = Network::open(&model)?;
                let name = path.file_stem().unwrap_or_default().to_string_lossy();
                let template = Description::template(
                    &name,
                    network.width(),
                    network.height(),
                    network.outputs(),
                );
                Err(ModelError::NoDescription { path: beside, template })
            }
            Err(error) => Err(unreadable(&beside, error)),
        }
    }

    /// The model with this file content, described by this text.
    pub fn from_bytes(model: &[u8], description: &str) -> Result<Self, ModelError> {
        let description = Description::parse(description)?;
        let network = Network::open(model)?;
        compare(&network, &description)?;
        let (mean, std) = (description.input.mean, description.input.std);
        let values = std::array::from_fn(|colour| {
            std::array::from_fn(|value| {
                #[allow(clippy::cast_precision_loss)] // 0 to 255 are exact.
                let value = value as f32;
                (value - mean[colour]) / std[colour]
            })
        });
        Ok(Self {
            id: ModelId::of(model),
            description_sha256: description.sha256(),
            description,
            network,
            values,
        })
    }

    /// Which model it is.
    #[must_use]
    pub fn model_id(&self) -> &ModelId {
        &self.id
    }

    /// The SHA-256 of all in the description that can change a row, for the recipe. See
    /// [`Description::canonical`].
    #[must_use]
    pub fn description_sha256(&self) -> &[u8; 32] {
        &self.description_sha256
    }

    /// What the model's author says about it.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Shows a photo to the network. Keeps this thread busy for some tens of milliseconds: call it from
    /// [`Workers`](super::Workers), not from an async task.
    pub fn classify(&self, photo: &Photo) -> Result<Scores, ClassifyError> {
        let input = &self.description.input;
        let rgb =
            photo.resize(input.width, input.height, input.filter).map_err(ClassifyError::Resize)?;
        let (pixels, _) = rgb.as_chunks::<3>();
        let tensor: Vec<f32> = pixels
            .iter()
            .flat_map(|&[red, green, blue]| {
                [
                    self.values[0][usize::from(red)],
                    self.values[1][usize::from(green)],
                    self.values[2][usize::from(blue)],
                ]
            })
            .collect();
        let answer = contain(|| self.network.run(&tensor))
            .and_then(|answer| answer)
            .map_err(ClassifyError::Engine)?;
        let labels = self.description.labels.clone();
        match self.description.output {
            Output::Logits => Scores::from_logits(labels, &answer, self.description.temperature),
            Output::Probabilities => Scores::new(labels, &answer),
        }
    }
}

impl fmt::Debug for Classifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classifier")
            .field("id", &self.id)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}

/// Whether the network is the one that is described.
fn compare(network: &Network, description: &Description) -> Result<(), ModelError> {
    let input = &description.input;
    let side = |has: usize, says: u32, field| {
        if usize::try_from(says) == Ok(has) {
            return Ok(());
        }
        Err(ModelError::Mismatch {
            network: format!(
                "takes photos of {} x {} pixels (width x height)",
                network.width(),
                network.height()
            ),
            described: format!("{} x {}", input.width, input.height),
            field,
        })
    };
    side(network.width(), input.width, "input.width")?;
    side(network.height(), input.height, "input.height")?;
    if network.outputs() != description.labels.len() {
        return Err(ModelError::Mismatch {
            network: format!("has {} outputs", network.outputs()),
            described: format!("{} labels", description.labels.len()),
            field: "labels",
        });
    }
    if network.ends_with_softmax() && description.output == Output::Logits {
        return Err(ModelError::Mismatch {
            network: "ends with SOFTMAX and so answers probabilities".to_owned(),
            described: "logits".to_owned(),
            field: "output",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
