//! `lookbook backfill`: the real binary on the embedded bucket and table, over HTTP, and on servers that
//! answer as SQS and the control of S3 do.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use lookbook::catalogue::{Review, review};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::helpers::{
    Embedded, Place, TINY_MODEL, handle, json_lines, lookbook, names, one_colour, put_row, stdout,
};

const COLOURS: [[u8; 3]; 3] = [[250, 0, 0], [0, 250, 0], [0, 0, 250]];

/// The command on this bucket and table, as if they were on AWS.
fn backfill(place: &Place, dir: &TempDir, prefix: &str, args: &[&str]) -> Command {
    let mut command = lookbook(dir.path());
    command.envs(place.at.environment()).env("MODEL_FILE", TINY_MODEL);
    let url = format!("s3://{}/{prefix}", place.at.bucket);
    command.args(["backfill", &url, "--table", &place.at.table, "--format", "json"]).args(args);
    command
}

/// What it says, once it exited with this code.
async fn summary(mut command: Command, code: i32) -> Value {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    json_lines(&stdout(&output, code)).pop().unwrap()
}

/// Puts so many small photos into the bucket's folder.
fn photos(place: &Embedded, count: usize) -> Vec<String> {
    let folder = place.stack.bucket_dir().join("new");
    std::fs::create_dir_all(&folder).unwrap();
    let keys = (0..count).map(|n| {
        std::fs::write(folder.join(format!("{n:05}.png")), one_colour(COLOURS[n % 3])).unwrap();
        format!("new/{n:05}.png")
    });
    keys.collect()
}

async fn rows(place: &Place, keys: &[String]) -> u64 {
    let mut count = 0;
    for key in keys {
        count += u64::from(place.row(key).await.is_some());
    }
    count
}

