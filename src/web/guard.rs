//! What stands between a request and its handler, and between the answer and a browser.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;

use super::access::{Need, Sender};
use super::bounds::{TIME, limit_of};
use super::html::refused;
use super::openapi::POLICY;
use super::problem::Problem;
use super::state::Web;

/// What a request needs the right to.
fn need_of(method: &Method, path: &str) -> Need {
    let is_for_all = path.starts_with("/assets/") || path == "/sign-in" || path == "/sign-out";
    if is_for_all || path == "/api/openapi.json" {
        return Need::Nothing;
    }
    if method.is_safe() { Need::Read } else { Need::Write }
}

/// Counts a request, asks whether it may be answered, and gives it no more than its time.
pub(super) async fn request(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let sender = sender_of(&request);
    request.extensions_mut().insert(sender);
    let need = need_of(request.method(), request.uri().path());
    let is_page = !request.uri().path().starts_with("/api/") && *request.method() == Method::GET;
    let checked = web
        .rate
        .count(sender.address)
        .and_then(|()| web.access.check(need, request.method(), request.headers(), sender));
    let uri = request.uri().clone();
    let mut response = match checked {
        Err(problem) if is_page => refused(&web, &uri, problem),
        Err(problem) => {
            // Not of who asks too much already.
            let is_small = announced(&request).is_some() && too_large(&web, &request).is_none();
            if is_small && problem.status() != StatusCode::TOO_MANY_REQUESTS {
                let _ = tokio::time::timeout(TIME, take_in(request)).await;
            }
            problem.into_response()
        }
        Ok(()) => {
            let answer = async {
                match too_large(&web, &request) {
                    None => next.run(request).await,
                    Some(problem) => {
                        take_in(request).await;
                        problem.into_response()
                    }
                }
            };
            let answer = tokio::time::timeout(TIME + LAST, answer).await;
            let words = "the answer took too long: try again";
            let late = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, words).into_response();
            answer.unwrap_or_else(|_| late())
        }
    };
    protect(&mut response);
    response
}

/// What a handler that has a time of its own may take beyond it.
const LAST: Duration = Duration::from_secs(2);

/// Whom a request comes from: told by the server, not by the request.
fn sender_of(request: &Request) -> Sender {
    if let Some(sender) = request.extensions().get::<Sender>() {
        return *sender;
    }
    let connection = request.extensions().get::<ConnectInfo<SocketAddr>>();
    Sender { address: connection.map(|ConnectInfo(from)| from.ip()), ..Sender::default() }
}

/// Whether a request announces a body that is larger than its address takes.
fn too_large(web: &Web, request: &Request) -> Option<Problem> {
    let length = announced(request)?;
    let limit = limit_of(request.uri().path(), web.limits.max_bytes);
    let words = format!("the body has {length} bytes, and {limit} are allowed here");
    (length > limit).then(|| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, words))
}

/// How many bytes a request's body has, if it says so.
fn announced(request: &Request) -> Option<u64> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Most that is taken in of a body that nobody reads.
const TAKEN_IN: usize = 256 * 1024 * 1024;

/// Reads a body and keeps nothing of it: a connection that is closed while the other side still sends
/// is reset, and then the answer is lost on most of them. Who asks first (`Expect`) need not send it.
async fn take_in(request: Request) {
    if request.headers().contains_key(header::EXPECT) {
        return;
    }
    let mut body = request.into_body().into_data_stream();
    let mut left = TAKEN_IN;
    while let Some(Ok(piece)) = body.next().await {
        left = left.saturating_sub(piece.len());
        if left == 0 {
            return;
        }
    }
}

/// What browsers are told of every answer.
fn protect(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ] {
        headers.insert(name, value);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_is_writing() {
        for (method, path, need) in [
            (Method::GET, "/api/shelves", Need::Read),
            (Method::HEAD, "/api/images/shop/a/photo", Need::Read),
            (Method::GET, "/", Need::Read),
            (Method::PUT, "/api/images/shop/a/review", Need::Write),
            (Method::POST, "/api/classify", Need::Write),
            (Method::POST, "/api/uploads", Need::Write),
            (Method::DELETE, "/anything", Need::Write),
            (Method::GET, "/assets/app.css", Need::Nothing),
            (Method::POST, "/sign-in", Need::Nothing),
            (Method::GET, "/api/openapi.json", Need::Nothing),
        ] {
            assert_eq!(need_of(&method, path), need, "{method} {path}");
        }
    }
}
