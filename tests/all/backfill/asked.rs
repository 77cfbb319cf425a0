//! What `lookbook backfill` asks of SQS and of the control of S3: servers that answer as they do.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{COLOURS, backfill, photos, summary};
use crate::helpers::{Embedded, handle, lookbook, names, one_colour, stdout};

/// A server that notes what it is asked, and answers by a function of the request's number.
struct Fake {
    url: String,
    asked: Arc<Mutex<Vec<(Uri, HeaderMap, String)>>>,
}

type Answering = Arc<dyn Fn(&Uri, &str) -> (StatusCode, String) + Send + Sync>;

impl Fake {
    async fn start(answer: Answering) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(ask).with_state((answer, Arc::clone(&asked)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<(Uri, HeaderMap, String)> {
        self.asked.lock().unwrap().clone()
    }
}

type Asked = Arc<Mutex<Vec<(Uri, HeaderMap, String)>>>;

async fn ask(
    State((answer, asked)): State<(Answering, Asked)>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> impl IntoResponse {
    let (status, text) = answer(&uri, &body);
    asked.lock().unwrap().push((uri, headers, body));
    let kind = if text.starts_with('{') { "application/x-amz-json-1.0" } else { "application/xml" };
    (status, [("content-type", kind)], text)
}

/// Answers `SendMessageBatch`: of the first request, one message is not taken.
fn queue() -> (Answering, Arc<Mutex<Vec<String>>>) {
    let taken: Arc<Mutex<Vec<String>>> = Arc::default();
    let (kept, requests) = (Arc::clone(&taken), Mutex::new(0));
    let answer = move |_: &Uri, body: &str| {
        let mut requests = requests.lock().unwrap();
        *requests += 1;
        let body: Value = serde_json::from_str(body).unwrap();
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for entry in body["Entries"].as_array().unwrap() {
            let id = &entry["Id"];
            if *requests == 1 && failed.is_empty() {
                failed.push(json!({"Id": id, "SenderFault": false, "Code": "InternalError"}));
                continue;
            }
            let text = entry["MessageBody"].as_str().unwrap();
            kept.lock().unwrap().push(text.to_owned());
            successful.push(json!({"Id": id, "MessageId": "m", "MD5OfMessageBody": "0"}));
        }
        (StatusCode::OK, json!({"Successful": successful, "Failed": failed}).to_string())
    };
    (Arc::new(answer), taken)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_gets_each_object_once_and_the_function_reads_it() {
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    let mut keys = photos(&place, 245);
    for key in ["a b+c%20.png", "日本/帽子.png"] {
        place.put(key, one_colour(COLOURS[1])).await;
        keys.push(key.to_owned());
    }
    let (answer, taken) = queue();
    let server = Fake::start(answer).await;
    let url = format!("{}/123456789012/changes", server.url);
    let args = ["--queue", url.as_str(), "--checkpoint", "c.json"];
    let mut command = backfill(&place, &dir, "", &args);
    command.env("AWS_ENDPOINT_URL_SQS", &server.url);
    let said = summary(command, 0).await;
    assert_eq!(said["outcomes"], json!({"sent": 247}), "{said}");
    let taken = taken.lock().unwrap().clone();
    let records: Vec<Value> = taken
        .iter()
        .flat_map(|body| {
            let body: Value = serde_json::from_str(body).unwrap();
            let records = body["Records"].as_array().unwrap().clone();
            assert!(records.len() <= 10);
            records
        })
        .collect();
    assert_eq!(records.len(), 247, "none is missing, and none came twice");
    let handler = place.handler();
    let odd = records
        .iter()
        .filter(|record| !record["s3"]["object"]["key"].as_str().unwrap().starts_with("new/0"));
    let report = handle(&handler, odd.cloned().collect()).await;
    assert_eq!(names(&report), ["classified"; 2]);
    for key in ["a b+c%20.png", "日本/帽子.png"] {
        assert!(place.is_right(key).await, "{key}");
    }
    let distinct: BTreeSet<String> =
        records.iter().map(|record| record["s3"]["object"]["key"].to_string()).collect();
    assert_eq!(distinct.len(), keys.len());
    assert!(!dir.path().join("c.json").exists());
    let requests = server.asked();
    assert!(
        requests
            .iter()
            .all(|(_, headers, _)| headers["x-amz-target"] == "AmazonSQS.SendMessageBatch")
    );
}

const JOB: [&str; 8] = [
    "--batch-operations",
    "--function",
    "arn:aws:lambda:eu-west-1:123456789012:function:lookbook:7",
    "--role",
    "arn:aws:iam::123456789012:role/lookbook-backfill",
    "--report",
    "s3://reports/backfill/",
    "--format=json",
];

/// What S3 is asked, without the namespace and the token, which is another one each time.
fn without_token(xml: &str) -> String {
    let (before, rest) = xml.split_once("<ClientRequestToken>").unwrap();
    let (token, after) = rest.split_once("</ClientRequestToken>").unwrap();
    assert_eq!(token.len(), 36, "{xml}");
    format!("{before}{after}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_asked_for_as_aws_describes_it() {
    let dir = TempDir::new().unwrap();
    let answer = |uri: &Uri, _: &str| {
        let text = if uri.path() == "/v20180820/jobs" {
            "<CreateJobResult><JobId>job-1</JobId></CreateJobResult>"
        } else {
            "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account>\
             </GetCallerIdentityResult></GetCallerIdentityResponse>"
        };
        (StatusCode::OK, text.to_owned())
    };
    let server = Fake::start(Arc::new(answer)).await;
    let mut command = lookbook(dir.path());
    command.args(["backfill", "s3://shop/new in/"]).args(JOB);
    // The account stands before the host's name, so that has to be one: a proxy takes it.
    command
        .env("AWS_ENDPOINT_URL_S3_CONTROL", "http://control.test")
        .env("AWS_ENDPOINT_URL_STS", "http://sts.test")
        .env("HTTP_PROXY", &server.url)
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_ACCESS_KEY_ID", "any")
        .env("AWS_SECRET_ACCESS_KEY", "any");
    let said = summary(command, 0).await;
    assert_eq!(said["job_id"], "job-1");
    assert!(said["confirm"].as_str().unwrap().contains("--requested-job-status Ready"), "{said}");
    let (uri, headers, body) = server.asked().pop().unwrap();
    assert_eq!(
        (uri.path(), &headers["x-amz-account-id"]),
        ("/v20180820/jobs", &"123456789012".parse().unwrap())
    );
    // Source: Amazon S3 control API reference, `CreateJob`: these elements, within one another. Their
    // order is the SDK's.
    let expected = concat!(
        r#"<CreateJobRequest xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">"#,
        "<ConfirmationRequired>true</ConfirmationRequired>",
        "<Description>lookbook backfill of s3://shop/new in/</Description>",
        "<ManifestGenerator><S3JobManifestGenerator>",
        "<ExpectedBucketOwner>123456789012</ExpectedBucketOwner>",
        "<SourceBucket>arn:aws:s3:::shop</SourceBucket>",
        "<Filter><KeyNameConstraint><MatchAnyPrefix><member>new in/</member></MatchAnyPrefix>",
        "</KeyNameConstraint></Filter><EnableManifestOutput>false</EnableManifestOutput>",
        "</S3JobManifestGenerator></ManifestGenerator>",
        "<Operation><LambdaInvoke>",
        "<FunctionArn>arn:aws:lambda:eu-west-1:123456789012:function:lookbook:7</FunctionArn>",
        "<InvocationSchemaVersion>2.0</InvocationSchemaVersion></LambdaInvoke></Operation>",
        "<Priority>10</Priority>",
        "<Report><Bucket>arn:aws:s3:::reports</Bucket><Format>Report_CSV_20180820</Format>",
        "<Enabled>true</Enabled><Prefix>backfill</Prefix>",
        "<ReportScope>FailedTasksOnly</ReportScope></Report>",
        "<RoleArn>arn:aws:iam::123456789012:role/lookbook-backfill</RoleArn>",
        "</CreateJobRequest>"
    );
    assert_eq!(without_token(&body), expected);
}

#[test]
fn a_job_can_be_looked_at_before_it_is_made() {
    let dir = TempDir::new().unwrap();
    let mut command = lookbook(dir.path());
    command.args(["backfill", "s3://shop/new/"]).args(JOB).arg("--dry-run");
    let mut job: Value = serde_json::from_str(&stdout(&command.output().unwrap(), 0)).unwrap();
    assert_eq!(job["ClientRequestToken"].take().as_str().unwrap().len(), 36);
    let expected = json!({
        "AccountId": "123456789012",
        "ConfirmationRequired": true,
        "Operation": {"LambdaInvoke": {
            "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:lookbook:7",
            "InvocationSchemaVersion": "2.0"}},
        "Report": {"Bucket": "arn:aws:s3:::reports", "Format": "Report_CSV_20180820",
            "Enabled": true, "Prefix": "backfill", "ReportScope": "FailedTasksOnly"},
        "ClientRequestToken": null,
        "ManifestGenerator": {"S3JobManifestGenerator": {
            "ExpectedBucketOwner": "123456789012", "SourceBucket": "arn:aws:s3:::shop",
            "Filter": {"KeyNameConstraint": {"MatchAnyPrefix": ["new/"]}},
            "EnableManifestOutput": false}},
        "Description": "lookbook backfill of s3://shop/new/",
        "Priority": 10,
        "RoleArn": "arn:aws:iam::123456789012:role/lookbook-backfill",
    });
    assert_eq!(job, expected);
}

/// The event with which such a job calls the function, and the answer that it waits for.
///
/// Source: Amazon S3 user guide, "Invoke AWS Lambda function" (schema version 2.0).
#[tokio::test(flavor = "multi_thread")]
async fn the_function_answers_the_jobs_tasks() {
    let place = Embedded::start().await;
    place.put("new in/a+b.png", one_colour(COLOURS[0])).await;
    let task = |id: &str, key: &str| json!({"taskId": id, "s3Key": key, "s3VersionId": null, "s3Bucket": place.at.bucket});
    let event = json!({
        "invocationSchemaVersion": "2.0", "invocationId": "i",
        "job": {"id": "job-1", "userArguments": {}},
        "tasks": [task("t1", "new+in/a%2Bb.png"), task("t2", "new+in/gone.png")],
    });
    let report = place.handler().handle(&event, &crate::helpers::invocation()).await.unwrap();
    let answer = report.answer.unwrap();
    assert_eq!(answer["invocationSchemaVersion"], "2.0");
    assert_eq!(answer["invocationId"], "i");
    let codes: Vec<_> =
        answer["results"].as_array().unwrap().iter().map(|r| &r["resultCode"]).collect();
    assert_eq!(codes, ["Succeeded", "Succeeded"]);
    assert!(place.is_right("new in/a+b.png").await);
}
