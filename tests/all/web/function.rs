//! The same router behind a Function URL and an HTTP API: by events as AWS sends them.

use std::io::Read;

use lookbook::object::ObjectId;
use lookbook::settings::{Origins, Reading, Tokens};
use lookbook::web::{self, Access, Live, Parts, Web};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tower::ServiceExt;

use super::site::{Home, a_row, parts, put_row};
use crate::helpers::{Embedded, handle, repository, sample};
use crate::runtime::{Function, MINUTE, RuntimeApi};

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

/// The real binary, as Lambda runs it: what it answers is what a Function URL takes.
#[tokio::test(flavor = "multi_thread")]
async fn the_function_answers_a_function_url() {
    let place = Embedded::start().await;
    let key = "new in/été/hat.jpg";
    place.put(key, sample("hat-1.jpg")).await;
    let record = place.record("ObjectCreated:Put", key, "01");
    handle(&place.handler(), vec![record]).await;
    let token = "a token that is long enough";
    let hash = hex::encode(Sha256::digest(token));
    let settings =
        [("WEB_READING", "open"), ("WEB_TOKEN_SHA256", &hash), ("WEB_UPLOADS", "photos/new/")];
    let mut api = RuntimeApi::start().await;
    let _function = Function::catalogue(&api, &place, &settings);

    let mut ask = event("function-url.json");
    ask["headers"]["accept-encoding"] = json!("identity");
    let (kind, row) = api.invoke(ask.clone(), MINUTE).await;
    assert_eq!((kind.as_str(), &row["statusCode"]), ("response", &json!(200)), "{row}");
    assert_eq!(row["isBase64Encoded"], false);
    let body: Value = serde_json::from_str(row["body"].as_str().unwrap()).unwrap();
    assert_eq!((&body["key"], &body["shelf"]), (&json!(key), &json!("hat")));

    // A picture is no text.
    let path = format!("{}/photo", ask["rawPath"].as_str().unwrap());
    ask["rawPath"] = json!(path);
    ask["rawQueryString"] = json!("width=64");
    let (_, small) = api.invoke(ask.clone(), MINUTE).await;
    assert_eq!((&small["statusCode"], &small["isBase64Encoded"]), (&json!(200), &json!(true)));
    assert_eq!(small["headers"]["content-type"], "image/jpeg");
    assert!(small["headers"]["cache-control"].as_str().unwrap().starts_with("public"));
    ask["rawQueryString"] = json!("");
    let (_, whole) = api.invoke(ask.clone(), MINUTE).await;
    assert_eq!(whole["statusCode"], 307);
    assert!(whole["headers"]["location"].as_str().unwrap().contains("X-Amz-Signature="));

    // What needs the token, without it and with it.
    ask["rawPath"] = json!("/api/uploads");
    ask["requestContext"]["http"]["method"] = json!("POST");
    ask["body"] = json!(r#"{"name": "sale $5.jpg"}"#);
    let (_, refused) = api.invoke(ask.clone(), MINUTE).await;
    assert_eq!(refused["statusCode"], 401);
    ask["headers"]["authorization"] = json!(format!("Bearer {token}"));
    let (_, ticket) = api.invoke(ask, MINUTE).await;
    let ticket: Value = serde_json::from_str(ticket["body"].as_str().unwrap()).unwrap();
    assert_eq!(ticket["method"], "POST");
    assert_eq!(ticket["url"], format!("{}/photos/", place.at.s3));
    let key = ticket["fields"]["key"].as_str().unwrap();
    assert!(key.starts_with("new/") && key.ends_with("-sale 5.jpg"), "{key}");
    assert_eq!(ticket["image"], format!("photos/{key}"));
}
