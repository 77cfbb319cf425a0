//! What people said, for training, and what has changed, for caches.

#![allow(unused_qualifications, reason = "of what `utoipa` writes")]

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use utoipa::{IntoParams, ToSchema};

use super::answer::{self, Keep};
use super::problem::Problem;
use super::shelves::limit_of;
use super::state::Web;
use crate::catalogue::{ChangesError, Listing, ScanCursor, Shelf, Since};

/// Which part of what was reviewed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReviewedQuery {
    /// How many rows are looked at, 1 to 1000.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000, example = 50)]
    limit: Option<String>,
    /// The `next` of the page before.
    cursor: Option<String>,
}

/// Some of the photos that people have reviewed.
#[derive(Debug, Serialize)]
pub struct ReviewedPage {
    images: Vec<Listing>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// The photos that people have reviewed, in no order: for training a model anew.
///
/// A page may be empty and still have a `next`.
#[utoipa::path(get, path = "/api/reviewed", tag = "catalogue", params(ReviewedQuery), responses(
    (status = 200, body = super::schema::ReviewedPage),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn reviewed(
    State(web): State<Web>,
    Query(query): Query<ReviewedQuery>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let limit = limit_of(query.limit.as_deref())?;
    let cursor: Option<ScanCursor> =
        query.cursor.as_deref().map(str::parse).transpose().map_err(|_| {
            Problem::bad_request("cursor: this is no cursor: begin again with the first page")
        })?;
    let page = web.table.reviewed(cursor.as_ref(), limit).await?;
    if let Some(words) = page.skipped.words() {
        tracing::warn!("{words}");
    }
    let next = page.next.map(|next| next.to_string());
    let page = ReviewedPage { images: page.rows, next };
    answer::json(&page, &asked, Keep::Ask.header(web.access.is_public()))
}

/// Since when.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// The `next` of the answer before. Without it, there are no changes in the answer, only the present
    /// place.
    since: Option<String>,
    /// How many changes at most, 1 to 1000.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000, example = 50)]
    limit: Option<String>,
}

/// What a cache has to refresh.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangesPage {
    /// The oldest first.
    changes: Vec<Change>,
    /// Where to go on.
    next: String,
    /// Whether more follow at once.
    more: bool,
}

/// A row that was written.
#[derive(Debug, Serialize, ToSchema)]
pub struct Change {
    /// `bucket/key`.
    #[schema(example = "photos/hat.jpg")]
    image: String,
    /// The object's bucket.
    #[schema(example = "photos")]
    bucket: String,
    /// The object's key, decoded.
    #[schema(example = "hat.jpg")]
    key: String,
    /// Where it stands now; null if it is gone.
    #[schema(value_type = Option<String>, example = "hat")]
    shelf: Option<Shelf>,
    /// When it was written.
    #[schema(format = DateTime)]
    changed_at: String,
}

/// What has changed since an answer before: for a website that keeps a copy.
///
/// Ask once without `since`, and keep `next`; then read the shelves; then ask with `since` again and
/// again. Places are kept for 24 hours: 410 says that all must be read anew.
#[utoipa::path(get, path = "/api/changes", tag = "catalogue", params(ChangesQuery), responses(
    (status = 200, body = ChangesPage),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 401, body = Problem, content_type = "application/problem+json"),
    (status = 410, body = Problem, content_type = "application/problem+json"),
    (status = 501, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn changes(
    State(web): State<Web>,
    Query(query): Query<ChangesQuery>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let limit = limit_of(query.limit.as_deref())?;
    let since: Option<Since> =
        query.since.as_deref().map(str::parse).transpose().map_err(|_| {
            Problem::bad_request("since: this is no place that was given: ask without it first")
        })?;
    let page = web.changes.since(since.as_ref(), limit).await?;
    let changes = page.changes.into_iter().map(|changed| Change {
        image: changed.image,
        bucket: changed.bucket,
        key: changed.key,
        shelf: changed.shelf,
        changed_at: changed.changed_at.format(&Rfc3339).unwrap_or_default(),
    });
    let (next, more) = (page.next.to_string(), page.more);
    let page = ChangesPage { changes: changes.collect(), next, more };
    answer::json(&page, &asked, Keep::Ask.header(web.access.is_public()))
}

impl From<ChangesError> for Problem {
    fn from(error: ChangesError) -> Self {
        let status = match error {
            ChangesError::Expired => StatusCode::GONE,
            ChangesError::NoStream { .. } => StatusCode::NOT_IMPLEMENTED,
            ChangesError::NotReady { .. } | ChangesError::TooManyShards { .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            ChangesError::Table(error) => return error.into(),
            ChangesError::Failed { .. } => {
                tracing::error!("{error}");
                let words = "the table's stream could not be asked: the log says why";
                return Self::new(StatusCode::BAD_GATEWAY, words);
            }
        };
        Self::new(status, error.to_string())
    }
}
