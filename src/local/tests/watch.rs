use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use futures::future::{FutureExt, LocalBoxFuture, Ready, ready};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::{put, start};
use crate::local::{LocalError, Options, Stack, WatcherAnswer};

/// What a handler was told: key, whether it is there, `ETag`, and sequencer.
type Told = (String, bool, Option<String>, String);

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Told>>>);

impl Log {
    fn write(&self, event: &Value) -> Vec<String> {
        let mut keys = Vec::new();
        for record in event["Records"].as_array().unwrap() {
            let object = &record["s3"]["object"];
            let key = object["key"].as_str().unwrap().replace('+', " ");
            let key = percent_decode_str(&key).decode_utf8().unwrap().into_owned();
            let created = record["eventName"].as_str().unwrap().starts_with("ObjectCreated:");
            keys.push(key.clone());
            self.0.lock().unwrap().push((
                key,
                created,
                object["eTag"].as_str().map(str::to_owned),
                object["sequencer"].as_str().unwrap().to_owned(),
            ));
        }
        keys
    }

    /// The changes since the last call, by key in the order of the keys.
    fn take(&self) -> Vec<(String, bool)> {
        let mut told: Vec<_> = self.0.lock().unwrap().drain(..).map(|t| (t.0, t.1)).collect();
        told.sort();
        told
    }
}

fn accept(log: &Log, event: &Value) -> Ready<Result<WatcherAnswer, String>> {
    log.write(event);
    ready(Ok(WatcherAnswer::handled()))
}

/// Watches with a handler that takes everything, for as long as `work` runs.
fn watching<'a, T: 'a>(
    stack: &'a Stack,
    log: &'a Log,
    work: impl Future<Output = T> + 'a,
) -> LocalBoxFuture<'a, T> {
    let work = work.boxed_local();
    async {
        let (stop, stopped) = oneshot::channel::<()>();
        let watch = stack.watch(|event| accept(log, &event), async { drop(stopped.await) });
        let work = async {
            let result = timeout(Duration::from_mins(1), work).await.unwrap();
            drop(stop);
            result
        };
        let (watched, result) = tokio::join!(watch, work);
        watched.unwrap();
        result
    }
    .boxed_local()
}

fn created(keys: &[&str]) -> Vec<(String, bool)> {
    keys.iter().map(|&key| (key.to_owned(), true)).collect()
}

#[tokio::test]
async fn every_way_to_change_an_object_is_announced() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let log = Log::default();
    watching(&stack, &log, async {
        let keys = ["%41", "a b+c.jpg", "new/é.jpg", "日本.jpg"];
        for key in keys {
            put(&stack, key, key.as_bytes()).await;
        }
        stack.idle().await;
        let etags: BTreeMap<_, _> =
            log.0.lock().unwrap().iter().map(|told| (told.0.clone(), told.2.clone())).collect();
        assert_eq!(log.take(), created(&keys));
        for key in keys {
            let head = stack.s3().head_object().bucket("photos").key(key).send().await.unwrap();
            assert_eq!(head.e_tag().unwrap().trim_matches('"'), etags[key].as_deref().unwrap());
        }

        fs::write(stack.bucket_dir().join("by hand.jpg"), "1").unwrap();
        fs::write(stack.bucket_dir().join(".hidden.jpg"), "1").unwrap();
        fs::write(stack.bucket_dir().join("copy.jpg.part"), "1").unwrap();
        fs::write(stack.bucket_dir().join("new/é.jpg"), "2").unwrap();
        stack.idle().await;
        assert_eq!(log.take(), created(&["by hand.jpg", "new/é.jpg"]));

        fs::remove_file(stack.bucket_dir().join("by hand.jpg")).unwrap();
        stack.s3().delete_object().bucket("photos").key("%41").send().await.unwrap();
        stack.idle().await;
        assert_eq!(log.take(), [("%41".to_owned(), false), ("by hand.jpg".to_owned(), false)]);

        fs::rename(stack.bucket_dir().join("new"), stack.bucket_dir().join("old")).unwrap();
        stack.idle().await;
        assert_eq!(log.take(), [("new/é.jpg".to_owned(), false), ("old/é.jpg".to_owned(), true)]);
    })
    .await;
}

