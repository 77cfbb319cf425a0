//! Errors as the API says them: problem details.

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::bucket::BucketError;
use crate::catalogue::{ReviewError, TableError};

/// What went wrong, as a body of the type `application/problem+json`.
///
/// Source: RFC 9457, "Problem Details for HTTP APIs". The type is `about:blank`: the status says what
/// kind of problem it is, and `detail` what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// The HTTP status.
    #[serde(serialize_with = "code")]
    #[schema(value_type = u16, example = 404)]
    status: StatusCode,
    /// The status in words.
    #[schema(value_type = String, example = "Not Found")]
    title: &'static str,
    /// What happened, to what, and what to do.
    detail: String,
    #[serde(skip)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

// The form that `serialize_with` calls.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn code<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    /// A problem of this kind.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { status, title, detail: detail.into(), headers: Vec::new() }
    }

    /// The request says something that cannot be.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// Another method is wanted.
    pub fn method(allowed: &'static str) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, format!("this address takes {allowed}"))
            .with(header::ALLOW, HeaderValue::from_static(allowed))
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The status in words.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// What happened, and what to do.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The headers that go with it.
    #[must_use]
    pub fn into_headers(self) -> HeaderMap {
        self.headers.into_iter().collect()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(&self)).into_response();
        response.headers_mut().extend(self.into_headers());
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// The caller is told that the table failed, and the log how: what AWS says may name accounts.
impl From<TableError> for Problem {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Unreadable { .. } => Self::not_found(error.to_string()),
            TableError::NoTable { .. } | TableError::Failed { .. } => {
                tracing::error!(code = error.code().as_str(), "{error}");
                Self::new(
                    StatusCode::BAD_GATEWAY,
                    "the table could not be asked: try again later; the log says why",
                )
            }
        }
    }
}

impl From<BucketError> for Problem {
    fn from(error: BucketError) -> Self {
        if let BucketError::Archived { .. } = error {
            return Self::new(StatusCode::CONFLICT, error.to_string());
        }
        tracing::error!(code = error.code(), "{error}");
        Self::new(
            StatusCode::BAD_GATEWAY,
            "the photo could not be fetched: try again later; the log says why",
        )
    }
}

impl From<ReviewError> for Problem {
    fn from(error: ReviewError) -> Self {
        let status = match error {
            ReviewError::Gone(_) => StatusCode::NOT_FOUND,
            ReviewError::Replaced(_) => StatusCode::PRECONDITION_FAILED,
            ReviewError::Rivals(_) => StatusCode::CONFLICT,
            ReviewError::Table(error) => return error.into(),
        };
        Self::new(status, error.to_string())
    }
}
