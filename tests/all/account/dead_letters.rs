//! `lookbook dead-letters`: nothing is lost, whatever fails.

use serde_json::{Value, json};

use super::fake::{Fake, Letter, arn, texts};
use crate::helpers::{json_lines, stdout};

fn put(key: &str) -> String {
    let record = json!({"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "shop"}, "object": {"key": key}}});
    json!({"Records": [record]}).to_string()
}

fn run(fake: &Fake, args: &[&str], code: i32) -> Vec<Value> {
    let queue = fake.queue_url("dead");
    let args = [&["dead-letters", "--queue", &queue, "--format", "json"], args].concat();
    json_lines(&stdout(&fake.lookbook(&args).output().unwrap(), code))
}

/// The bodies in a queue; all of them must be visible.
fn bodies(fake: &Fake, queue: &str) -> Vec<String> {
    let world = fake.world.lock().unwrap();
    let letters = &world.queues[queue].messages;
    assert!(letters.iter().all(Letter::is_visible), "some of {queue} are hidden");
    letters.iter().map(|letter| letter.body.clone()).collect()
}

/// Twenty-five that SQS moved, and one that the function sent.
async fn with_letters() -> Fake {
    let fake = Fake::start().await;
    let mut world = fake.world.lock().unwrap();
    for number in 0..25 {
        world.send("dead", &put(&format!("hat+{number}.jpg")), json!({}));
    }
    let said = [
        ("reason", "the body is not JSON"),
        ("code", "unreadable"),
        ("request_id", "r-1"),
        ("by", "a person"),
    ];
    world.send("dead", "poison", texts(&said));
    drop(world);
    fake
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_listed_with_their_reasons_and_stay() {
    let fake = with_letters().await;
    let letters = run(&fake, &[], 0);
    assert_eq!(letters.len(), 26);
    let keys = letters.iter().filter_map(|letter| letter["objects"][0].as_str());
    let mut keys: Vec<&str> = keys.collect();
    keys.sort_unstable();
    assert_eq!((keys.len(), keys[0]), (25, "shop/hat 0.jpg"));
    let poison = letters.iter().find(|letter| letter["code"] == "unreadable").unwrap();
    assert_eq!(poison["request_id"], "r-1");
    assert!(poison["problems"][0].as_str().unwrap().contains("not JSON"));
    assert_eq!(run(&fake, &["--code", "unreadable"], 0).len(), 1);
    assert_eq!(bodies(&fake, "dead").len(), 26);

    let queue = arn("dead");
    let table = fake.lookbook(&["dead-letters", "--queue", &queue, "--message-id", "m0001"]);
    let table = stdout(&{ table }.output().unwrap(), 0);
    assert!(table.contains("moved after 10 receives"), "{table}");
    assert!(table.contains("1 dead letter."), "{table}");
}

/// What is hidden no more comes again: that is not the end of the queue.
#[tokio::test(flavor = "multi_thread")]
async fn letters_that_come_again_hide_no_others() {
    let fake = with_letters().await;
    fake.world.lock().unwrap().repeats = 5;
    assert_eq!(run(&fake, &[], 0).len(), 26);
    fake.world.lock().unwrap().repeats = 5;
    assert_eq!(run(&fake, &["--delete", "--code", "unreadable", "--yes"], 0)[0]["deleted"], 1);

    // For ever: it ends all the same, and says so.
    fake.world.lock().unwrap().repeats = usize::MAX;
    let queue = fake.queue_url("dead");
    let output = fake.lookbook(&["dead-letters", "--queue", &queue]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("not all messages"), "{error}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(bodies(&fake, "dead").len(), 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_a_limit_and_says_how_many_more_wait() {
    let fake = with_letters().await;
    let queue = fake.queue_url("dead");
    let list = ["dead-letters", "--queue", &queue, "--format", "json", "--limit"];
    for (limit, listed, more) in [("4", 4, Some("about 22 more")), ("26", 26, None)] {
        let output = fake.lookbook(&[&list[..], &[limit]].concat()).output().unwrap();
        assert_eq!(json_lines(&stdout(&output, 0)).len(), listed);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(more.map_or(error.is_empty(), |more| error.contains(more)), "{error}");
    }
    assert_eq!(bodies(&fake, "dead").len(), 26);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_back_leaves_only_once_it_is_there() {
    let fake = with_letters().await;
    fake.world.lock().unwrap().refuses = Some("hat+7.jpg");
    let done = run(&fake, &["--send-back"], 1).remove(0);
    assert_eq!((&done["sent_back"], &done["failed"]), (&json!(25), &json!(1)));
    assert_eq!(done["to"], arn("changes"));
    assert_eq!(bodies(&fake, "dead"), [put("hat+7.jpg")]);
    let back = bodies(&fake, "changes");
    assert_eq!(back.len(), 25);
    // What said why it was here does not go with it.
    let world = fake.world.lock().unwrap();
    let poison = world.queues["changes"].messages.iter().find(|letter| letter.body == "poison");
    assert_eq!(poison.unwrap().attributes, texts(&[("by", "a person")]));
    drop(world);

    fake.world.lock().unwrap().refuses = None;
    let done = run(&fake, &["--send-back", "--to", &fake.queue_url("changes")], 0).remove(0);
    assert_eq!((&done["sent_back"], &done["left"]), (&json!(1), &json!(0)));
    assert!(bodies(&fake, "dead").is_empty());
}

/// What the function sends here again at once would go round for ever.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_again_meanwhile_is_left_for_the_next_time() {
    let fake = with_letters().await;
    fake.world.lock().unwrap().returns = Some("poison");
    let done = run(&fake, &["--send-back", "--code", "unreadable"], 0).remove(0);
    assert_eq!((&done["sent_back"], bodies(&fake, "dead").len()), (&json!(1), 26));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_meant_is_deleted() {
    let fake = with_letters().await;
    let queue = fake.queue_url("dead");
    for refused in
        [&["--delete"][..], &["--delete", "--yes"], &["--delete", "--code", "unreadable"]]
    {
        let args = [&["dead-letters", "--queue", &queue], refused].concat();
        assert_eq!(fake.lookbook(&args).output().unwrap().status.code(), Some(2), "{refused:?}");
    }
    let itself = ["dead-letters", "--queue", &queue, "--send-back", "--to", &queue];
    assert_eq!(fake.lookbook(&itself).output().unwrap().status.code(), Some(2));
    assert_eq!(bodies(&fake, "dead").len(), 26);
    let done = run(&fake, &["--delete", "--code", "unreadable", "--yes"], 0).remove(0);
    assert_eq!((&done["deleted"], &done["left"]), (&json!(1), &json!(25)));
    assert!(!bodies(&fake, "dead").contains(&"poison".to_owned()));
    let done = run(&fake, &["--delete", "--all", "--yes"], 0).remove(0);
    assert_eq!(done["deleted"], json!(25));
    assert!(bodies(&fake, "changes").is_empty());
}
