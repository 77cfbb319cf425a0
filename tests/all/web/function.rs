//! The same router behind a Function URL and an HTTP API: by events as AWS sends them.

use std::io::Read;

use lookbook::object::ObjectId;
use lookbook::settings::{Origins, Reading, Tokens};
use lookbook::web::{self, Access, Live, Parts, Web};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tower::ServiceExt;

use super::site::{Home, a_row, parts, put_row};
use crate::helpers::repository;

fn event(name: &str) -> Value {
    let file = repository("tests/all/web/events").join(name);
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// What the function answers: status and body.
async fn answer(web: &Web, event: &Value) -> (u16, Value) {
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let answer = web::router(web.clone()).oneshot(web::gateway::request(request)).await.unwrap();
    let status = answer.status().as_u16();
    let is_packed = answer.headers().get("content-encoding").is_some_and(|coding| coding == "gzip");
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let mut text = Vec::new();
    if is_packed {
        flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut text).unwrap();
    } else {
        text.extend_from_slice(&body);
    }
    (status, serde_json::from_slice(&text).unwrap_or(Value::Null))
}

fn set(parts: &mut Parts, reading: Reading, trusts_iam: bool) {
    parts.access = Access::Set { reading, tokens: Tokens::default(), trusts_iam };
    parts.origins = Origins::None;
    parts.live = None;
}

#[tokio::test]
async fn both_kinds_of_events_are_answered() {
    let home = Home::new();
    let site = home.open().await;
    let object = ObjectId::new("photos", "new in/été/hat.jpg").unwrap();
    put_row(&site.table(), &a_row(&object, "hat", 0.9, OffsetDateTime::UNIX_EPOCH)).await;
    let web = |reading, trusts_iam| {
        let mut parts = parts(&site.stack, Live::default());
        set(&mut parts, reading, trusts_iam);
        Web::new(parts)
    };
    let open = web(Reading::Open, false);
    for name in ["function-url.json", "http-api.json"] {
        let (status, body) = answer(&open, &event(name)).await;
        assert_eq!((status, &body["key"]), (200, &json!("new in/été/hat.jpg")), "{name}");
        let (status, _) = answer(&web(Reading::Closed, true), &event(name)).await;
        assert_eq!(status, 401, "{name}");
    }

    // Who has passed the check of the Function URL may write, if that is trusted.
    let review = event("function-url-iam.json");
    let (status, _) = answer(&open, &review).await;
    assert_eq!(status, 401);
    let mut unchecked = review.clone();
    unchecked["requestContext"]["authorizer"] = Value::Null;
    let trusting = web(Reading::Closed, true);
    assert_eq!(answer(&trusting, &unchecked).await.0, 401);
    let (status, body) = answer(&trusting, &review).await;
    assert_eq!((status, &body["shelf"]), (200, &json!("skirt")), "{body}");
    let row = site.place.row("new in/été/hat.jpg").await.unwrap();
    assert_eq!(row.shelf.unwrap().as_str(), "skirt");
}
