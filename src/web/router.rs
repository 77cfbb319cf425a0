//! Which request goes where.

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post, put};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::bounds::SMALL;
use super::problem::Problem;
use super::state::Web;
use super::{classify, guard, images, openapi, pages, reviewed, shelves, uploads};
use crate::settings::Origins;

/// The API and the pages, behind all that protects them.
pub fn router(web: Web) -> Router {
    let largest = usize::try_from(web.limits.max_bytes).unwrap_or(usize::MAX);
    let photos = Router::new()
        .route("/api/classify", post(classify::photo))
        .route("/api/uploads/{*name}", put(uploads::take))
        .layer(DefaultBodyLimit::max(largest));
    let cors = cors(&web.origins);
    Router::new()
        .route("/api/shelves", get(shelves::all))
        .route("/api/shelves/{shelf}", get(shelves::one))
        .route("/api/images/{*rest}", any(images::any))
        .route("/api/reviewed", get(reviewed::reviewed))
        .route("/api/changes", get(reviewed::changes))
        .route("/api/uploads", post(uploads::ticket))
        .route("/api/events", get(events))
        .route("/api/openapi.json", get(openapi::document))
        .merge(pages::router())
        .layer(DefaultBodyLimit::max(SMALL))
        .merge(photos)
        .fallback(nothing)
        .layer(map_response(in_problem_details))
        .layer(CompressionLayer::new().compress_when(what_shrinks()))
        .layer(from_fn_with_state(web.clone(), guard::request))
        // In front of all: a preflight has no token.
        .layer(cors)
        .with_state(web)
}

/// Pictures are small already, and events must not wait.
fn what_shrinks() -> impl Predicate {
    SizeAbove::new(512).and(NotForContentType::IMAGES).and(NotForContentType::SSE)
}

fn cors(origins: &Origins) -> CorsLayer {
    let allowed = match origins {
        Origins::None => return CorsLayer::new(),
        Origins::All => AllowOrigin::any(),
        Origins::These(origins) => AllowOrigin::list(
            origins.iter().filter_map(|origin| HeaderValue::try_from(origin).ok()),
        ),
    };
    // No cookies: who calls from another website sends a token, or none.
    let sent: [HeaderName; 4] =
        [header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_MATCH, header::IF_NONE_MATCH];
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT])
        .allow_headers(sent)
        .expose_headers([header::ETAG, header::RETRY_AFTER])
        .max_age(Duration::from_hours(1))
}

async fn nothing() -> Problem {
    Problem::not_found("there is nothing at this address: /api/openapi.json lists what there is")
}

/// What becomes of photos, as server-sent events.
async fn events(State(web): State<Web>) -> Result<Response, Problem> {
    let words = "photos are dealt with elsewhere: ask /api/changes";
    let live = web.live.as_ref().ok_or_else(|| Problem::not_found(words))?;
    Ok(live.listen().into_response())
}

/// What the library refuses by itself (another method, a body that is too large, a query that cannot be
/// read) is said as all else is.
async fn in_problem_details(response: Response) -> Response {
    let status = response.status();
    let is_ours = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes().starts_with(b"application/") || kind.as_bytes().starts_with(b"text/html")
    });
    if is_ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let words = match status.as_u16() {
        405 => "this address does not take this method: see the header Allow".to_owned(),
        413 => "the body is larger than is allowed".to_owned(),
        _ => {
            let bytes = axum::body::to_bytes(response.into_body(), SMALL).await.unwrap_or_default();
            return Problem::new(status, String::from_utf8_lossy(&bytes)).into_response();
        }
    };
    let allowed = response.headers().get(header::ALLOW).cloned();
    let problem = Problem::new(status, words);
    match allowed {
        Some(allowed) => problem.with(header::ALLOW, allowed).into_response(),
        None => problem.into_response(),
    }
}
