//! A model that is loaded while the first photos are decoded.

use std::sync::{Arc, LazyLock};
use std::thread;

use crate::classifier::{Choice, Classifier, ClassifyError, Model, ModelError, Scores};
use crate::photo::{Photo, View};

/// What answers for photos.
pub trait Looks: Sized + Send + Sync + 'static {
    /// What it says of one.
    type Answer: Send + 'static;

    /// The one that is chosen.
    fn open(choice: &Choice) -> Result<Self, ModelError>;

    /// What of a photo it is worth to decode.
    fn view(&self) -> View;

    /// Looks at a photo.
    fn look(&self, photo: &Photo) -> Result<Self::Answer, ClassifyError>;
}

impl Looks for Classifier {
    type Answer = Scores;

    fn open(choice: &Choice) -> Result<Self, ModelError> {
        Classifier::open(choice)
    }

    fn view(&self) -> View {
        self.view()
    }

    fn look(&self, photo: &Photo) -> Result<Scores, ClassifyError> {
        self.classify(photo)
    }
}

impl Looks for Model {
    type Answer = Vec<f32>;

    fn open(choice: &Choice) -> Result<Self, ModelError> {
        Model::open(choice)
    }

    fn view(&self) -> View {
        self.view()
    }

    fn look(&self, photo: &Photo) -> Result<Vec<f32>, ClassifyError> {
        self.outputs(photo)
    }
}

/// What is made once, by whoever comes first.
type Once<M> = LazyLock<Result<M, Arc<ModelError>>, Make<M>>;
type Make<M> = Box<dyn FnOnce() -> Result<M, Arc<ModelError>> + Send>;

/// A model that is being loaded. Clones are the same one.
pub struct Loading<M> {
    known: Option<View>,
    model: Arc<Once<M>>,
}

impl<M> Clone for Loading<M> {
    fn clone(&self) -> Self {
        Self { known: self.known, model: Arc::clone(&self.model) }
    }
}

impl<M: Looks> Loading<M> {
    /// Begins to load the model that is chosen, on a thread of its own. If the system has none, whoever
    /// waits for it loads it.
    pub fn begin(choice: &Choice) -> Self {
        let chosen = choice.clone();
        let make: Make<M> = Box::new(move || M::open(&chosen).map_err(Arc::new));
        let model = Arc::new(LazyLock::new(make));
        let made = Arc::clone(&model);
        let load = move || {
            let _ = LazyLock::force(&made);
        };
        // A panic there is that of all who wait.
        drop(thread::Builder::new().name("model".to_owned()).spawn(load));
        Self { known: Classifier::view_of(choice), model }
    }

    /// Waits until it is loaded.
    pub fn wait(&self) -> Result<&M, Arc<ModelError>> {
        self.model.as_ref().as_ref().map_err(Arc::clone)
    }

    /// What of a photo it is worth to decode: known of the built-in model before it is loaded.
    pub fn view(&self) -> Result<View, Arc<ModelError>> {
        self.known.map_or_else(|| Ok(self.wait()?.view()), Ok)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn what_cannot_be_loaded_is_told_to_all_who_wait() {
        let choice =
            Choice { model: Some(PathBuf::from("missing.tflite").into()), ..Choice::default() };
        let loading: Loading<Model> = Loading::begin(&choice);
        let told = |loading: Loading<Model>| loading.view().unwrap_err().to_string();
        let other = loading.clone();
        let here = thread::spawn(move || told(other)).join().unwrap();
        assert!(here.contains("missing.tflite"), "{here}");
        assert_eq!(told(loading), here);
    }
}
