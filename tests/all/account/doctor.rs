//! `lookbook doctor`: what is healthy is well, what is not is found, and mended where that is safe.

use std::collections::BTreeMap;
use std::process::Command;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use clap::Parser;
use lookbook::cli::Cli;
use lookbook::local::{Options, Stack};
use serde_json::Value;
use tempfile::TempDir;

use super::fake::{BUCKET, CLOSED, Fake, arn};
use crate::helpers::{json_lines, lookbook, stdout};

/// The words of a command, as a shell takes them.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut is_quoted) = (vec![String::new()], false);
    for c in command.chars() {
        match c {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

/// Each of our commands in what there is to do must be one that can be run.
fn can_be_typed(mend: &str) {
    let quoted = mend.split('`').skip(1).step_by(2);
    let commands = if mend.contains('`') { quoted.collect() } else { vec![mend] };
    for command in commands {
        let words = words(command);
        if words[0].ends_with("lookbook") {
            assert!(Cli::try_parse_from(&words).is_ok(), "{command}");
        } else {
            assert!(!command.contains("/lookbook "), "{mend}");
        }
    }
}

/// The findings by their checks.
fn findings(command: &mut Command, code: i32) -> BTreeMap<String, Value> {
    let text = stdout(&command.args(["--format", "json"]).output().unwrap(), code);
    let named = |finding: Value| (finding["check"].as_str().unwrap().to_owned(), finding);
    let findings: BTreeMap<_, _> = json_lines(&text).into_iter().map(named).collect();
    findings.values().filter_map(|finding| finding["mend"].as_str()).for_each(can_be_typed);
    findings
}

/// The checks that are in this state.
fn in_state<'a>(findings: &'a BTreeMap<String, Value>, state: &str) -> Vec<&'a str> {
    findings.iter().filter(|(_, f)| f["state"] == state).map(|(name, _)| name.as_str()).collect()
}

