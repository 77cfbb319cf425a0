//! One photo: its row, its picture, and what a person says of it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{OriginalUri, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::answer::{self, Keep};
use super::live::LiveChange;
use super::photo::PhotoQuery;
use super::problem::Problem;
use super::state::Web;
use super::target::{Part, Target};
use crate::catalogue::{Review, Row, review};
use crate::object::ObjectId;

/// Where the addresses of photos begin.
pub(super) const BELOW: &str = "/api/images/";

/// Everything below [`BELOW`].
pub(super) async fn any(
    State(web): State<Web>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    query: Result<Query<PhotoQuery>, QueryRejection>,
    asked: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let target = Target::parse(uri.path().strip_prefix(BELOW).unwrap_or_default())?;
    if !target.takes(&method) {
        return Err(Problem::method(target.methods()));
    }
    match target.part {
        Part::Row => web.row(&target.object, &asked).await,
        Part::Photo => {
            let row = web.row_of(&target.object).await?;
            let Query(query) = query.map_err(|error| Problem::bad_request(error.to_string()))?;
            web.photo(&target.object, &row, &query, &asked).await
        }
        Part::Review => web.review(&target.object, &asked, &body).await,
    }
}

impl Web {
    /// The row of an object that is there.
    pub(super) async fn row_of(&self, object: &ObjectId) -> Result<Row, Problem> {
        let row = self.table.row(object).await?.filter(|row| !row.is_tombstone());
        row.ok_or_else(|| Problem::not_found(format!("{object} is not in the catalogue")))
    }

    async fn row(&self, object: &ObjectId, asked: &HeaderMap) -> Result<Response, Problem> {
        let row = self.row_of(object).await?;
        let etag = etag_of(&row);
        let keep = Keep::Ask.header(self.access.is_public());
        let body = serde_json::to_vec(&row).unwrap_or_default();
        Ok(answer::tagged(body.into(), "application/json", &etag, asked, keep))
    }

    async fn review(
        &self,
        object: &ObjectId,
        asked: &HeaderMap,
        body: &[u8],
    ) -> Result<Response, Problem> {
        let said: Said = serde_json::from_slice(body).map_err(|error| {
            Problem::bad_request(format!(
                "expected {{\"label\": \"skirt\"}}, {{\"rejected\": true}} or {{\"clear\": true}}: {error}"
            ))
        })?;
        let word = said.word()?;
        let content = match if_match(asked)? {
            Some(content) => content,
            None => {
                let unknown = || Problem::new(StatusCode::CONFLICT, "its content is not known yet");
                self.row_of(object).await?.content_sha256.ok_or_else(unknown)?
            }
        };
        let row = review(&self.table, object, word.as_ref(), &content).await?;
        self.counted.forget();
        if let Some(live) = &self.live {
            live.tell(LiveChange::reviewed(&row));
        }
        let etag = HeaderValue::try_from(etag_of(&row)).ok();
        let mut response = Json(row).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(etag.map(|etag| (header::ETAG, etag)));
        Ok(response)
    }
}

/// A row's `ETag`: the content's hash, a dot, and the write's name.
fn etag_of(row: &Row) -> String {
    format!("\"{}.{}\"", row.content_sha256.as_deref().unwrap_or_default(), row.revision)
}

/// The content that `If-Match` names: by the `ETag` of the row, of which the part after the dot does
/// not matter (a row is written anew for many reasons), or by the content's hash alone. None for `*`.
fn if_match(asked: &HeaderMap) -> Result<Option<String>, Problem> {
    let words = "send If-Match with the ETag of the photo that was looked at, or with its \
                 content_sha256 in quotes, so that a photo that took its place is not reviewed unseen";
    let missing = || Problem::new(StatusCode::PRECONDITION_REQUIRED, words);
    let value = asked.get(header::IF_MATCH).ok_or_else(missing)?;
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let tag = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let content = tag.map(|tag| tag.split_once('.').map_or(tag, |(content, _)| content));
    let is_hash = |text: &&str| text.len() == 64 && text.bytes().all(|c| c.is_ascii_hexdigit());
    match content.filter(is_hash) {
        Some(content) => Ok(Some(content.to_ascii_lowercase())),
        // What cannot be a photo's is none's.
        None => Err(Problem::new(StatusCode::PRECONDITION_FAILED, words)),
    }
}

/// What a person says of a photo: one of the three.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// It shows this.
    #[schema(example = "skirt")]
    label: Option<String>,
    /// It is not to be shown.
    #[serde(default)]
    rejected: bool,
    /// What was said is taken back.
    #[serde(default)]
    clear: bool,
}

