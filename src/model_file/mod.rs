//! A model that is in a bucket: fetched once, held against its SHA-256, and kept.
//!
//! `s3://bucket/models/hats.tflite` is a model, and `s3://bucket/models/hats.toml` the text beside it,
//! if there is one: the same rule as for files. [`bring`] makes of both a [`Choice`], of which a
//! classifier is made without a bucket.
//!
//! What runs is what was pinned. The model's file is only used if its SHA-256 is the one in the
//! settings, whether it comes from the bucket or was [kept](Kept) on this machine: then it is not
//! fetched again. The text is small and is fetched at each start. It is not pinned, but it is part of the
//! recipe: photos that were looked at with another text are told apart by their rows.

mod error;
mod kept;
mod names;

pub use error::ModelFileError;
pub use kept::Kept;

use std::time::{Duration, Instant};

use tokio::task::{JoinHandle, spawn_blocking};

use crate::bucket::{BodyError, Bucket, Object};
use crate::classifier::{
    Choice, Classifier, Content, MAX_MODEL_BYTES, ModelError, ModelFile, ModelHash,
};
use crate::object::ObjectId;
use crate::settings::ModelChoice;

/// The most bytes that the text beside a model may have.
const MAX_DESCRIPTION_BYTES: u64 = 1 << 20;
/// How often a download may break off.
const TRIES: usize = 3;

/// A model that is being loaded, as far as that needs no bucket.
#[derive(Debug)]
pub struct Opening(Begun);

#[derive(Debug)]
enum Begun {
    /// It is on this machine.
    Local(JoinHandle<Result<Opened, ModelError>>),
    /// It is in a bucket, and may have been kept.
    InBucket(Box<Brought>),
}

/// A model that is loaded.
#[derive(Debug)]
pub struct Opened {
    /// The model, ready to classify.
    pub classifier: Classifier,
    /// What it took to load it, and to fetch it.
    pub took: Duration,
}

/// A model that is being brought.
#[derive(Debug)]
struct Brought {
    object: ObjectId,
    sha256: ModelHash,
    said: Choice,
    kept: Kept,
    found: JoinHandle<Option<Vec<u8>>>,
}

impl Opening {
    /// Begins on a thread of its own: a model on this machine is loaded, and for one that is in a bucket
    /// is looked where it may have been kept.
    #[must_use]
    pub fn begin(choice: &ModelChoice) -> Self {
        Self(match choice.clone() {
            ModelChoice::Local(choice) => {
                let begun = Instant::now();
                Begun::Local(spawn_blocking(move || opened(&choice, begun)))
            }
            ModelChoice::InBucket { object, sha256, said } => {
                Begun::InBucket(Box::new(Brought::begin(object, sha256, said, Kept::here())))
            }
        })
    }

    /// The model. One that is in a bucket and was not kept is fetched from it.
    ///
    /// # Errors
    ///
    /// Says what is wrong with which object or file, and what to do.
    pub async fn finish(self, bucket: &impl Bucket) -> Result<Opened, ModelFileError> {
        let begun = Instant::now();
        match self.0 {
            Begun::Local(loading) => Ok(joined(loading.await)??),
            Begun::InBucket(brought) => {
                let object = brought.object.clone();
                let choice = brought.finish(bucket).await?;
                let loading = spawn_blocking(move || opened(&choice, begun));
                joined(loading.await)?.map_err(|source| {
                    let source = Box::new(source);
                    ModelFileError::Unusable { object, source }
                })
            }
        }
    }
}

/// The classifier of the model that is chosen. One that is in a bucket is fetched from it.
///
/// # Errors
///
/// Says what is wrong with which object or file, and what to do.
pub async fn open(
    choice: &ModelChoice,
    bucket: &impl Bucket,
) -> Result<Classifier, ModelFileError> {
    // Apart from its caller's future, for it is a large one.
    Ok(Box::pin(Opening::begin(choice).finish(bucket)).await?.classifier)
}

fn opened(choice: &Choice, begun: Instant) -> Result<Opened, ModelError> {
    Classifier::open(choice).map(|classifier| Opened { classifier, took: begun.elapsed() })
}