/// Takes the table away, and makes one that has nothing but its key.
async fn bare_table(dynamodb: &aws_sdk_dynamodb::Client, name: &str) {
    dynamodb.delete_table().table_name(name).send().await.unwrap();
    let image = AttributeDefinition::builder()
        .attribute_name("image")
        .attribute_type(ScalarAttributeType::S)
        .build()
        .unwrap();
    let key = KeySchemaElement::builder().attribute_name("image").key_type(KeyType::Hash);
    let create = dynamodb.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    let create = create.attribute_definitions(image).key_schema(key.build().unwrap());
    create.send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_stack_is_well_and_one_that_is_hurt_is_mended() {
    let dir = TempDir::new().unwrap();
    let options = Options { dir: dir.path().join(".lookbook"), ..Options::default() };
    let doctor = |args: &[&str]| {
        let mut command = lookbook(dir.path());
        command.arg("doctor").args(args);
        command
    };
    let none = findings(&mut doctor(&[]), 0);
    assert_eq!(in_state(&none, "skipped"), ["place"]);
    let nothing = findings(&mut doctor(&["--dir", "nowhere"]), 1);
    assert_eq!(in_state(&nothing, "fault"), ["folder"]);

    let stack = Stack::start(options.clone()).await.unwrap();
    stack.publish().unwrap();
    let running = findings(&mut doctor(&[]), 0);
    assert!(running["folder"]["says"].as_str().unwrap().contains("another process"));
    stack.shutdown().await;
    let well = findings(&mut doctor(&[]), 0);
    assert_eq!(in_state(&well, "ok").len(), well.len(), "{well:?}");
    for check in [
        "settings", "model", "folder", "bucket", "table", "index", "stream", "expiry", "listing",
        "recipe",
    ] {
        assert!(well.contains_key(check), "{check}");
    }

    let stack = Stack::start(options).await.unwrap();
    bare_table(&stack.dynamodb(), stack.table()).await;
    stack.shutdown().await;
    let hurt = findings(&mut doctor(&[]), 1);
    assert_eq!(in_state(&hurt, "fault"), ["expiry", "index"]);
    assert_eq!(in_state(&hurt, "skipped"), ["listing"]);
    let mended = findings(&mut doctor(&["--fix"]), 0);
    assert_eq!(in_state(&mended, "fixed"), ["expiry", "index"]);
    let after = findings(&mut doctor(&[]), 0);
    assert_eq!(in_state(&after, "ok").len(), after.len(), "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_looked_at_and_connected() {
    let fake = Fake::start().await;
    let queue = arn("changes");
    let at = ["doctor", "--table", &fake.embedded.at.table, "--bucket", BUCKET];
    let named = [&at[..], &["--queue", &queue]].concat();
    let doctor = |args: &[&str]| fake.lookbook(args);

    let found = findings(&mut doctor(&named), 1);
    assert_eq!(in_state(&found, "fault"), ["notifications"]);
    // The embedded table cannot say.
    assert_eq!(in_state(&found, "skipped"), ["backups"]);
    assert_eq!(in_state(&found, "warning"), Vec::<&str>::new());
    let mend = found["notifications"]["mend"].as_str().unwrap();
    assert!(mend.ends_with(&format!("connect s3://{BUCKET} --queue {queue}")), "{mend}");

    let mended = findings(&mut doctor(&[&named[..], &["--fix"]].concat()), 0);
    assert_eq!(in_state(&mended, "fixed"), ["notifications"]);
    // Now the bucket itself names the queue.
    let well = findings(&mut doctor(&at), 0);
    assert_eq!(in_state(&well, "fault"), Vec::<&str>::new());
    assert!(well["queue"]["says"].as_str().unwrap().contains(&queue));
    assert!(well["credentials"]["says"].as_str().unwrap().contains("user/anna"));

    let mut world = fake.world.lock().unwrap();
    world.send("dead", "poison", serde_json::json!({}));
    let attributes = &mut world.queues.get_mut("changes").unwrap().attributes;
    attributes.insert("VisibilityTimeout", "30".into());
    attributes.insert("Policy", String::new());
    drop(world);
    let hurt = findings(&mut doctor(&[&at[..], &["--prefix", "new/"]].concat()), 1);
    assert_eq!(in_state(&hurt, "fault"), ["leave-to-send", "visibility"]);
    assert_eq!(in_state(&hurt, "warning"), ["dead-letters", "notifications"]);
    let mend = hurt["dead-letters"]["mend"].as_str().unwrap();
    assert!(mend.contains("dead-letters --queue"), "{mend}");
    let table = stdout(&doctor(&at).output().unwrap(), 1);
    assert!(table.contains("To mend:") && table.contains("VisibilityTimeout=180"), "{table}");
}

/// What works is not taken away: neither what is told to another queue, nor what is told of other keys.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_hear_is_not_mended_away() {
    let fake = Fake::start().await;
    let (changes, staging) = (arn("changes"), arn("dead"));
    let connected = |args: &[&str]| {
        let args = [&["connect", BUCKET, "--queue", &changes], args].concat();
        stdout(&fake.lookbook(&args).output().unwrap(), 0);
        fake.world.lock().unwrap().announced.clone()
    };
    let fix = |args: &[&str]| {
        let args = [&["doctor", "--bucket", BUCKET, "--fix"], args].concat();
        findings(&mut fake.lookbook(&args), 1).remove("notifications").unwrap()
    };
    let production = connected(&[]);
    let found = fix(&["--queue", &staging]);
    assert_eq!(found["state"], "fault");
    assert!(found["mend"].as_str().unwrap().contains(&format!("--queue {staging}")), "{found}");
    assert_eq!(fake.world.lock().unwrap().announced, production);

    let of_some = connected(&["--prefix", "a/"]);
    let found = fix(&["--prefix", "b/"]);
    assert_eq!(found["state"], "fault");
    assert_eq!(fake.world.lock().unwrap().announced, of_some);

    // Nor what was set since it was looked at.
    let mut world = fake.world.lock().unwrap();
    world.announced = "<NotificationConfiguration/>".to_owned();
    world.meanwhile.push_back(production.clone());
    drop(world);
    let found = fix(&["--queue", &staging]);
    assert!(found["says"].as_str().unwrap().contains("could not be mended"), "{found}");
    assert_eq!(fake.world.lock().unwrap().announced, production);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_looked_at_names_the_permission() {
    let fake = Fake::start().await;
    let args = ["doctor", "--table", "nowhere", "--bucket", CLOSED, "--queue", &arn("none")];
    let found = findings(&mut fake.lookbook(&args), 1);
    for (check, permission) in [
        ("bucket", "s3:ListBucket"),
        ("encryption", "s3:GetEncryptionConfiguration"),
        ("notifications", "s3:GetBucketNotification"),
        ("versions", "s3:GetBucketVersioning"),
    ] {
        assert_eq!(found[check]["state"], "skipped", "{check}");
        let mend = found[check]["mend"].as_str().unwrap();
        assert_eq!(mend, format!("allow {permission} on it to who runs this"));
    }
    assert_eq!(in_state(&found, "fault"), ["queue", "table"]);
    let mut unset = fake.lookbook(&args);
    let found = findings(unset.env("MAX_BYTES", "many").env_remove("AWS_REGION"), 1);
    assert_eq!(in_state(&found, "fault"), ["region", "settings"]);
    assert!(found["settings"]["says"].as_str().unwrap().contains("MAX_BYTES"));

    std::fs::write(fake.dir.path().join("a model.tflite"), "none").unwrap();
    let found = findings(&mut fake.lookbook(&["doctor", "--model", "a model.tflite"]), 1);
    let mend = found["model"]["mend"].as_str().unwrap();
    assert!(mend.contains("inspect 'a model.tflite'`"), "{mend}");
}
