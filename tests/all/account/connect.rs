//! `lookbook connect`: ours beside those of others.

use super::fake::{BUCKET, CLOSED, Fake, arn};
use crate::helpers::{json_lines, stdout};

/// As S3 writes it: with a capital in the name of a filter, and entries for a topic and a function.
const OTHERS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<TopicConfiguration><Id>audit</Id><Topic>arn:aws:sns:us-east-1:123456789012:audit</Topic><Event>s3:ObjectTagging:*</Event></TopicConfiguration>
<CloudFunctionConfiguration><Id>thumbnails</Id><CloudFunction>arn:aws:lambda:us-east-1:123456789012:function:thumbnails</CloudFunction><Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>Prefix</Name><Value>raw/</Value></FilterRule></S3Key></Filter></CloudFunctionConfiguration>
<EventBridgeConfiguration/>
</NotificationConfiguration>"#;

fn text(args: &[&str], fake: &Fake) -> (i32, String, String) {
    let output = fake.lookbook(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_connected_once_and_others_keep_what_they_set() {
    let fake = Fake::start().await;
    fake.world.lock().unwrap().announced = OTHERS.to_owned();
    let (bucket, queue) = (format!("s3://{BUCKET}"), arn("changes"));
    let connect =
        ["connect", &bucket, "--queue", &queue, "--prefix", "new in/", "--format", "json"];
    let run = |args: &[&str]| {
        let lines = json_lines(&stdout(&fake.lookbook(args).output().unwrap(), 0));
        lines.into_iter().next().unwrap()
    };

    let planned = run(&[&connect[..], &["--dry-run"]].concat());
    assert_eq!((&planned["state"], &planned["dry_run"]), (&"connected".into(), &true.into()));
    assert_eq!(fake.world.lock().unwrap().puts, 0);

    let done = run(&connect);
    assert_eq!(done["added"].as_array().unwrap().len(), 4);
    assert_eq!(done["kept"].as_array().unwrap().len(), 2);
    assert_eq!(done["event_bridge"], true);
    let announced = fake.world.lock().unwrap().announced.clone();
    for kept in [
        "<Id>audit</Id>",
        "s3:ObjectTagging:*",
        "<Id>thumbnails</Id>",
        "<Name>Prefix</Name><Value>raw/</Value>",
        "EventBridgeConfiguration",
    ] {
        assert!(announced.contains(kept), "{kept} is gone from {announced}");
    }
    assert!(announced.contains("<Value>new+in/</Value>"), "{announced}");

    let again = run(&connect);
    assert_eq!(again["state"], "already_connected");
    assert_eq!(fake.world.lock().unwrap().puts, 1);

    let removed = run(&["connect", &bucket, "--remove", "--format", "json"]);
    assert_eq!(
        (removed["removed"].as_array().unwrap().len(), &removed["kept"]),
        (4, &done["kept"])
    );
    let announced = fake.world.lock().unwrap().announced.clone();
    assert!(!announced.contains("lookbook-") && announced.contains("EventBridgeConfiguration"));
    let (code, words, _) = text(&["connect", &bucket, "--remove"], &fake);
    assert_eq!(code, 0);
    assert!(words.contains("there is nothing to remove"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_s3_would_refuse_is_told_before_and_nothing_is_put() {
    let fake = Fake::start().await;
    fake.world.lock().unwrap().announced = OTHERS.to_owned();
    let (bucket, queue) = (format!("s3://{BUCKET}"), arn("changes"));
    // Of all keys, and so of those of the thumbnails.
    let connect = ["connect", &bucket, "--queue", &queue];
    let (code, _, error) = text(&connect, &fake);
    assert_eq!(code, 2);
    assert!(error.contains("s3:ObjectCreated:* overlaps with the entry 'thumbnails'"), "{error}");

    let set = |name: &'static str, value: &str| {
        let mut world = fake.world.lock().unwrap();
        let queue = world.queues.get_mut("changes").unwrap();
        queue.attributes.insert(name, value.to_owned())
    };
    let policy = set("Policy", "").unwrap();
    let (code, _, error) = text(&connect, &fake);
    assert!(code == 2 && error.contains("Add this statement"), "{error}");
    assert!(error.contains(&format!("arn:aws:s3:::{BUCKET}")), "{error}");
    set("Policy", &policy);
    set("KmsMasterKeyId", "alias/aws/sqs");
    let (code, _, error) = text(&connect, &fake);
    assert!(code == 2 && error.contains("AWS's own key"), "{error}");

    let missing = arn("none");
    for (bucket, queue, words) in [
        ("s3://nowhere", queue.as_str(), "there is no bucket s3://nowhere"),
        (CLOSED, queue.as_str(), "allow s3:GetBucketNotification"),
        (BUCKET, missing.as_str(), "there is no queue arn:aws:sqs"),
        (BUCKET, "arn:aws:sns:us-east-1:1:t", "expected the ARN or the URL of a queue"),
        ("s3://shop-photos/new/", queue.as_str(), "expected a bucket"),
    ] {
        let (code, _, error) = text(&["connect", bucket, "--queue", queue], &fake);
        assert!(code == 2 && error.contains(words), "{error}");
    }
    assert_eq!(fake.world.lock().unwrap().puts, 0);
}

/// What others set after it was read is not erased by what was made from it.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_set_meanwhile_stays() {
    let fake = Fake::start().await;
    let queue = arn("changes");
    let connect = ["connect", BUCKET, "--queue", &queue, "--prefix", "new/"];
    fake.world.lock().unwrap().meanwhile.push_back(OTHERS.to_owned());
    let (code, words, error) = text(&connect, &fake);
    assert!(code == 0 && words.contains("thumbnails"), "{words}{error}");
    let announced = fake.world.lock().unwrap().announced.clone();
    assert!(announced.contains("<Id>audit</Id>") && announced.contains("lookbook-created"));
    let (code, ..) = text(&["connect", BUCKET, "--remove"], &fake);
    assert_eq!(code, 0);

    // Somebody who never rests.
    let mut world = fake.world.lock().unwrap();
    let nothing = "<NotificationConfiguration/>".to_owned();
    world.meanwhile = [nothing, OTHERS.to_owned()].into_iter().cycle().take(20).collect();
    let puts = world.puts;
    drop(world);
    let (code, _, error) = text(&connect, &fake);
    assert!(code == 1 && error.contains("nothing was put"), "{error}");
    assert_eq!(fake.world.lock().unwrap().puts, puts);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sets_it_at_the_same_time_is_noticed() {
    let fake = Fake::start().await;
    fake.world.lock().unwrap().is_contested = true;
    let (code, _, error) = text(&["connect", BUCKET, "--queue", &arn("changes")], &fake);
    assert!(code == 1 && error.contains("at the same time"), "{error}");
}
