//! From bytes to a judgement: decode, classify.

use std::sync::Arc;
use std::time::Instant;

use sha2::{Digest, Sha256};

use super::budget::{Budget, Fetched};
use super::outcome::Cause;
use super::timings::Timings;
use crate::catalogue::{Judgement, Maker};
use crate::classifier::{Classifier, WorkerError, Workers};
use crate::code::{Code, Rejection, RetryCode};
use crate::label::Label;
use crate::photo::{self, Limits, PhotoError};
use crate::settings::{Confidence, Rules};

/// What says of an object's bytes what they show.
///
/// The pipeline knows no more of photos and models than this; its own tests judge plain bytes.
pub trait Judge: Send + Sync {
    /// Who judges: goes into each row.
    fn maker(&self) -> &Maker;

    /// The most bytes that it looks at.
    fn max_bytes(&self) -> u64;

    /// A judgement by the size alone, before anything is fetched.
    fn judge_size(&self, size: u64) -> Option<Judgement>;

    /// How many judgements are still being made although nobody waits for them any more: they cannot
    /// be stopped.
    fn abandoned(&self) -> usize {
        0
    }

    /// A judgement of the content, and how long it waited, decoded and judged. An error is not the
    /// content's fault, and is tried again.
    fn judge(
        &self,
        fetched: Fetched,
        timings: &mut Timings,
    ) -> impl Future<Output = Result<Judgement, Cause>> + Send;
}

/// Judges photos with a classifier, on threads of its own.
#[derive(Debug)]
pub struct PhotoJudge {
    classifier: Arc<Classifier>,
    workers: Workers,
    limits: Limits,
    review_below: f32,
    decoded: Budget,
    maker: Maker,
}

impl PhotoJudge {
    /// Puts one together. Starts the worker threads.
    #[must_use]
    pub fn new(classifier: Arc<Classifier>, rules: &Rules) -> Self {
        let review_below =
            rules.review_below.map_or(classifier.description().review_below, Confidence::get);
        // Decoded photos are by far the larger part.
        let decoded = Budget::new(rules.in_flight_bytes.get() / 4 * 3);
        let maker = Maker {
            model_id: classifier.model_id().to_string(),
            recipe: recipe(&classifier, review_below, rules.limits, decoded.bytes()),
            generation: rules.generation,
            software: concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        Self {
            workers: Workers::new(rules.threads),
            limits: rules.limits,
            review_below,
            decoded,
            maker,
            classifier,
        }
    }

    /// The labels that it knows, in the order of the model's outputs.
    #[must_use]
    pub fn labels(&self) -> &[Label] {
        &self.classifier.description().labels
    }

    /// Runs a job on what was fetched, which is held until the job has ended, even if nobody waits
    /// for it any more.
    async fn run<T: Send + 'static>(
        &self,
        fetched: Fetched,
        job: impl FnOnce(&[u8]) -> T + Send + 'static,
    ) -> Result<(Fetched, T), WorkerError> {
        let job = move || {
            let made = job(fetched.bytes());
            (fetched, made)
        };
        self.workers.run(job).await
    }
}

/// A fingerprint of all that can change a row: the first 16 hex digits of a SHA-256.
fn recipe(classifier: &Classifier, review_below: f32, limits: Limits, decoded: u64) -> String {
    let parts = [
        format!("photo code {}", photo::VERSION),
        format!("model {}", classifier.model_id()),
        format!("description {}", hex::encode(classifier.description_sha256())),
        format!("review below {review_below}"),
        format!("limits {} {} {decoded}", limits.max_bytes, limits.max_pixels),
    ];
    let mut digest = hex::encode(Sha256::digest(parts.join("\n")));
    digest.truncate(16);
    digest
}

impl Judge for PhotoJudge {
    fn maker(&self) -> &Maker {
        &self.maker
    }

    fn max_bytes(&self) -> u64 {
        self.limits.max_bytes
    }

    fn abandoned(&self) -> usize {
        self.workers.abandoned()
    }

    fn judge_size(&self, size: u64) -> Option<Judgement> {
        let limit = self.limits.max_bytes;
        (size > limit).then(|| rejected(of_photo(&PhotoError::TooLarge { size, limit }), None))
    }

    async fn judge(&self, fetched: Fetched, timings: &mut Timings) -> Result<Judgement, Cause> {
        let limits = self.limits;
        let asked = Instant::now();
        let inspected = self.run(fetched, move |bytes| {
            let begun = Instant::now();
            let sha256 = hex::encode(Sha256::digest(bytes));
            (sha256, photo::inspect(bytes, &limits), begun.elapsed())
        });
        let (fetched, (sha256, header, took)) = match inspected.await {
            Ok(inspected) => inspected,
            Err(WorkerError::Panicked(words)) => return Ok(panicked(&words, None)),
            Err(error) => return Err(stopped(&error)),
        };
        timings.decoded += took;
        timings.waited += asked.elapsed().saturating_sub(took);
        let room = match header {
            Ok(header) => header.decoded_bytes(),
            Err(error) => return Ok(rejected(of_photo(&error), Some(sha256))),
        };
        if room > self.decoded.bytes() {
            return Ok(too_much_memory(room, self.decoded.bytes(), sha256));
        }
        let asked = Instant::now();
        let held = self.decoded.hold(room).await;
        let (classifier, review_below) = (Arc::clone(&self.classifier), self.review_below);
        let content = sha256.clone();
        let judged = self.run(fetched, move |bytes| {
            let mut took = Timings::default();
            let judgement = judge(&classifier, bytes, &limits, review_below, content, &mut took);
            drop(held);
            (judgement, took)
        });
        match judged.await {
            Ok((_, (judgement, took))) => {
                timings.decoded += took.decoded;
                timings.judged += took.judged;
                let worked = took.decoded + took.judged;
                timings.waited += asked.elapsed().saturating_sub(worked);
                Ok(judgement)
            }
            Err(WorkerError::Panicked(words)) => Ok(panicked(&words, Some(sha256))),
            Err(error) => Err(stopped(&error)),
        }
    }
}

