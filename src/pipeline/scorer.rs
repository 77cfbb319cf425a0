//! Scores for a photo on the web, or one that is sent in: for who calls with its URL, or its bytes. It is
//! no object, and no row comes of it.

use std::sync::Arc;

use super::budget::{Budget, Fetched};
use super::deadline::Deadline;
use super::judge::Judge;
use super::outcome::Cause;
use super::timings::Timings;
use crate::address;
use crate::bucket::{UrlClient, UrlError};
use crate::catalogue::Judgement;
use crate::code::Rejection;
use crate::label::Label;
use crate::settings::Rules;

/// Scores photos on the web, by the judge of a pipeline and within its room for bytes.
#[derive(Debug)]
pub struct Scorer<J> {
    pub(super) client: UrlClient,
    pub(super) judge: Arc<J>,
    pub(super) fetched: Budget,
}

/// Why a photo on the web has no scores.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// It could not be fetched.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// What is there is not a usable photo.
    #[error("{url} is rejected: {}", .rejection.message)]
    Rejected {
        /// Its URL.
        url: String,
        /// Why.
        rejection: Rejection,
    },
    /// It could not be judged this time.
    #[error("the photo could not be judged: {}", .0.message)]
    Judge(Cause),
    /// There was not enough time for it.
    #[error("{url} was given up: the time was over")]
    GivenUp {
        /// Its URL.
        url: String,
    },
}

impl ScoreError {
    /// A stable name, for logs and for the error's type in Lambda's answer.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url(error) => error.code(),
            Self::Rejected { rejection, .. } => rejection.code.as_str(),
            Self::Judge(cause) => cause.code.as_str(),
            Self::GivenUp { .. } => "given_up",
        }
    }
}

impl From<Cause> for ScoreError {
    fn from(cause: Cause) -> Self {
        Self::Judge(cause)
    }
}

impl<J: Judge> Scorer<J> {
    /// One with a judge of its own, for who has no pipeline.
    #[must_use]
    pub fn new(judge: J, client: UrlClient, rules: &Rules) -> Self {
        Self { client, judge: Arc::new(judge), fetched: Budget::for_fetched(rules) }
    }

    /// Who judges.
    #[must_use]
    pub fn judged_by(&self) -> &J {
        &self.judge
    }

    /// What a photo shows that somebody has sent in.
    pub async fn judge(&self, bytes: Vec<u8>, deadline: Deadline) -> Result<Judgement, ScoreError> {
        let judged = deadline.within(async {
            let held = self.fetched.hold(bytes.len() as u64).await;
            let fetched = Fetched::new(bytes, held);
            Ok::<_, ScoreError>(self.judge.judge(fetched, &mut Timings::default()).await?)
        });
        judged.await.ok_or_else(|| ScoreError::GivenUp { url: "the photo".to_owned() })?
    }

    /// The probability of each label, the best first.
    pub async fn score(
        &self,
        url: &str,
        deadline: Deadline,
    ) -> Result<Vec<(Label, f32)>, ScoreError> {
        let shown = || address::shown(url);
        let judged = deadline.within(async {
            let held = self.fetched.hold(self.judge.max_bytes()).await;
            let bytes = self.client.fetch(url, self.judge.max_bytes()).await?;
            let fetched = Fetched::new(bytes, held);
            Ok::<_, ScoreError>(self.judge.judge(fetched, &mut Timings::default()).await?)
        });
        match judged.await.ok_or_else(|| ScoreError::GivenUp { url: shown() })?? {
            Judgement::Classified { scores, .. } => Ok(scores),
            Judgement::Rejected { rejection, .. } => {
                Err(ScoreError::Rejected { url: shown(), rejection })
            }
        }
    }
}
