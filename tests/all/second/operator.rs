//! What operators do, on another implementation: its bucket's notifications, its queues and its table.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::shop::{MAX_RECEIVES, Shop};
use crate::helpers::{json_lines, sample, skipped, stdout};

fn run(shop: &Shop, args: &[&str], code: i32) -> Vec<Value> {
    let dir = TempDir::new().unwrap();
    let args = [args, &["--format", "json"]].concat();
    json_lines(&stdout(&shop.server.lookbook(dir.path(), &args).output().unwrap(), code))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_connected_and_announces_what_it_should() {
    let Some(shop) = Shop::open().await else { return };
    let (bucket, queue) = (shop.at.bucket.clone(), shop.queue.arn.clone());
    let connect = ["connect", &bucket, "--queue", &queue];
    // It is, by an entry of another name and form.
    assert_eq!(run(&shop, &connect, 0)[0]["state"], "already_connected");
    let narrow = run(&shop, &[&connect[..], &["--prefix", "new/"]].concat(), 0).remove(0);
    assert_eq!(narrow["added"].as_array().unwrap().len(), 4);
    assert_eq!(narrow["removed"].as_array().unwrap().len(), 1);
    shop.put("old/hat.jpg", sample("hat-1.jpg")).await;
    shop.put("new/hat.jpg", sample("hat-1.jpg")).await;
    shop.delete("old/hat.jpg").await;
    let handler = shop.handler();
    // With the test events of two configurations, of which S3 sends one for each entry.
    let mut outcomes = BTreeMap::new();
    while outcomes.len() < 2 {
        let messages = shop.receive(&shop.queue, 10).await;
        assert!(!messages.is_empty(), "only {outcomes:?} came");
        for line in shop.turn(&handler, &messages).await.report.lines {
            outcomes.insert(line.image.unwrap(), line.outcome.name());
        }
    }
    let [new, old] = ["new", "old"].map(|folder| format!("{bucket}/{folder}/hat.jpg"));
    assert_eq!(outcomes, [(new, "classified"), (old, "removed")].into());

    let doctor = ["doctor", "--bucket", &bucket, "--table", &shop.at.table, "--prefix", "new/"];
    let states: BTreeMap<String, String> = run(&shop, &doctor, 1)
        .iter()
        .map(|f| [&f["check"], &f["state"]].map(|text| text.as_str().unwrap().to_owned()).into())
        .collect();
    for check in [
        "credentials",
        "bucket",
        "photos",
        "notifications",
        "queue",
        "leave-to-send",
        "table",
        "index",
        "listing",
        "row",
    ] {
        assert_eq!(states[check], "ok", "{check}");
    }
    // The test's queue gives up early, and its table keeps tombstones.
    let faults = states.iter().filter(|(_, state)| *state == "fault");
    assert_eq!(faults.map(|(check, _)| check.as_str()).collect::<Vec<_>>(), ["expiry", "redrive"]);
    let fixed = run(&shop, &[&doctor[..], &["--fix"]].concat(), 1);
    let fixed: Vec<&Value> = fixed.iter().filter(|f| f["state"] == "fixed").collect();
    assert!(fixed.len() == 1 && fixed[0]["check"] == "expiry", "{fixed:?}");
    let after = run(&shop, &doctor, 1);
    assert!(after.iter().any(|f| f["check"] == "expiry" && f["state"] == "ok"), "{after:?}");

    if shop.server.name == "moto" {
        return skipped("moto's answer of a bucket that announces nothing is not AWS's");
    }
    let gone = run(&shop, &["connect", &bucket, "--remove"], 0).remove(0);
    assert_eq!((&gone["state"], &gone["kept"]), (&json!("disconnected"), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_come_back_by_the_command() {
    let Some(shop) = Shop::open().await else { return };
    let handler = shop.handler();
    shop.send("poison").await;
    for _ in 0..=MAX_RECEIVES {
        let messages = shop.receive(&shop.queue, 2).await;
        if !messages.is_empty() {
            shop.turn(&handler, &messages).await;
        }
    }
    assert_eq!(shop.left(&shop.dead).await, 1);
    let dead = ["dead-letters", "--queue", &shop.dead.url];
    for _ in 0..2 {
        let letters = run(&shop, &dead, 0);
        assert_eq!(letters.len(), 1, "a letter that is listed stays");
        assert!(letters[0]["problems"][0].as_str().unwrap().contains("not JSON"));
    }
    let back = [&dead[..], &["--send-back", "--to", &shop.queue.arn]].concat();
    assert_eq!(run(&shop, &back, 0)[0]["sent_back"], 1);
    assert_eq!(shop.left(&shop.dead).await, 0);
    let messages = shop.receive(&shop.queue, 10).await;
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!(message.body(), Some("poison"));
    // What was not lookbook's goes with it.
    assert!(message.message_attributes().unwrap().contains_key("by"));
}
