//! `lookbook local`: the real program in one process, the real SDK in another.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aws_sdk_s3::primitives::ByteStream;
use lookbook::catalogue::{DynamoDb, Listing, Shelves};
use lookbook::local::{AccessKey, Endpoints};
use serde_json::Value;
use tempfile::TempDir;

use crate::golden;
use crate::helpers::{json_lines, lookbook, repository, sample, skipped, stdout};

/// A running `lookbook local`; killed when it goes out of scope.
pub struct Local {
    child: Child,
    lines: std::sync::mpsc::Receiver<Value>,
    greeting: Value,
}

impl Local {
    pub fn start(dir: &TempDir) -> Self {
        let mut child = lookbook(dir.path())
            .args(["local", "--port", "0", "--format", "json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        let greeting = lines.recv_timeout(Duration::from_mins(1)).unwrap();
        Self { child, lines, greeting }
    }

    fn text(&self, name: &str) -> &str {
        self.greeting[name].as_str().unwrap()
    }

    pub fn folder(&self) -> PathBuf {
        PathBuf::from(self.text("folder"))
    }

    /// Reached as it said that it can be.
    pub fn endpoints(&self) -> Endpoints {
        Endpoints {
            s3: self.text("s3_endpoint").to_owned(),
            dynamodb: self.text("dynamodb_endpoint").to_owned(),
            bucket: self.text("bucket").to_owned(),
            table: self.text("table").to_owned(),
            key: AccessKey {
                id: self.text("access_key_id").to_owned(),
                secret: self.text("secret_access_key").to_owned(),
            },
        }
    }

    pub fn s3(&self) -> aws_sdk_s3::Client {
        self.endpoints().s3_client()
    }

    fn table(&self) -> DynamoDb {
        DynamoDb::new(self.endpoints().dynamodb_client(), self.text("table"))
    }

    pub async fn shelf(&self, shelf: &str) -> Vec<Listing> {
        let limit = NonZeroU16::new(100).unwrap();
        let page = self.table().page(&shelf.parse().unwrap(), None, limit).await.unwrap();
        assert_eq!(page.next, None);
        page.rows
    }

    /// Waits until it prints this outcome of this key.
    pub fn wait_for(&self, key: &str, outcome: &str) {
        let until = Instant::now() + Duration::from_mins(1);
        let image = format!("{}/{key}", self.text("bucket"));
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).expect("the outcome is printed");
            if line["image"] == image.as_str() {
                assert_eq!(line["outcome"], outcome, "{line}");
                return;
            }
        }
    }

    /// Ctrl-C, and the exit code.
    pub fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_is_put_appears_and_a_removed_one_leaves() {
    let dir = TempDir::new().unwrap();
    let local = Local::start(&dir);
    golden::check("local.json", vec![local.greeting.clone()]);
    let key = "my photo + é.jpg";
    let body = ByteStream::from(sample("pants-1.jpg"));
    local.s3().put_object().bucket("photos").key(key).body(body).send().await.unwrap();
    local.wait_for(key, "classified");
    let shelf = local.shelf("pants").await;
    assert_eq!(shelf.len(), 1);
    assert_eq!((shelf[0].key.as_str(), shelf[0].label.as_deref()), (key, Some("pants")));

    // The other commands ask the one that runs.
    let output = lookbook(dir.path()).args(["query", "--format", "json"]).output().unwrap();
    assert_eq!(json_lines(&stdout(&output, 0))[0]["key"], key);
    let event = repository("events/s3-put.json");
    let replayed = lookbook(dir.path()).arg("replay").arg(event).output().unwrap();
    assert!(stdout(&replayed, 0).contains("removed"));
    let busy = lookbook(dir.path()).arg("demo").output().unwrap();
    assert_eq!(busy.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&busy.stderr).contains("in use by another lookbook"));

