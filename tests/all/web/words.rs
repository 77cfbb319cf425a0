//! How the command line tells where the page is.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use reqwest::StatusCode;
use serde_json::Value;
use tempfile::TempDir;

use crate::helpers::{lookbook, stdout};

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn local_serves_the_page_and_open_finds_it() {
    let dir = TempDir::new().unwrap();
    let mut command = lookbook(dir.path());
    command.args(["local", "--port", "0", "--format", "json"]).stdout(Stdio::piped());
    let mut local = Running(command.spawn().unwrap());
    let mut greeting = String::new();
    BufReader::new(local.0.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
    let greeting: Value = serde_json::from_str(&greeting).unwrap();
    let page = greeting["page"].as_str().unwrap().to_owned();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(&page).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.text().await.unwrap().contains("<html"));
    let found = lookbook(dir.path()).args(["open", "--print"]).output().unwrap();
    assert_eq!(stdout(&found, 0).trim(), page);
}

#[test]
fn serve_names_what_is_wrong_with_its_settings() {
    let dir = TempDir::new().unwrap();
    let mut command = lookbook(dir.path());
    command.args(["serve", "--table", "t", "--reading", "open"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--table t: expected 3 to 255"));
    let mut command = lookbook(dir.path());
    command.args(["serve", "--table", "table", "--token-sha256", "secret", "--reading", "all"]);
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    for words in ["--reading (WEB_READING) is 'all'", "--token-sha256 (WEB_TOKEN_SHA256)"] {
        assert!(error.contains(words), "{error}");
    }
    assert_eq!(output.status.code(), Some(2));
}
