//! Scores for a photo on the web: for who calls with its URL, as the course's function is called.

use std::collections::BTreeMap;

use super::budget::Fetched;
use super::deadline::Deadline;
use super::{HandleError, Judge, Pipeline, Report, within};
use crate::bucket::Bucket;
use crate::catalogue::{Judgement, Table};

impl<B: Bucket, T: Table, J: Judge> Pipeline<B, T, J> {
    /// Answers with the score of each label. Nothing is written down: the photo is no object.
    pub(super) async fn score(&self, url: &str, deadline: Deadline) -> Result<Report, HandleError> {
        let shown = || url.chars().take(200).collect::<String>();
        let judged = within(deadline, async {
            let held = self.fetched.hold(self.judge.max_bytes()).await;
            let bytes = self.web.fetch(url, self.judge.max_bytes()).await?;
            Ok::<_, HandleError>(self.judge.judge(Fetched::new(bytes, held)).await?)
        });
        match judged.await.ok_or_else(|| HandleError::GivenUp { url: shown() })?? {
            Judgement::Classified { label, scores, .. } => {
                tracing::info!(url = shown(), label, outcome = "scored");
                Ok(Report { lines: Vec::new(), answer: Some(answer(scores)) })
            }
            Judgement::Rejected { code, message, .. } => {
                Err(HandleError::Rejected { url: shown(), code, message })
            }
        }
    }
}

/// `{LABEL: PROBABILITY, ...}`. By way of the text, in which a number is as short as it can be.
fn answer(scores: Vec<(String, f32)>) -> serde_json::Value {
    let scores: BTreeMap<String, f32> = scores.into_iter().collect();
    let text = serde_json::to_string(&scores).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}
