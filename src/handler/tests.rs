//! Events and their answers; scores of photos on the web, from a server on loopback, by the real
//! model.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use serde_json::json;

use super::*;
use crate::bucket::{BucketError, Object, ObjectMeta};
use crate::catalogue::{Row, Seen, Stored, Written};
use crate::classifier::Classifier;
use crate::object::ObjectId;

/// Where there is nothing, and nothing may be written.
struct Empty;

impl Bucket for Empty {
    async fn head(&self, _: &ObjectId) -> Result<Option<ObjectMeta>, BucketError> {
        Ok(None)
    }

    async fn get(&self, _: &ObjectId) -> Result<Option<Object>, BucketError> {
        Ok(None)
    }
}

impl Table for Empty {
    async fn read(&self, _: &ObjectId) -> Result<Option<Stored>, TableError> {
        Ok(None)
    }

    async fn write(&self, row: &Row, _: Option<&Seen>) -> Result<Written, TableError> {
        panic!("{} is written", row.image)
    }

    async fn write_review(&self, row: &Row, _: &Seen) -> Result<Written, TableError> {
        panic!("{} is written", row.image)
    }
}

fn rules() -> Rules {
    Rules::parse(|name| (name == "URL_HOSTS").then(|| "shop.example".to_owned())).unwrap()
}

fn pipeline() -> Pipeline<Empty, Empty> {
    let judge = PhotoJudge::new(Arc::new(Classifier::embedded().unwrap()), &rules());
    Pipeline::new(Empty, Empty, judge, &rules())
}

async fn server() -> SocketAddr {
    let photo = concat!(env!("CARGO_MANIFEST_DIR"), "/events/photos/hat-1.jpg");
    let photo = std::fs::read(photo).unwrap();
    let router = Router::new()
        .route("/hat.jpg", get(|| async { photo }))
        .route("/page.html", get(|| async { "<html>no photo</html>" }))
        .route("/stalls", get(std::future::pending::<()>));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Calls the function with a URL of the server, and sees that no row comes of it.
async fn call(path: &str, time: Duration) -> Result<Report, HandleError> {
    let server = server().await;
    let client = UrlClient::of_test_server(&rules().url_hosts, server, Duration::from_mins(1));
    let handler = Handler::with_client(pipeline(), client);
    let deadline = Instant::now() + time;
    let invocation = Invocation { id: "i".into(), deadline: Some(deadline) };
    let event = json!({"url": format!("http://shop.example{path}")});
    let report = handler.handle(&event, &invocation).await;
    assert!(Instant::now() < deadline);
    report
}

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_photo_on_the_web_is_answered_with_its_scores_and_not_written() {
    let report = call("/hat.jpg", MINUTE).await.unwrap();
    assert!(report.lines.is_empty() && report.failure().is_none());
    let scores: BTreeMap<String, f32> = serde_json::from_value(report.answer.unwrap()).unwrap();
    assert_eq!(scores.len(), 10);
    assert_eq!(report.scored.unwrap().as_str(), "hat");
    assert!(scores["hat"] > 0.5, "{scores:?}");
    assert!((scores.values().sum::<f32>() - 1.0).abs() < 1e-3, "{scores:?}");
}

#[tokio::test]
async fn what_is_no_photo_is_rejected() {
    let error = call("/page.html", MINUTE).await.unwrap_err();
    assert_eq!(error.code(), "unsupported_format", "{error}");
    assert!(matches!(error, HandleError::Score(ScoreError::Rejected { .. })), "{error}");
    assert!(
        error.to_string().starts_with("http://shop.example/page.html is rejected: "),
        "{error}"
    );
}

#[tokio::test]
async fn a_photo_that_does_not_come_is_given_up_before_the_deadline() {
    let error = call("/stalls", Duration::from_millis(1500)).await.unwrap_err();
    assert!(matches!(error, HandleError::Score(ScoreError::GivenUp { .. })), "{error}");
    assert_eq!(error.code(), "given_up");
}

#[tokio::test]
async fn what_is_not_begun_in_time_fails_the_invocation_of_who_sends_again() {
    let handler = Handler::new(pipeline(), &rules());
    let event = json!({"Records": [{"eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "shop"}, "object": {"key": "a.jpg"}}}]});
    let invocation = Invocation { id: "i".into(), deadline: Some(Instant::now()) };
    let report = handler.handle(&event, &invocation).await.unwrap();
    assert_eq!(report.answer, None);
    assert!(report.failure().unwrap().contains("shop/a.jpg"));
}