#[tokio::test]
async fn a_file_is_announced_once_when_it_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let log = Log::default();
    watching(&stack, &log, async {
        let mut file = fs::File::create(stack.bucket_dir().join("slow.jpg")).unwrap();
        for _ in 0..8 {
            file.write_all(&[7; 1000]).unwrap();
            file.flush().unwrap();
            sleep(Duration::from_millis(150)).await;
            assert!(log.0.lock().unwrap().is_empty());
        }
        stack.idle().await;
        assert_eq!(log.take(), created(&["slow.jpg"]));
    })
    .await;
}

#[tokio::test]
async fn what_changed_while_nothing_ran_is_announced_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let log = Log::default();
    let stack = start(dir.path()).await;
    let bucket = stack.bucket_dir().to_path_buf();
    watching(&stack, &log, async {
        for key in ["same", "changed", "removed"] {
            put(&stack, key, b"1").await;
        }
        stack.idle().await;
    })
    .await;
    let last = log.0.lock().unwrap().iter().map(|told| told.3.clone()).max().unwrap();
    assert_eq!(log.take().len(), 3);
    stack.shutdown().await;

    fs::write(bucket.join("changed"), "2").unwrap();
    fs::write(bucket.join("added"), "2").unwrap();
    fs::remove_file(bucket.join("removed")).unwrap();
    let stack = start(dir.path()).await;
    watching(&stack, &log, stack.idle()).await;
    assert!(log.0.lock().unwrap().iter().all(|told| told.3 > last));
    let changes =
        [("added".to_owned(), true), ("changed".to_owned(), true), ("removed".to_owned(), false)];
    assert_eq!(log.take(), changes);
    watching(&stack, &log, stack.idle()).await;
    assert!(log.take().is_empty());
    stack.shutdown().await;

    // A table that is made anew needs every photo again, and so does a state that is damaged.
    for lost in ["table.sqlite", "state/handled.json"] {
        if lost == "table.sqlite" {
            for name in [lost, "table.sqlite-wal", "table.sqlite-shm"] {
                let _ = fs::remove_file(dir.path().join(name));
            }
        } else {
            fs::write(dir.path().join(lost), "{").unwrap();
        }
        let stack = start(dir.path()).await;
        watching(&stack, &log, stack.idle()).await;
        assert_eq!(log.take(), created(&["added", "changed", "same"]), "{lost}");
        stack.shutdown().await;
    }
}

#[tokio::test]
async fn what_the_handler_could_not_do_is_announced_again() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let log = Log::default();
    for key in ["bad", "good", "worse"] {
        fs::write(stack.bucket_dir().join(key), key).unwrap();
    }
    let calls = Mutex::new(0);
    let handler = async |event: Value| {
        let keys = log.write(&event);
        let call = {
            let mut calls = calls.lock().unwrap();
            *calls += 1;
            *calls
        };
        match call {
            // The whole event fails, then one change of one.
            1 => Err("no table".to_owned()),
            2 => {
                Ok(WatcherAnswer { retry: BTreeMap::from([(keys[0].clone(), "slow".to_owned())]) })
            }
            _ => Ok(WatcherAnswer::handled()),
        }
    };
    let idle = timeout(Duration::from_mins(1), stack.idle());
    stack.watch(handler, async { idle.await.unwrap() }).await.unwrap();
    let mut times = BTreeMap::new();
    for (key, ..) in log.0.lock().unwrap().iter() {
        *times.entry(key.clone()).or_insert(0) += 1;
    }
    assert_eq!(times.values().sum::<i32>(), 7, "{times:?}");
    assert_eq!(times["good"] + times["bad"] + times["worse"], 7);
    assert!(times.values().all(|times| *times >= 2));
}

#[tokio::test]
async fn what_was_not_handled_before_the_end_is_announced_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    put(&stack, "a", b"1").await;
    let (told, tell) = oneshot::channel();
    let told = Mutex::new(Some(told));
    let handler = async |_: Value| {
        if let Some(told) = told.lock().unwrap().take() {
            told.send(()).unwrap();
        }
        Err::<WatcherAnswer, _>("stopped")
    };
    stack.watch(handler, async { tell.await.unwrap() }).await.unwrap();
    stack.shutdown().await;

    let stack = start(dir.path()).await;
    let log = Log::default();
    watching(&stack, &log, stack.idle()).await;
    assert_eq!(log.take(), created(&["a"]));
}

