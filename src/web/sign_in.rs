//! Signing in with the page: a cookie holds the token, which no script can read.

use axum::extract::{Extension, Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::access::{COOKIE, Sender, is_for_this_machine};
use super::html::html;
use super::page::{SignInPage, Site};
use super::state::Web;

/// How long somebody stays signed in, in seconds: thirty days.
const STAYS: u32 = 30 * 24 * 60 * 60;

/// Where to go on.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    token: String,
    #[serde(default)]
    next: String,
}

/// A path of this website: no other's.
fn path(next: String) -> String {
    let is_ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control);
    if is_ours { next } else { "/".to_owned() }
}

pub(super) async fn form(
    State(web): State<Web>,
    Extension(sender): Extension<Sender>,
    Query(Next { next }): Query<Next>,
    headers: HeaderMap,
) -> Response {
    page(&web, &headers, sender, path(next), None)
}

fn page(
    web: &Web,
    headers: &HeaderMap,
    sender: Sender,
    next: String,
    error: Option<&str>,
) -> Response {
    let status = error.map_or(StatusCode::OK, |_| StatusCode::UNAUTHORIZED);
    let site = Site::without_shelves(web.visitor(headers, sender), "/sign-in");
    html(status, SignInPage { site, next, error: error.map(str::to_owned) }.html())
}

pub(super) async fn sign_in(
    State(web): State<Web>,
    Extension(sender): Extension<Sender>,
    headers: HeaderMap,
    Form(Sent { token, next }): Form<Sent>,
) -> Response {
    let (token, next) = (token.trim(), path(next));
    // A cookie's value has no room for others.
    let is_plain =
        token.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && !b"\",;\\".contains(&byte));
    if !is_plain || !web.access.accepts(token) {
        let words = "This is not the token. Ask whoever set the catalogue up for it.";
        return page(&web, &headers, sender, next, Some(words));
    }
    let cookie = cookie(token, STAYS, &headers);
    ([(header::SET_COOKIE, cookie)], Redirect::to(&next)).into_response()
}

pub(super) async fn sign_out(headers: HeaderMap) -> Response {
    ([(header::SET_COOKIE, cookie("", 0, &headers))], Redirect::to("/")).into_response()
}

fn cookie(token: &str, seconds: u32, headers: &HeaderMap) -> HeaderValue {
    // A browser sends it to this machine without TLS, and to no other.
    let secure = if is_for_this_machine(headers) { "" } else { "; Secure" };
    // Lax: who follows a link to the catalogue is signed in there. What changes something is checked.
    let text =
        format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_no_other_website() {
        for next in ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\nb"] {
            assert_eq!(path(next.to_owned()), "/", "{next}");
        }
        assert_eq!(path("/shelves/hat?text=a".to_owned()), "/shelves/hat?text=a");
    }

    #[test]
    fn a_token_is_sent_over_tls_alone() {
        let of = |host: &str| {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            cookie("token", 1, &headers).to_str().unwrap().ends_with("; Secure")
        };
        assert!(of("shop.example") && !of("127.0.0.1:9002") && !of("localhost"));
        assert!(of("127.0.0.1.shop.example"));
    }
}
