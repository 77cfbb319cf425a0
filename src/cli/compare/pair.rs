//! Two models that look at the same photos.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::source::{Photo, Place};
use super::tally::{Known, Said};
use crate::bucket::{Bucket, S3};
use crate::classifier::{Classifier, Scores};
use crate::cli::photos::{self, Failure, Studio};
use crate::photo::{self, Limits, Photo as Decoded, PhotoError};

/// The old model and the new one, and the confidence below which each one's photos go to review.
#[derive(Debug)]
pub struct Pair {
    pub models: [Classifier; 2],
    pub review_below: [f32; 2],
}

/// What both say of a photo, and what is known of it.
#[derive(Debug)]
pub struct Seen {
    pub said: [Said; 2],
    pub known: Option<Known>,
}

impl Pair {
    /// Fetches a photo, decodes it and shows it to both models, on the studio's threads.
    pub async fn look(
        self: Arc<Self>,
        photo: Photo,
        bucket: Option<&S3>,
        studio: &Studio,
    ) -> Result<Seen, Failure> {
        let limits = studio.limits();
        let Photo { place, truth, .. } = photo;
        let fetched = match (&place, bucket) {
            (Place::Object(object), Some(bucket)) => Some(fetch(bucket, object, &limits).await?),
            _ => None,
        };
        let job = move || {
            let bytes = match (fetched, place) {
                (Some(bytes), _) => bytes,
                (None, Place::File(path)) => photos::read(&path, &limits)?,
                (None, Place::Object(_)) => Vec::new(),
            };
            let said = self.said(&bytes, &limits)?;
            // What was said of other content says nothing of this one.
            let applies = |of: &String| hex::encode(Sha256::digest(&bytes)) == *of;
            let truth = truth.filter(|truth| truth.content.as_ref().is_none_or(applies));
            Ok(Seen { said, known: truth.map(|truth| truth.known) })
        };
        studio.work(job).await?
    }

    /// What both say. A photo is decoded once if both look at it in the same way. Otherwise each gets it as
    /// the function would decode it for that model alone.
    fn said(&self, bytes: &[u8], limits: &Limits) -> Result<[Said; 2], Failure> {
        let [old, new] = &self.models;
        let decode = |model: &Classifier| {
            let decoded = photo::decode_for(bytes, limits, &model.view());
            decoded.map_err(|error| photos::failure(&error))
        };
        let decoded = decode(old)?;
        let first = self.ask(0, &decoded)?;
        let second = if old.view() == new.view() {
            self.ask(1, &decoded)?
        } else {
            drop(decoded);
            self.ask(1, &decode(new)?)?
        };
        Ok([first, second])
    }

    fn ask(&self, side: usize, photo: &Decoded) -> Result<Said, Failure> {
        let scores: Scores = self.models[side].classify(photo).map_err(|error| Failure {
            code: error.code().as_str(),
            message: format!("the {} model: {error}", ["old", "new"][side]),
        })?;
        let (label, confidence) = scores.top();
        Ok(Said::new(label.clone(), confidence, self.review_below[side]))
    }
}

/// An object's bytes, as far as a photo may go.
async fn fetch(
    bucket: &S3,
    object: &crate::object::ObjectId,
    limits: &Limits,
) -> Result<Vec<u8>, Failure> {
    let got = bucket.get(object).await;
    let got = got.map_err(|error| Failure { code: error.code(), message: error.to_string() })?;
    let Some(got) = got else {
        let message = format!("s3://{object} is not there any more");
        return Err(Failure { code: "not_found", message });
    };
    let (size, limit) = (got.meta.size, limits.max_bytes);
    if size > limit {
        return Err(photos::failure(&PhotoError::TooLarge { size, limit }));
    }
    got.body.read(size).await.map_err(|error| Failure {
        code: crate::code::RetryCode::BucketFailed.as_str(),
        message: format!("s3://{object}: {error}"),
    })
}