/// The model that is chosen, on this machine: one that is in a bucket is fetched, unless it is among
/// those that are kept.
///
/// # Errors
///
/// Says what is wrong with which object, and what to do.
pub async fn bring(
    choice: &ModelChoice,
    bucket: &impl Bucket,
    kept: Kept,
) -> Result<Choice, ModelFileError> {
    match choice.clone() {
        ModelChoice::Local(choice) => Ok(choice),
        ModelChoice::InBucket { object, sha256, said } => {
            Brought::begin(object, sha256, said, kept).finish(bucket).await
        }
    }
}

impl Brought {
    fn begin(object: ObjectId, sha256: ModelHash, said: Choice, kept: Kept) -> Self {
        let there = kept.clone();
        let found = spawn_blocking(move || there.read(&sha256, MAX_MODEL_BYTES));
        Self { object, sha256, said, kept, found }
    }

    /// The model and the text beside it, both at the same time.
    async fn finish(self, bucket: &impl Bucket) -> Result<Choice, ModelFileError> {
        let Self { object, sha256, said, kept, found } = self;
        let model = async {
            match joined(found.await)? {
                Some(bytes) => Ok(bytes),
                None => fetch_model(&object, sha256, bucket, kept).await,
            }
        };
        let (bytes, description) =
            futures::future::try_join(model, fetch_description(&object, bucket)).await?;
        let name = names::stem(object.key());
        let content = Content { name, bytes: bytes.into(), sha256, description };
        Ok(Choice { model: Some(ModelFile::Content(content)), ..said })
    }
}

/// The model's file from the bucket, if it is the one that is pinned. It is kept.
async fn fetch_model(
    object: &ObjectId,
    sha256: ModelHash,
    bucket: &impl Bucket,
    kept: Kept,
) -> Result<Vec<u8>, ModelFileError> {
    let fetched = fetch(object, MAX_MODEL_BYTES, bucket).await?;
    let bytes = fetched.ok_or_else(|| ModelFileError::Missing { object: object.clone() })?;
    let checked = spawn_blocking(move || {
        let found = ModelHash::of(&bytes);
        if found != sha256 {
            return Err(found);
        }
        if let Err(error) = kept.write(&sha256, &bytes) {
            // It is in memory: only the next start has to fetch it again.
            tracing::warn!(code = "model_not_kept", "the model cannot be kept: {error}");
        }
        Ok(bytes)
    });
    joined(checked.await)?.map_err(|found| ModelFileError::Hash {
        object: object.clone(),
        found,
        pinned: sha256,
    })
}

/// The text beside the model, if there is one.
async fn fetch_description(
    object: &ObjectId,
    bucket: &impl Bucket,
) -> Result<Option<String>, ModelFileError> {
    let Some(beside) = names::beside(object) else { return Ok(None) };
    let Some(bytes) = fetch(&beside, MAX_DESCRIPTION_BYTES, bucket).await? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| ModelFileError::NotText { object: beside })
}

/// An object's content; `None` if there is no such object. A download that breaks off is tried again.
async fn fetch(
    object: &ObjectId,
    limit: u64,
    bucket: &impl Bucket,
) -> Result<Option<Vec<u8>>, ModelFileError> {
    let mut tries = 1;
    loop {
        // The SDK's futures are large, and this one is a part of many.
        let got = Box::pin(bucket.get(object)).await?;
        let Some(Object { meta, body }) = got else { return Ok(None) };
        if meta.size > limit {
            let (object, size) = (object.clone(), meta.size);
            return Err(ModelFileError::TooLarge { object, size, limit });
        }
        match body.read(meta.size).await {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(BodyError::Broken(_)) if tries < TRIES => tries += 1,
            Err(source) => return Err(ModelFileError::Body { object: object.clone(), source }),
        }
    }
}

/// What a thread made, unless it panicked.
fn joined<T>(joined: Result<T, tokio::task::JoinError>) -> Result<T, ModelFileError> {
    joined.map_err(|_| ModelFileError::Panicked)
}

#[cfg(test)]
#[cfg(feature = "cli")]
mod tests;
