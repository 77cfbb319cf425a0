//! A photo that is sent in: what does it show? Nothing is kept of it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::bounds::TIME;
use super::problem::Problem;
use super::state::Web;
use crate::catalogue::{Judgement, Shelf};
use crate::label::Label;
use crate::pipeline::{Deadline, ScoreError};

/// What the model says of a photo.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Classified {
    /// The top label.
    #[schema(value_type = String, example = "dress")]
    label: Label,
    /// Its probability.
    #[schema(example = 0.97)]
    confidence: f32,
    /// Where the photo would stand.
    #[schema(value_type = String, example = "dress")]
    shelf: Shelf,
    /// All labels, the best first.
    scores: Vec<Score>,
    /// Pixels across, upright.
    width: u32,
    /// Pixels down, upright.
    height: u32,
    /// The image format.
    #[schema(value_type = String, example = "jpeg")]
    format: &'static str,
}

/// A label's probability.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Score {
    /// Which.
    #[schema(value_type = String, example = "dress")]
    label: Label,
    /// 0 to 1.
    score: f32,
}

/// Says what a photo shows. Nothing is stored.
#[utoipa::path(post, path = "/api/classify", tag = "catalogue",
    request_body(content = Vec<u8>, description = "The photo's bytes", content_type = "application/octet-stream"),
    security(("token" = [])),
    responses(
        (status = 200, body = Classified),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn photo(
    State(web): State<Web>,
    body: Bytes,
) -> Result<Json<Classified>, Problem> {
    let now = Instant::now();
    let judged = web.scorer.judge(body.into(), Deadline::new(Some(now + TIME), now)).await;
    let unusable = |words: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, words);
    match judged {
        Ok(Judgement::Classified {
            label,
            confidence,
            scores,
            unsure,
            width,
            height,
            format,
            ..
        }) => Ok(Json(Classified {
            shelf: if unsure { Shelf::Review } else { Shelf::Label(label.clone()) },
            label,
            confidence,
            scores: scores.into_iter().map(|(label, score)| Score { label, score }).collect(),
            width,
            height,
            format,
        })),
        Ok(Judgement::Rejected { rejection, .. }) => Err(unusable(rejection.message)),
        Err(error @ ScoreError::Rejected { .. }) => Err(unusable(error.to_string())),
        Err(error) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())),
    }
}