#[tokio::test]
async fn a_bucket_that_is_taken_away_is_not_emptied() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let log = Log::default();
    watching(&stack, &log, async {
        put(&stack, "a", b"1").await;
        stack.idle().await;
        let away = dir.path().join("away");
        fs::rename(stack.bucket_dir(), &away).unwrap();
        sleep(Duration::from_secs(1)).await;
        fs::rename(&away, stack.bucket_dir()).unwrap();
        stack.idle().await;
        assert_eq!(log.take(), created(&["a"]));
        assert!(matches!(
            stack.watch(|event| accept(&log, &event), async {}).await,
            Err(LocalError::AlreadyWatching)
        ));
    })
    .await;
}

/// Stands in for a full disk: nothing can be written where a folder is in the way.
fn block(path: &Path) {
    let _ = fs::remove_file(path);
    fs::create_dir_all(path.join("in the way")).unwrap();
}

#[tokio::test]
async fn a_disk_that_takes_nothing_stops_nothing_and_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let log = Log::default();
    let state = dir.path().join("state");
    let (sequencer, handled) = (state.join("sequencer"), state.join("handled.json"));
    // No event without a number: it waits until there is one.
    block(&sequencer);
    watching(&stack, &log, async {
        put(&stack, "a", b"1").await;
        sleep(Duration::from_secs(1)).await;
        assert!(log.take().is_empty());
        fs::remove_dir_all(&sequencer).unwrap();
        stack.idle().await;
        assert_eq!(log.take(), created(&["a"]));

        // What has been handled cannot be written down: it goes on, and makes up for it.
        block(&handled);
        for key in ["b", "c"] {
            put(&stack, key, b"1").await;
            stack.idle().await;
            sleep(Duration::from_millis(1500)).await;
            assert_eq!(log.take(), created(&[key]));
        }
        fs::remove_dir_all(&handled).unwrap();
        while !fs::read_to_string(&handled).is_ok_and(|text| text.contains(r#""c""#)) {
            sleep(Duration::from_millis(100)).await;
        }
        assert!(log.take().is_empty());
    })
    .await;
    // And an upload is refused in words, and can be made again.
    let attributes = state.join("attributes");
    fs::remove_dir_all(&attributes).unwrap();
    fs::write(&attributes, "in the way").unwrap();
    let config = stack.s3().config().to_builder().retry_config(RetryConfig::disabled()).build();
    let once = aws_sdk_s3::Client::from_conf(config);
    let put = || {
        let put = once.put_object().bucket("photos").key("d").content_type("image/x");
        put.body(b"1".to_vec().into())
    };
    let error = put().send().await.unwrap_err();
    assert_eq!(error.code(), Some("InternalError"));
    assert!(error.message().unwrap().contains("the disk of the bucket"), "{error:?}");
    assert!(!stack.bucket_dir().join("d").exists());
    fs::remove_file(&attributes).unwrap();
    fs::create_dir(&attributes).unwrap();
    put().send().await.unwrap();
    watching(&stack, &log, stack.idle()).await;
    assert_eq!(log.take(), created(&["d"]));
}

#[tokio::test]
async fn a_large_file_does_not_delay_its_neighbours() {
    let dir = tempfile::tempdir().unwrap();
    // Any photo may be large: it is read through, which takes seconds.
    let options = Options { dir: dir.path().to_owned(), max_bytes: u64::MAX, ..Options::default() };
    let stack = Stack::start(options).await.unwrap();
    let log = Log::default();
    let large = fs::File::create(stack.bucket_dir().join("a large.tif")).unwrap();
    large.set_len(1 << 30).unwrap();
    fs::write(stack.bucket_dir().join("small.jpg"), "1").unwrap();
    watching(&stack, &log, stack.idle()).await;
    let keys: Vec<_> = log.0.lock().unwrap().iter().map(|told| told.0.clone()).collect();
    assert_eq!(keys, ["small.jpg", "a large.tif"]);
    stack.shutdown().await;

    // No photo is that large: it is not read at all.
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let large = fs::File::create(stack.bucket_dir().join("film.mov")).unwrap();
    large.set_len(1 << 40).unwrap();
    watching(&stack, &log, stack.idle()).await;
    let told = log.0.lock().unwrap().pop().unwrap();
    let head = stack.s3().head_object().bucket("photos").key("film.mov").send().await.unwrap();
    assert_eq!((told.0.as_str(), head.content_length()), ("film.mov", Some(1 << 40)));
    assert_eq!(head.e_tag().unwrap().trim_matches('"'), told.2.unwrap());
}