impl Said {
    fn word(self) -> Result<Option<Review>, Problem> {
        match (self.label, self.rejected, self.clear) {
            (Some(label), false, false) => match label.parse() {
                Ok(Review::Label(label)) => Ok(Some(Review::Label(label))),
                Ok(Review::Rejected) => Err(Problem::bad_request("say {\"rejected\": true}")),
                Err(error) => Err(Problem::bad_request(error.to_string())),
            },
            (None, true, false) => Ok(Some(Review::Rejected)),
            (None, false, true) => Ok(None),
            _ => Err(Problem::bad_request("say one of `label`, `rejected` and `clear`")),
        }
    }
}

/// A photo's row: all that is known of it.
///
/// The key is one part of the address, percent-encoded (`/` as `%2F`).
#[utoipa::path(get, path = "/api/images/{bucket}/{key}", tag = "catalogue",
    params(("bucket" = String, Path), ("key" = String, Path, description = "Percent-encoded")),
    responses(
        (status = 200, body = super::schema::Row, headers(("ETag" = String))),
        (status = 304, description = "It is the one that If-None-Match names"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ))]
#[allow(dead_code, reason = "the documentation of a part of `any`")]
pub(super) fn row_documentation() {}

/// A photo, as it is or small.
#[utoipa::path(get, path = "/api/images/{bucket}/{key}/photo", tag = "catalogue",
    params(("bucket" = String, Path), ("key" = String, Path, description = "Percent-encoded"),
        PhotoQuery),
    responses(
        (status = 200, description = "The picture", content_type = "image/jpeg"),
        (status = 304, description = "It is the one that If-None-Match names"),
        (status = 307, description = "Without `width`, on AWS: to a presigned address"),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json"),
    ))]
#[allow(dead_code, reason = "the documentation of a part of `any`")]
pub(super) fn photo_documentation() {}

/// Says what is on a photo: it goes to that shelf, and no classification moves it.
///
/// `If-Match` names the content that was looked at; a photo that took its place meanwhile is not
/// reviewed.
#[utoipa::path(put, path = "/api/images/{bucket}/{key}/review", tag = "catalogue",
    params(("bucket" = String, Path), ("key" = String, Path, description = "Percent-encoded"),
        ("If-Match" = String, Header, description = "The row's ETag, or its content_sha256 in quotes")),
    request_body = Said,
    security(("token" = [])),
    responses(
        (status = 200, body = super::schema::Row, headers(("ETag" = String))),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json"),
        (status = 412, body = Problem, content_type = "application/problem+json"),
        (status = 428, body = Problem, content_type = "application/problem+json"),
    ))]
#[allow(dead_code, reason = "the documentation of a part of `any`")]
pub(super) fn review_documentation() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_that_was_looked_at_must_be_named() {
        let hash = "ab".repeat(32);
        let of = |text: Option<&str>| {
            let pairs = text.map(|text| (header::IF_MATCH, text.parse().unwrap()));
            if_match(&HeaderMap::from_iter(pairs)).map_err(|problem| problem.status().as_u16())
        };
        assert_eq!(of(None), Err(428));
        assert_eq!(of(Some("*")), Ok(None));
        assert_eq!(of(Some(&format!("\"{hash}\""))), Ok(Some(hash.clone())));
        assert_eq!(of(Some(&format!("\"{hash}.revision\""))), Ok(Some(hash.clone())));
        for text in ["\"\"", "x", "\".r\"", &hash] {
            assert_eq!(of(Some(text)), Err(412), "{text}");
        }
    }

    #[test]
    fn one_thing_is_said() {
        let said = |text: &str| {
            let said: Result<Said, _> = serde_json::from_str(text);
            said.ok().and_then(|said| said.word().ok())
        };
        let skirt = Review::Label("skirt".parse().unwrap());
        assert_eq!(said(r#"{"label": "skirt"}"#), Some(Some(skirt)));
        assert_eq!(said(r#"{"rejected": true}"#), Some(Some(Review::Rejected)));
        assert_eq!(said(r#"{"clear": true}"#), Some(None));
        for text in [
            "{}",
            r#"{"label": "skirt", "clear": true}"#,
            r#"{"label": "rejected"}"#,
            r#"{"label": "review"}"#,
            r#"{"label": ""}"#,
            r#"{"said": "skirt"}"#,
            "[]",
        ] {
            assert_eq!(said(text), None, "{text}");
        }
    }
}
