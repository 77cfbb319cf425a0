//! Where the function sends what it cannot read: a queue of SQS that the tests serve.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::schema::check;
use super::{REQUEST, said};
use crate::helpers::{Embedded, TINY_MODEL, one_colour, sqs};
use crate::runtime::{Function, MINUTE, RuntimeApi, TRACE};

/// A queue of SQS that takes messages, or refuses them.
#[derive(Clone, Default)]
struct Dead {
    taken: Arc<Mutex<Vec<Value>>>,
    refuses: Arc<Mutex<bool>>,
}

impl Dead {
    async fn start(&self) -> String {
        let router = axum::Router::new().fallback(take).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

/// Source: Amazon SQS API reference, `SendMessage`.
async fn take(State(dead): State<Dead>, request: axum::extract::Request) -> Response {
    let action = request.headers().get("x-amz-target").cloned();
    assert_eq!(action.unwrap(), "AmazonSQS.SendMessage");
    let trace = request.headers().get("x-amzn-trace-id").cloned();
    assert_eq!(trace.unwrap(), TRACE);
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let json = [(header::CONTENT_TYPE, "application/x-amz-json-1.0")];
    if *dead.refuses.lock().unwrap() {
        let error = json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no queue"});
        return (StatusCode::BAD_REQUEST, json, error.to_string()).into_response();
    }
    dead.taken.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
    (StatusCode::OK, json, json!({"MessageId": "d"}).to_string()).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_be_read_goes_to_the_dead_letter_queue_and_says_why() {
    let place = Embedded::start().await;
    let dead = Dead::default();
    let sqs_url = dead.start().await;
    let queue = format!("{sqs_url}/123456789012/dead");
    let mut api = RuntimeApi::start().await;
    let dir = TempDir::new().unwrap();
    let said = said(&dir);
    let settings = [
        ("MODEL_FILE", TINY_MODEL),
        ("AWS_ENDPOINT_URL_SQS", &sqs_url),
        ("DEAD_LETTER_QUEUE", &queue),
    ];
    let _function = Function::start_said(&api, &place, &settings, &said.0);
    for key in ["a.png", "b.png"] {
        place.put(key, one_colour([250, 0, 0])).await;
    }
    let record = |key| place.record("ObjectCreated:Put", key, "01");
    let bodies = [
        "not json".to_owned(),
        // What can be read of it is done first.
        json!({"Records": [{"s3": {}}, record("a.png"), {"s3": {}}]}).to_string(),
        json!({"Records": [record("b.png")]}).to_string(),
    ];
    let mut event = sqs(&bodies);
    event["Records"][0]["messageAttributes"] = json!({
        "shop": {"stringValue": "7", "dataType": "Number"},
        "reason": {"stringValue": "an older one", "dataType": "String"}});

    // No queue there: all is as SQS does it.
    *dead.refuses.lock().unwrap() = true;
    let both = json!({"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]});
    assert_eq!(api.invoke(event.clone(), MINUTE).await, ("response".into(), both));
    let lines = said.lines();
    let failed: Vec<&Value> =
        lines.iter().filter(|line| line["code"] == "dead_letter_failed").collect();
    assert_eq!(failed.len(), 2);
    assert!(failed[0]["cause"].as_str().unwrap().contains("no queue"), "{failed:?}");
    assert_eq!(said.metrics()[0].get("Poison"), None);
    assert!(place.row("a.png").await.is_some() && place.row("b.png").await.is_some());

    *dead.refuses.lock().unwrap() = false;
    let none = json!({"batchItemFailures": []});
    assert_eq!(api.invoke(event, MINUTE).await, ("response".into(), none));
    let mut taken = dead.taken.lock().unwrap().clone();
    taken.sort_by_key(|message| bodies.iter().position(|body| message["MessageBody"] == *body));
    let [text, mixed] = &taken[..] else { panic!("{taken:#?}") };
    assert_eq!((&text["QueueUrl"], &text["MessageBody"]), (&json!(queue), &json!(bodies[0])));
    let attributes = &text["MessageAttributes"];
    assert!(attributes["reason"]["StringValue"].as_str().unwrap().contains("is not JSON"));
    assert_eq!(attributes["code"], json!({"DataType": "String", "StringValue": "unreadable"}));
    assert_eq!(attributes["request_id"]["StringValue"], REQUEST);
    assert_eq!(attributes["shop"], json!({"DataType": "Number", "StringValue": "7"}));
    assert_eq!(mixed["MessageBody"], json!(bodies[1]));
    let reason = mixed["MessageAttributes"]["reason"]["StringValue"].as_str().unwrap();
    assert!(
        reason.starts_with("record 0 ") && reason.ends_with("1 more of its records cannot be read"),
        "{reason}"
    );

    let line = said.of("m0", None);
    assert_eq!((&line["outcome"], &line["level"]), (&json!("poison"), &json!("WARN")));
    let metrics = said.metrics();
    metrics.iter().for_each(check);
    let last = metrics.last().unwrap();
    assert_eq!(
        (&last["Poison"], &last["Unchanged"], last.get("Retried")),
        (&json!(2), &json!(2), None)
    );
}