/// Waits until so many objects are settled by the checkpoint.
async fn wait_until_settled(checkpoint: &Path, least: u64, child: &mut Child) {
    let begun = Instant::now();
    loop {
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        assert!(begun.elapsed() < Duration::from_mins(3), "it does not begin");
        let text = std::fs::read(checkpoint).unwrap_or_default();
        let read: Value = serde_json::from_slice(&text).unwrap_or_default();
        if read["settled"].as_u64().is_some_and(|settled| settled >= least) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_backfill_goes_on_where_it_was() {
    const PHOTOS: usize = 500;
    const AT_A_TIME: u64 = 3;
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    let keys = photos(&place, PHOTOS);
    let args = ["--checkpoint", "c.json", "--concurrency", "3"];
    let mut command = backfill(&place, &dir, "new/", &args);
    let mut first = command.stdout(Stdio::null()).spawn().unwrap();
    let checkpoint = dir.path().join("c.json");
    wait_until_settled(&checkpoint, 1, &mut first).await;
    first.kill().unwrap();
    first.wait().unwrap();
    // What was on its way to the table has arrived by then.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = rows(&place, &keys).await;
    assert!(before > 0 && before < PHOTOS as u64, "{before} of {PHOTOS} were done");

    let said = summary(backfill(&place, &dir, "new/", &args), 0).await;
    println!("{before} before, then {said}");
    let classified = said["outcomes"]["classified"].as_u64().unwrap();
    let all = PHOTOS as u64;
    assert!((all..=all + AT_A_TIME).contains(&(before + classified)), "{before}, {said}");
    assert!(said["settled_before"].as_u64().unwrap() > 0);
    assert_eq!(said["failed"], json!([]));
    for key in &keys {
        assert!(place.is_right(key).await, "{key}");
    }
    assert!(!checkpoint.exists(), "all is done");
    // And once more: nothing is classified again.
    let said = summary(backfill(&place, &dir, "new/", &[]), 0).await;
    assert_eq!(said["outcomes"], json!({"unchanged": PHOTOS}));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_finishes_what_has_begun_and_writes_it_down() {
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    let keys = photos(&place, 500);
    let args = ["--checkpoint", "c.json", "--concurrency", "2"];
    let mut command = backfill(&place, &dir, "", &args);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until_settled(&dir.path().join("c.json"), 1, &mut child).await;
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    let output = child.wait_with_output().unwrap();
    let said = json_lines(&stdout(&output, 1)).pop().unwrap();
    assert_eq!(said["stopped"], true);
    assert_eq!(said["outcomes"]["classified"].as_u64().unwrap(), rows(&place, &keys).await);
    let checkpoint: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("c.json")).unwrap()).unwrap();
    assert_eq!(checkpoint["settled"], said["outcomes"]["classified"]);

    // Another prefix, another recipe: not with this checkpoint.
    for (prefix, more) in [("new/", &[][..]), ("", &["--review-below", "0.1"])] {
        let args = [&args[..], more].concat();
        let output = backfill(&place, &dir, prefix, &args).output().unwrap();
        stdout(&output, 2);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("is of another backfill"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_stale_is_classified_again_and_a_review_stands() {
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    let keys = photos(&place, 6);
    assert_eq!(summary(backfill(&place, &dir, "", &[]), 0).await["outcomes"]["classified"], 6);
    let stale = |more: &[&str]| {
        let args = [&["--only-stale"], more].concat();
        summary(backfill(&place, &dir, "new/", &args), 0)
    };
    assert_eq!(stale(&[]).await["outcomes"], json!({}));

    let object = place.object(&keys[0]);
    let word: Review = "kilt".parse().unwrap();
    let content = place.row(&keys[0]).await.unwrap().content_sha256.unwrap();
    review(&place.table(), &object, Some(&word), &content).await.unwrap();
    // A row that a later recipe made is left alone, and a foreign item is none.
    let later = json!({"image": format!("{}/{}", place.at.bucket, keys[1]), "bucket": place.at.bucket,
        "key": keys[1], "shelf": "hat", "added_at": "2026-01-01T00:00:00Z", "generation": 7});
    put_row(&place.dynamodb(), &place.at.table, later.clone()).await;
    put_row(&place.dynamodb(), &place.at.table, json!({"image": "#mine"})).await;
    let again = stale(&["--review-below", "0.123"]).await;
    assert_eq!(again["outcomes"], json!({"classified": 5}), "{again}");
    assert_eq!(stale(&["--review-below", "0.123"]).await["outcomes"], json!({}));
    let row = place.row(&keys[0]).await.unwrap();
    assert_eq!(row.shelf.unwrap().as_str(), "kilt");
    assert_eq!(place.row(&keys[1]).await.unwrap().recipe.as_deref(), Some("r"));
    // In its own generation it is stale.
    let again = stale(&["--review-below", "0.123", "--generation", "7"]).await;
    assert_eq!(again["outcomes"]["classified"], 1, "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_removes_the_rows_of_objects_that_are_gone() {
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    let keys = photos(&place, 6);
    place.put("old/there.png", one_colour(COLOURS[0])).await;
    place.put("old/gone.png", one_colour(COLOURS[0])).await;
    assert_eq!(summary(backfill(&place, &dir, "", &[]), 0).await["outcomes"]["classified"], 8);
    for key in [&keys[2], &keys[4], "old/gone.png"] {
        std::fs::remove_file(place.stack.bucket_dir().join(key)).unwrap();
    }
    let swept = summary(backfill(&place, &dir, "new/", &["--sweep"]), 0).await;
    assert_eq!(swept["outcomes"], json!({"removed": 3, "ignored": 1}), "{swept}");
    for key in keys.iter().map(String::as_str).chain(["old/there.png", "old/gone.png"]) {
        assert!(place.is_right(key).await, "{key}");
    }
    assert!(place.row("old/there.png").await.unwrap().shelf.is_some(), "it stays until it is gone");
    let swept = summary(backfill(&place, &dir, "", &["--sweep"]), 0).await;
    assert_eq!(swept["outcomes"], json!({}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_and_changes_nothing() {
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    let keys = photos(&place, 30);
    let bytes: usize = (0..30).map(|n| one_colour(COLOURS[n % 3]).len()).sum();
    let said = summary(backfill(&place, &dir, "", &["--dry-run"]), 0).await;
    assert_eq!((&said["objects"], &said["bytes"]), (&json!(30), &json!(bytes)));
    assert_eq!(said["measured"], true);
    assert!(said["photos_a_second"].as_f64().unwrap() > 0.0, "{said}");
    let args = ["--dry-run", "--photos-a-second", "2", "--sample", "10"];
    let said = summary(backfill(&place, &dir, "new/", &args), 0).await;
    assert_eq!((&said["objects"], &said["seconds"]), (&json!(10), &json!(5.0)));
    assert_eq!(rows(&place, &keys).await, 0);
    // A sample is the same one each time.
    let said = summary(backfill(&place, &dir, "", &["--sample", "10"]), 0).await;
    assert_eq!(said["outcomes"], json!({"classified": 10}));
    let said = summary(backfill(&place, &dir, "", &["--sample", "10"]), 0).await;
    assert_eq!(said["outcomes"], json!({"unchanged": 10}));
    assert_eq!(rows(&place, &keys).await, 10);
}

/// What cannot be read is tried again, and named in the end.
#[tokio::test(flavor = "multi_thread")]
async fn what_fails_each_time_is_named() {
    use crate::proxy::{Fault, Proxy, Service};
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    photos(&place, 3);
    let broken = |path: &str, _| path.ends_with("00001.png").then_some(Fault::Denied);
    let s3 = Proxy::start(Service::S3, &place.at.s3, Box::new(broken)).await;
    let behind = place.behind(&s3.url, &place.at.dynamodb);
    let said = summary(backfill(&behind, &dir, "", &["--checkpoint", "c.json"]), 1).await;
    assert_eq!(said["outcomes"], json!({"classified": 2}), "{said}");
    let failed = &said["failed"][0];
    assert_eq!(failed["image"], format!("{}/new/00001.png", place.at.bucket));
    assert!(failed["error"].as_str().unwrap().contains("access denied"), "{failed}");
    // Once it can be read, only that one is left.
    let said = summary(backfill(&place, &dir, "", &["--checkpoint", "c.json"]), 0).await;
    assert_eq!(said["outcomes"], json!({"classified": 1}));
}

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

#[test]
fn a_newcomer_is_taught() {
    let dir = TempDir::new().unwrap();
    let help = |args: &[&str], code| {
        let output = lookbook(dir.path()).arg("backfill").args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(code));
        let (out, err) = (output.stdout, output.stderr);
        String::from_utf8([out, err].concat()).unwrap()
    };
    let text = help(&["--help"], 0);
    for taught in ["Examples:", "--dry-run", "--checkpoint backfill.json", "docs/backfill.md"] {
        assert!(text.contains(taught), "no {taught} in {text}");
    }
    for (args, expected) in [
        (&["shop/new"][..], "expected s3://BUCKET/PREFIX"),
        (&["s3://shop", "--batch-operations"], "--function"),
        (
            &[
                "s3://shop",
                "--batch-operations",
                "--function",
                "arn:aws:lambda:r:123456789012:function:f",
            ],
            "names no version",
        ),
        (&["s3://shop", "--only-stale", "--sweep"], "cannot be used with"),
        (&["s3://shop", "--photos-a-second", "0"], "expected a number above 0"),
        (&["s3://shop", "--dir", "none"], "there is no embedded bucket in none"),
    ] {
        let text = help(args, 2);
        assert!(text.contains(expected), "{text}");
    }
}

/// What the system says of a process's memory, in MiB.
#[cfg(target_os = "linux")]
fn peak_memory(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(peak.trim().trim_end_matches(" kB").parse::<u64>().ok()? >> 10)
}

/// Many objects (`BACKFILL_OBJECTS`, or 20,000) with the real model, a kill in the middle, and what it
/// takes of memory and time: `tests/backfill/run.sh`.
#[cfg(target_os = "linux")]
#[ignore = "takes many minutes: tests/backfill/run.sh"]
#[tokio::test(flavor = "multi_thread")]
async fn many_objects_take_flat_memory() {
    let objects = std::env::var("BACKFILL_OBJECTS").map_or(20_000, |n| n.parse().unwrap());
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    let photos: Vec<Vec<u8>> =
        crate::helpers::samples().iter().map(|n| crate::helpers::sample(n)).collect();
    let folder = place.stack.bucket_dir().join("new");
    std::fs::create_dir(&folder).unwrap();
    for n in 0..objects {
        std::fs::write(folder.join(format!("{n:06}.jpg")), &photos[n % photos.len()]).unwrap();
    }
    let checkpoint = dir.path().join("c.json");
    let run = || {
        let mut command = backfill(&place, &dir, "", &["--checkpoint", "c.json"]);
        command.env_remove("MODEL_FILE").stdout(Stdio::piped());
        command.spawn().unwrap()
    };
    let settled = || {
        let text = std::fs::read(&checkpoint).unwrap_or_default();
        serde_json::from_slice::<Value>(&text).unwrap_or_default()["settled"].as_u64()
    };
    let (begun, mut child, mut was_killed) = (Instant::now(), run(), false);
    let (mut early, mut last, mut next) = (0, 0, 0);
    println!("settled  seconds  VmHWM (MiB)");
    while child.try_wait().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let (Some(settled), Some(peak)) = (settled(), peak_memory(&child)) else { continue };
        last = peak;
        if settled >= next {
            println!("{settled:7}  {:7.1}  {peak:11}", begun.elapsed().as_secs_f64());
            next = settled + objects as u64 / 10;
            if !was_killed && settled * 10 > objects as u64 {
                early = early.max(peak);
            }
        }
        if !was_killed && settled * 2 > objects as u64 {
            child.kill().unwrap();
            child.wait().unwrap();
            println!("killed with {settled} settled: {peak} MiB");
            assert!(peak <= early + 32, "{early} MiB at first, {peak} MiB then");
            (was_killed, child) = (true, run());
        }
    }
    let said = json_lines(&stdout(&child.wait_with_output().unwrap(), 0)).pop().unwrap();
    println!("{said}\n{last} MiB, {:.1} s in all", begun.elapsed().as_secs_f64());
    let outcomes = said["outcomes"].as_object().unwrap();
    let looked_at_twice = outcomes.get("unchanged").map_or(0, |n| n.as_u64().unwrap());
    let second: u64 = outcomes.values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(said["settled_before"].as_u64().unwrap() + second, objects as u64);
    println!("{looked_at_twice} of the second run were done by the first: a look each");
    assert!(was_killed && last <= early + 32, "{early} MiB at first, {last} MiB in the end");
    for n in (0..objects).step_by(97) {
        assert!(place.is_right(&format!("new/{n:06}.jpg")).await, "{n}");
    }
}
