//! Pages as answers, those of what went wrong among them.

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::page::{self, ErrorPage, Html, Site, Visitor};
use super::problem::Problem;
use super::state::Web;

/// A page, or the page of what went wrong.
pub(super) fn html(status: StatusCode, html: Html) -> Response {
    match html {
        Ok(text) => {
            let kind = HeaderValue::from_static("text/html; charset=utf-8");
            let keep = HeaderValue::from_static("private, no-cache");
            let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, keep)];
            (status, headers, text).into_response()
        }
        Err(error) => {
            tracing::error!("a page could not be written: {error}");
            let words = "the page could not be written";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, words).into_response()
        }
    }
}

/// The path and query of a page.
pub(super) fn here(uri: &Uri) -> String {
    uri.path_and_query().map_or("/", |path| path.as_str()).to_owned()
}

/// The page of what went wrong.
pub(super) fn wrong(visitor: Visitor, uri: &Uri, problem: Problem) -> Response {
    let advice = match problem.status() {
        StatusCode::NOT_FOUND => "It may have been removed, or the address is mistyped.",
        StatusCode::UNAUTHORIZED => "Ask whoever set the catalogue up.",
        StatusCode::TOO_MANY_REQUESTS => "Wait a moment, then load the page again.",
        status if status.is_server_error() => "Load the page again in a moment.",
        _ => "Begin again with the first page.",
    };
    let page = ErrorPage {
        site: Site::without_shelves(visitor, &here(uri)),
        status: problem.status().as_u16(),
        title: problem.title().to_owned(),
        words: problem.detail().to_owned(),
        advice: advice.to_owned(),
    };
    let mut response = html(problem.status(), page.html());
    response.headers_mut().extend(problem.into_headers());
    response
}

/// A page that may not be seen: who can sign in is asked to.
pub(super) fn refused(web: &Web, uri: &Uri, problem: Problem) -> Response {
    if problem.status() == StatusCode::UNAUTHORIZED && web.access.takes_tokens() {
        let next = page::segment(&here(uri));
        return Redirect::to(&format!("/sign-in?next={next}")).into_response();
    }
    wrong(Visitor::MayRead, uri, problem)
}