/// A photo that makes the program panic does so every time: it is poison.
fn panicked(words: &str, sha256: Option<String>) -> Judgement {
    let message = format!("the program failed on this photo ({words}): please report it");
    rejected(Rejection::new(Code::Panic, message), sha256)
}

fn stopped(error: &WorkerError) -> Cause {
    Cause::new(RetryCode::Worker, error.to_string())
}

fn too_much_memory(needed: u64, allowed: u64, sha256: String) -> Judgement {
    let message = format!(
        "decoding the photo takes {} MiB, and {} are allowed (three quarters of IN_FLIGHT_BYTES): \
         save it as an ordinary JPEG, or scale it down",
        needed >> 20,
        allowed >> 20
    );
    rejected(Rejection::new(Code::TooMuchMemory, message), Some(sha256))
}

fn judge(
    classifier: &Classifier,
    bytes: &[u8],
    limits: &Limits,
    review_below: f32,
    content_sha256: String,
    timings: &mut Timings,
) -> Judgement {
    let begun = Instant::now();
    let photo = photo::decode_for(bytes, limits, &classifier.view());
    timings.decoded = begun.elapsed();
    let photo = match photo {
        Ok(photo) => photo,
        Err(error) => return rejected(of_photo(&error), Some(content_sha256)),
    };
    let begun = Instant::now();
    let scores = classifier.classify(&photo);
    timings.judged = begun.elapsed();
    let scores = match scores {
        Ok(scores) => scores,
        Err(error) => {
            let rejection = Rejection::new(error.code(), error.to_string());
            return rejected(rejection, Some(content_sha256));
        }
    };
    let (label, confidence) = scores.top();
    let (width, height) = photo.original_size();
    Judgement::Classified {
        label: label.clone(),
        confidence,
        scores: scores.best(usize::MAX).into_iter().map(|(l, s)| (l.clone(), s)).collect(),
        unsure: confidence < review_below,
        width,
        height,
        format: photo.format().as_str(),
        content_sha256,
    }
}

fn of_photo(error: &PhotoError) -> Rejection {
    Rejection::new(error.code(), error.to_string())
}

fn rejected(rejection: Rejection, content_sha256: Option<String>) -> Judgement {
    Judgement::Rejected { rejection, content_sha256 }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures::FutureExt;

    use super::*;

    const TINY_MODEL: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fuzz/corpus/model/metadata_deflated.int8_uint8.tflite"
    );

    /// Fewer pixels are decoded than a large JPEG has; a row tells of the photo as it is stored.
    #[tokio::test]
    async fn a_judgement_has_the_size_of_the_whole_photo() {
        let classifier = Arc::new(Classifier::load(TINY_MODEL.as_ref()).unwrap());
        let limits = Limits::default();
        let picture = image::DynamicImage::new_rgb8(1216, 912);
        let mut file = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut file, image::ImageFormat::Jpeg).unwrap();
        let file = file.into_inner();
        let decoded = photo::decode_for(&file, &limits, &classifier.view()).unwrap();
        assert!(decoded.width() < 1216);
        let judge = PhotoJudge::new(classifier, &Rules::parse(|_| None).unwrap());
        let judged = judge.judge(Fetched::new(file, None), &mut Timings::default()).await;
        let Ok(Judgement::Classified { width, height, .. }) = judged else { panic!("{judged:?}") };
        assert_eq!((width, height), (1216, 912));
    }

    /// A job that was given up goes on, with the bytes in its hands: they must be counted until it
    /// ends.
    #[tokio::test]
    async fn what_was_fetched_is_held_until_its_job_has_ended() {
        let classifier = Arc::new(Classifier::load(TINY_MODEL.as_ref()).unwrap());
        let judge = PhotoJudge::new(classifier, &Rules::parse(|_| None).unwrap());
        let budget = Budget::new(1 << 20);
        let fetched = Fetched::new(vec![7; 1 << 20], budget.hold(1 << 20).await);
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (go, gone) = mpsc::channel::<()>();
        let job = judge.run(fetched, move |bytes| {
            begun.send(bytes.len()).unwrap();
            gone.recv().is_ok()
        });
        tokio::select! {
            _ = job => unreachable!("the job waits"),
            begun = has_begun => assert_eq!(begun, Ok(1 << 20)),
        }
        // `job` is given up now.
        assert!(budget.hold(1).now_or_never().is_none(), "the job has the bytes");
        go.send(()).unwrap();
        assert!(budget.hold(1 << 20).await.is_some());
    }
}