    local.s3().delete_object().bucket("photos").key(key).send().await.unwrap();
    local.wait_for(key, "removed");
    assert!(local.shelf("pants").await.is_empty());
    assert_eq!(local.interrupt(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_the_folder_is_a_photo_in_the_bucket_even_while_it_is_off() {
    let dir = TempDir::new().unwrap();
    let local = Local::start(&dir);
    let folder = local.folder();
    std::fs::write(folder.join("by hand.jpg"), sample("shoes-1.jpg")).unwrap();
    local.wait_for("by hand.jpg", "classified");
    assert_eq!(local.interrupt(), Some(0));

    std::fs::remove_file(folder.join("by hand.jpg")).unwrap();
    std::fs::write(folder.join("later.jpg"), sample("shoes-1.jpg")).unwrap();
    let local = Local::start(&dir);
    let mut seen = 0;
    while seen < 2 {
        let line = local.lines.recv_timeout(Duration::from_mins(1)).unwrap();
        match line["image"].as_str() {
            Some("photos/by hand.jpg") => assert_eq!(line["outcome"], "removed"),
            Some("photos/later.jpg") => assert_eq!(line["outcome"], "classified"),
            other => panic!("{other:?}"),
        }
        seen += 1;
    }
    let shelf = local.shelf("shoes").await;
    assert_eq!(shelf.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["later.jpg"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_a_folder_cannot_hold_are_refused_by_name() {
    let dir = TempDir::new().unwrap();
    let local = Local::start(&dir);
    let put = async |key: &str| {
        let body = ByteStream::from(sample("hat-1.jpg"));
        local.s3().put_object().bucket("photos").key(key).body(body).send().await
    };
    put("a").await.unwrap();
    for key in ["a/b", "x/../y", &"n".repeat(300)] {
        let error = put(key).await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 400, "{key}");
        assert!(error.into_service_error().meta().message().is_some(), "{key}");
    }
}

/// A table that was lost is filled again, whatever was asked of it in between.
#[test]
fn a_new_table_has_every_photo_announced_again() {
    let dir = TempDir::new().unwrap();
    let demo = |dir: &TempDir| lookbook(dir.path()).arg("demo").output().unwrap();
    stdout(&demo(&dir), 0);
    std::fs::remove_file(dir.path().join(".lookbook/table.sqlite")).unwrap();
    let query = lookbook(dir.path()).arg("query").output().unwrap();
    assert_eq!(stdout(&query, 0), "no rows\n");
    let local = Local::start(&dir);
    local.wait_for("new in/été/hat-1.jpg", "classified");
}

/// Short commands on one folder wait for each other.
#[test]
fn commands_at_the_same_time_all_work() {
    let dir = TempDir::new().unwrap();
    stdout(&lookbook(dir.path()).arg("demo").output().unwrap(), 0);
    let queries: Vec<_> = (0..5)
        .map(|_| {
            let mut query = lookbook(dir.path());
            query.args(["query", "--format", "json", "--limit", "3"]);
            query.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for query in queries {
        let output = query.wait_with_output().unwrap();
        assert_eq!(json_lines(&stdout(&output, 0)).len(), 3);
    }
}

/// The variables that `local --env` prints, as a shell would take them.
fn environment(dir: &TempDir, args: &[&str]) -> BTreeMap<String, String> {
    let mut command = lookbook(dir.path());
    let output = command.args(["local", "--env"]).args(args).output().unwrap();
    let text = stdout(&output, 0);
    let exports = text.lines().filter_map(|line| line.strip_prefix("export "));
    exports
        .map(|line| line.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
        .collect()
}

/// Before it runs, while it runs, and after it was killed.
#[test]
fn the_environment_is_that_of_the_stack_that_runs_or_is_to_run() {
    let dir = TempDir::new().unwrap();
    let before = environment(&dir, &["--port", "9876"]);
    assert_eq!(before["AWS_ENDPOINT_URL_S3"], "http://127.0.0.1:9876");
    assert_eq!(before["AWS_ENDPOINT_URL_DYNAMODB"], "http://127.0.0.1:9877");
    assert_eq!((before["AWS_REGION"].as_str(), before.len()), ("us-east-1", 7));
    let unknown = lookbook(dir.path()).args(["local", "--env", "--port", "0"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));

    let local = Local::start(&dir);
    let during = environment(&dir, &[]);
    assert_eq!(during["AWS_ENDPOINT_URL_S3"], local.text("s3_endpoint"));
    assert_eq!(during["AWS_ENDPOINT_URL_DYNAMODB"], local.text("dynamodb_endpoint"));
    assert_eq!(during["AWS_ACCESS_KEY_ID"], local.text("access_key_id"));
    assert_eq!(during["AWS_SECRET_ACCESS_KEY"], local.text("secret_access_key"));
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        assert_eq!(before[name], during[name]);
    }
    drop(local);
    let after = environment(&dir, &[]);
    assert_eq!(after["AWS_ENDPOINT_URL_S3"], "http://127.0.0.1:9000");
    assert_eq!(after["AWS_SECRET_ACCESS_KEY"], before["AWS_SECRET_ACCESS_KEY"]);
}

/// What has been handled cannot be written down, as on a full disk.
#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_written_does_not_end_it() {
    let dir = TempDir::new().unwrap();
    let mut local = Local::start(&dir);
    let handled = dir.path().join(".lookbook/state/handled.json");
    let _ = std::fs::remove_file(&handled);
    std::fs::create_dir_all(handled.join("in the way")).unwrap();
    for key in ["a.jpg", "b.jpg"] {
        let body = ByteStream::from(sample("hat-1.jpg"));
        local.s3().put_object().bucket("photos").key(key).body(body).send().await.unwrap();
        local.wait_for(key, "classified");
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
    assert!(local.child.try_wait().unwrap().is_none(), "it runs");
    std::fs::remove_dir_all(&handled).unwrap();
    assert_eq!(local.interrupt(), Some(0));
    assert!(std::fs::read_to_string(&handled).unwrap().contains("b.jpg"));
}

#[test]
fn a_shelf_that_is_misspelt_is_told_and_an_empty_one_is_none() {
    let dir = TempDir::new().unwrap();
    stdout(&lookbook(dir.path()).arg("demo").output().unwrap(), 0);
    let query = |args: &[&str]| lookbook(dir.path()).arg("query").args(args).output().unwrap();
    let misspelt = query(&["--shelf", "hats"]);
    assert_eq!(misspelt.status.code(), Some(2));
    let error = String::from_utf8_lossy(&misspelt.stderr);
    assert!(error.contains("no shelf `hats`") && error.contains("dress, hat, "), "{error}");
    for empty in
        [["--shelf", "rejected", "--limit", "3"], ["--shelf", "hat", "--min-confidence", "1"]]
    {
        assert_eq!(stdout(&query(&empty), 0), "no rows\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_key_is_wrapped_for_people_and_whole_for_programs() {
    let dir = TempDir::new().unwrap();
    let local = Local::start(&dir);
    let key = format!("{0}/{0}/{0}/{0}.jpg", "n".repeat(200));
    let body = ByteStream::from(sample("hat-1.jpg"));
    local.s3().put_object().bucket("photos").key(&key).body(body).send().await.unwrap();
    local.wait_for(&key, "classified");
    let image = format!("photos/{key}");
    for args in [&["query"][..], &["query", "--image", &image]] {
        let table = stdout(&lookbook(dir.path()).args(args).output().unwrap(), 0);
        assert!(table.lines().all(|line| line.chars().count() <= 120), "{table}");
        let json = lookbook(dir.path()).args(args).args(["--format", "json"]).output().unwrap();
        assert_eq!(json_lines(&stdout(&json, 0))[0]["key"], key);
    }
}

/// A table may be read where nothing may be written.
#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_can_be_queried() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    let dir = TempDir::new().unwrap();
    stdout(&lookbook(dir.path()).arg("demo").output().unwrap(), 0);
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let place = dir.path().join(".lookbook");
    let folders = [dir.path().to_owned(), place.join("state"), place];
    for folder in &folders {
        mode(folder, 0o555);
    }
    let mut query = lookbook(dir.path());
    query.args(["query", "--shelf", "hat", "--format", "json"]);
    // Root may write anywhere: become nobody.
    if std::fs::metadata(dir.path()).unwrap().uid() == 0 {
        query.uid(65534).gid(65534);
    }
    let queried = query.output();
    for folder in &folders {
        mode(folder, 0o755);
    }
    match queried {
        Ok(output) => assert_eq!(json_lines(&stdout(&output, 0)).len(), 1),
        // The program is in a folder that nobody may enter.
        Err(error) => skipped(&format!("a query by nobody: {error}")),
    }
}
