//! A model that is ready to classify.

use std::fmt;
use std::path::Path;

use super::choice::{Choice, Origin};
use super::knowledge::Knowledge;
use super::{ClassifyError, Description, Model, ModelError, ModelId, Output, Scores};
use crate::photo::{Photo, View};

/// A model and its description, checked against each other.
///
/// It does not change once it is made: share one between all threads.
pub struct Classifier {
    model: Model,
    description: Description,
    description_sha256: [u8; 32],
    labels: Origin,
}

impl Classifier {
    /// The model that is part of the program: ten kinds of clothing.
    pub fn embedded() -> Result<Self, ModelError> {
        Self::open(&Choice::default())
    }

    /// The model that is chosen.
    ///
    /// # Errors
    ///
    /// Besides all that can be wrong with the files: if nobody says what the outputs are called or how
    /// pixels become numbers, the error holds the lines to write.
    pub fn open(choice: &Choice) -> Result<Self, ModelError> {
        Self::new(&Knowledge::gather(choice)?)
    }

    /// The model in the file `path`, described by the file beside it that ends with `.toml` instead of
    /// `.tflite`, and by what the file itself says.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        Self::open(&Choice { model: Some(path.to_owned().into()), ..Choice::default() })
    }

    /// The model with this file content, described by this text.
    pub fn from_bytes(model: &[u8], description: &str) -> Result<Self, ModelError> {
        Self::new(&Knowledge::of(model, description)?)
    }

    fn new(knowledge: &Knowledge) -> Result<Self, ModelError> {
        let model = Model::new(knowledge)?;
        let (ends, metadata) = (model.network().ends(), model.network().metadata());
        let (names, labels) = knowledge.labels(ends, metadata)?;
        let description = knowledge.describe(ends, model.output(), model.input().clone(), names)?;
        Ok(Self { model, description_sha256: description.sha256(), description, labels })
    }

    /// Which model it is.
    #[must_use]
    pub fn model_id(&self) -> &ModelId {
        self.model.id()
    }

    /// The SHA-256 of all in the description that can change a row, for the recipe. See
    /// [`Description::canonical`].
    #[must_use]
    pub fn description_sha256(&self) -> &[u8; 32] {
        &self.description_sha256
    }

    /// What is said about the model, wherever it was said.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// How it looks at photos: what of them it is worth to decode.
    #[must_use]
    pub fn view(&self) -> View {
        self.model.view()
    }

    /// How the model that is chosen will look at photos, if that is known before it is loaded: of the one
    /// that is part of the program.
    #[must_use]
    pub fn view_of(choice: &Choice) -> Option<View> {
        Knowledge::known_view(choice)
    }

    /// Who says what the outputs are called.
    #[must_use]
    pub fn labels_from(&self) -> Origin {
        self.labels
    }

    /// Shows a photo to the network. Keeps this thread busy for some tens of milliseconds: call it from
    /// [`Workers`](super::Workers), not from an async task.
    pub fn classify(&self, photo: &Photo) -> Result<Scores, ClassifyError> {
        let answer = self.model.outputs(photo)?;
        let labels = self.description.labels.clone();
        // One output is about the second of two labels; the softmax of 0 and a logit is its sigmoid.
        let answer = match (&answer[..], self.description.output) {
            (&[logit], Output::Logits) => vec![0.0, logit],
            (&[positive], Output::Probabilities) => {
                Scores::check_probability(&labels, positive)?;
                vec![1.0 - positive, positive]
            }
            _ => answer,
        };
        match self.description.output {
            Output::Logits => Scores::from_logits(labels, &answer, self.description.temperature),
            Output::Probabilities => Scores::new(labels, &answer),
        }
    }
}

impl fmt::Debug for Classifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classifier")
            .field("model", &self.model)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}
