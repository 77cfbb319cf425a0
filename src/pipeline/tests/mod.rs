//! Convergence, over random histories in a random order of steps: in the end every row must say
//! what the bucket says, and what people said. Each history comes from a number, its seed.
//!
//! ```sh
//! cargo test --lib convergence -- --nocapture                      # says how much there was of what
//! HISTORIES=1000000 cargo test --lib convergence                   # more of them
//! HISTORY=4711 cargo test --lib convergence                        # this one, shrunk if it fails
//! ```

mod history;
mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;

use history::{History, KEYS, Log, Told, event, histories, object, play, run};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestError, TestRunner};
use world::{ByText, Flaw, World, look_and_review, pipeline};

use super::*;
use crate::catalogue::Shelf;
use crate::catalogue::conformance::conforms;
use crate::label::Label;
use crate::object::ETag;

/// Whether a key's row says what the bucket and the reviewers say.
fn check(world: &World, log: &Log, key: usize) -> Result<(), String> {
    let object = object(key);
    let objects = world.objects.lock().unwrap();
    let there = objects.get(&object);
    let Some(row) = world.row(&object) else {
        let seen = there.is_some() || log.touched.contains(&key);
        return if seen { Err(format!("no row for {object}")) } else { Ok(()) };
    };
    // What can only be looked at has the row that was known of it, or is rejected.
    let is_unknown = world.archived.lock().unwrap().contains(&object)
        && row.reason_code == Some(crate::code::Code::Archived);
    let reviews = world.reviews.lock().unwrap();
    let review = reviews.get(&row.image);
    let (mut shelf, mut label, mut sha256) = (None, None, None);
    if is_unknown && there.is_some() {
        shelf = Some(Shelf::Rejected);
    } else if let Some((_, bytes)) = there {
        let text = std::str::from_utf8(bytes).unwrap();
        let recipe = row.recipe.as_ref().map_or(0, |recipe| recipe.parse().unwrap());
        label = (1..=3).contains(&text.len()).then(|| ByText::label(text, recipe));
        sha256 = (text.len() <= 3).then(|| format!("sha256 of {text}"));
        let by_person = review.filter(|(_, of)| sha256.as_ref() == Some(of)).map(|(said, _)| said);
        let by_person = by_person.map(|said| said.parse().unwrap());
        shelf = by_person.or_else(|| label.clone().map(Shelf::Label)).or(Some(Shelf::Rejected));
    }
    same("shelf", &row.shelf, &shelf)?;
    same("label", &row.label, &label)?;
    same("hash", &row.content_sha256, &sha256)?;
    let meta = there.map(|(meta, _)| meta);
    same("fingerprint", &row.etag.as_ref(), &meta.map(|meta| &meta.etag))?;
    same("size", &row.size, &meta.map(|meta| meta.size))?;
    same("time", &row.added_at, &meta.map(|meta| meta.last_modified))?;
    same("version", &row.version_id, &meta.and_then(|meta| meta.version_id.clone()))?;
    let said = row.reviewed_label.clone().zip(row.reviewed_sha256.clone());
    same("review", &said.as_ref(), &review)?;
    same("sequencer", &row.sequencer.as_ref(), &log.greatest.get(&key))?;
    if let (Some(recipe), Some(least)) = (&row.recipe, log.recipe_at_least.get(&key))
        && recipe.parse::<usize>().unwrap() < *least
        && !log.archived.contains(&key)
    {
        return Err(format!("the recipe is {recipe}, after a change settled by {least} alone"));
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, should: &T) -> Result<(), String> {
    if is == should { Ok(()) } else { Err(format!("the {what} is {is:?} instead of {should:?}")) }
}

/// The history of a seed, played and checked; a failure is shrunk. `each` gets what happened.
fn try_history(
    seed: u64,
    flaw: Option<Flaw>,
    each: impl Fn(&Log),
) -> Result<(), TestError<History>> {
    let mut runner = TestRunner::new(ProptestConfig {
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: if flaw.is_some() { 0 } else { 10_000 },
        ..ProptestConfig::default()
    });
    let tree = histories().new_tree(&mut runner).unwrap();
    let tried = runner.run_one(tree, |history| {
        let (world, log) = play(&history, flaw).map_err(TestCaseError::fail)?;
        for key in 0..KEYS.len() {
            check(&world, &log, key).map_err(TestCaseError::fail)?;
        }
        if let Some(words) = world.lowered.lock().unwrap().first() {
            return Err(TestCaseError::fail(words.clone()));
        }
        each(&log);
        Ok(())
    });
    tried.map(drop)
}

fn number(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().expect("a number"))
}

#[test]
fn convergence_of_rows() {
    let seeds = match number("HISTORY") {
        Some(seed) => seed..seed + 1,
        None => 0..number("HISTORIES").unwrap_or(100_000),
    };
    let counts = RefCell::new(BTreeMap::<&str, u64>::new());
    for seed in seeds.clone() {
        let tried = try_history(seed, None, |log| {
            for (what, count) in &log.counts {
                *counts.borrow_mut().entry(what).or_default() += count;
            }
        });
        if let Err(error) = tried {
            panic!("HISTORY={seed}: {error}");
        }
    }
    println!("{} histories: {:?}", seeds.count(), counts.borrow());
}

/// A check that finds nothing is worth nothing: with any of the rules broken, it fails, and for the
/// reason that the rule is there for.
#[test]
fn convergence_needs_every_rule() {
    for (flaw, words) in [
        // A test event's sequencer, replayed once, made every later change of the key a thing of the
        // past.
        (Flaw::SequencerBelieved, "the "),
        // A slower rival with an older photo, or none, had the last word.
        (Flaw::NoCondition, "the shelf is"),
        (Flaw::UnchangedNotWritten, "the shelf is"),
        (Flaw::NoTombstone, "instead of None"),
        (Flaw::ReviewOfAnyContent, "the shelf is Some(Label(Label(\"person's word"),
        // A website's word came between a write and what it had read.
        (Flaw::ReviewUnseen, "the shelf is"),
        (Flaw::TombstoneForgets, "the review is"),
        // An older model, still at work, had the last word.
        (Flaw::NoGenerations, "the recipe was"),
    ] {
        let finds = |seed: &u64| match try_history(*seed, Some(flaw), |_| ()) {
            Err(TestError::Fail(reason, _)) => reason.message().contains(words),
            _ => false,
        };
        let first: Vec<u64> = (0..10_000).filter(finds).take(3).collect();
        assert_eq!(first.len(), 3, "{flaw:?} goes unnoticed");
        println!("{flaw:?} is found by the histories {first:?}");
    }
}

/// The table of the histories is a table like any other.
#[tokio::test]
async fn the_table_in_memory_conforms() {
    conforms(&&World::default()).await;
}

#[tokio::test]
async fn every_change_is_looked_at_and_makes_a_fresh_revision() {
    let world = World::default();
    let pipeline = pipeline(&world, 0);
    let mut log = Log::default();
    log.write(&world, 0, Some("hat"), Told::Order);
    log.write(&world, 0, Some("tie"), Told::Order);
    let [older, newer] = [0, 1].map(|i| event(&log.undelivered[i..=i]));
    let mut names = Vec::new();
    let mut revisions = Vec::new();
    for event in [&newer, &newer, &older] {
        let lines = run(&pipeline, event, None).await;
        names.push(lines[0].outcome.name());
        let row = world.row(&object(0)).unwrap();
        assert_eq!(row.sequencer.as_ref(), log.greatest.get(&0));
        revisions.push(row.revision);
    }
    assert_eq!(names, ["classified", "unchanged", "unchanged"]);
    assert!(revisions.windows(2).all(|pair| pair[0] != pair[1]));
    // Both in one event: one look for the two.
    let lines = run(&pipeline, &event(&log.undelivered), None).await;
    let names: Vec<_> = lines.iter().map(|line| line.outcome.name()).collect();
    assert_eq!(names, ["superseded", "unchanged"]);
}

/// The test event that every tutorial copies has a sequencer that is greater than any true one. Here
/// it says that a photo was put that is not there; nothing of it is believed.
#[tokio::test]
async fn an_invented_sequencer_hides_no_later_change() {
    let world = World::default();
    let pipeline = pipeline(&world, 0);
    let mut log = Log::default();
    let tutorial = serde_json::json!({"Records": [{"eventVersion": "2.0",
        "eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "shop"}, "object": {
            "key": "a.jpg", "size": 1024, "eTag": "0123456789abcdef0123456789abcdef",
            "sequencer": "0A1B2C3D4E5F678901"}}}]});
    for content in [None, Some("hat"), Some("tie"), None] {
        log.write(&world, 0, content, Told::Order);
        let lines = run(&pipeline, &tutorial, None).await;
        let of_test = lines[0].outcome.name();
        run(&pipeline, &event(&log.undelivered.split_off(0)), None).await;
        let row = world.row(&object(0)).unwrap();
        let label = content.map(|text| Shelf::Label(ByText::label(text, 0)));
        assert_eq!(
            (row.shelf, of_test),
            match content {
                Some(_) => (label, "classified"),
                None => (None, "removed"),
            }
        );
    }
}

/// A row outside the prefix is from when the prefix was wider. Its removal is let through, and
/// nothing else.
#[tokio::test]
async fn a_row_outside_the_prefix_goes_with_its_object() {
    let world = World::default();
    let mut log = Log::default();
    log.write(&world, 0, Some("hat"), Told::Order);
    run(&pipeline(&world, 0), &event(&log.undelivered.split_off(0)), None).await;
    let rules = Rules::parse(|name| (name == "KEY_PREFIX").then(|| "in/".into())).unwrap();
    let narrow = Pipeline::new(&world, &world, ByText::new(0), &rules);
    let classified = world.row(&object(0)).unwrap();
    // An untrue removal, a change, and a removal of what never had a row.
    log.write(&world, 1, None, Told::Order);
    let mut untrue = log.undelivered[0].clone();
    untrue.key = 0;
    let removal = event(&[untrue]);
    for event in [&removal, &event(&log.undelivered.split_off(0))] {
        let lines = run(&narrow, event, None).await;
        assert_eq!(lines[0].outcome.name(), "ignored");
        assert!(lines[0].outcome.words().contains("outside the prefix 'in/'"));
    }
    log.write(&world, 0, Some("tie"), Told::Order);
    let lines = run(&narrow, &event(&log.undelivered.split_off(0)), None).await;
    assert_eq!(lines[0].outcome.name(), "ignored");
    assert_eq!(world.row(&object(0)), Some(classified));
    assert_eq!(world.row(&object(1)), None);
    log.write(&world, 0, None, Told::Order);
    let lines = run(&narrow, &event(&log.undelivered), None).await;
    assert_eq!(lines[0].outcome.name(), "removed");
    assert!(world.row(&object(0)).unwrap().is_tombstone());
}

/// An inventory's item may name an object by its encoded key or by its own.
#[tokio::test]
async fn a_key_that_can_be_read_in_two_ways_leaves_no_tombstone() {
    let world = World::default();
    let pipeline = pipeline(&world, 0);
    let mut log = Log::default();
    log.write(&world, 0, Some("hat"), Told::Order);
    let event = serde_json::json!({"Items": [
        {"Bucket": "shop", "Key": "%61.jpg", "LastModifiedDate": "2022-11-16T00:29:20.000Z"},
        {"Bucket": "shop", "Key": "b+c.jpg", "LastModifiedDate": "2022-11-16T00:29:20.000Z"}]});
    for name in ["classified", "unchanged"] {
        let lines = run(&pipeline, &event, None).await;
        let names: Vec<_> = lines.iter().map(|line| line.outcome.name()).collect();
        assert_eq!(names, ["ignored", name, "ignored", "ignored"]);
        assert_eq!(world.rows.lock().unwrap().keys().collect::<Vec<_>>(), ["shop/a.jpg"]);
    }
}

#[tokio::test]
async fn what_is_not_begun_in_time_is_handed_back() {
    let world = World::default();
    let pipeline = pipeline(&world, 0);
    let mut log = Log::default();
    log.write(&world, 0, Some("hat"), Told::Order);
    let event = event(&log.undelivered);
    let lines = run(&pipeline, &event, Some(Instant::now())).await;
    assert!(matches!(&lines[0].outcome, Outcome::Retry(c) if c.code == "not_begun"));
    assert!(lines[0].outcome.words().contains("shop/a.jpg"));
    assert!(world.rows.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_done_in_time_is_given_up_and_not_written() {
    let world = World::default();
    let pipeline = pipeline(&world, 0);
    let mut log = Log::default();
    log.write(&world, 0, Some("..."), Told::Order);
    log.write(&world, 1, Some("hat"), Told::Order);
    let event = event(&log.undelivered);
    let deadline = Some(Instant::now() + std::time::Duration::from_millis(1500));
    let lines = run(&pipeline, &event, deadline).await;
    assert!(matches!(&lines[0].outcome, Outcome::Retry(c) if c.code == "given_up"));
    assert_eq!(lines[1].outcome.name(), "classified");
    assert_eq!(world.rows.lock().unwrap().len(), 1);
}

/// A change without a sequencer is a request to look; an old one beside it must not stop it.
#[tokio::test]
async fn an_older_change_does_not_swallow_one_without_order() {
    let world = World::default();
    let pipeline = pipeline(&world, 0);
    let mut log = Log::default();
    log.write(&world, 0, Some("hat"), Told::Order);
    log.write(&world, 0, Some("tie"), Told::Order);
    let older = log.undelivered[0].clone();
    run(&pipeline, &event(&log.undelivered[1..]), None).await;
    log.write(&world, 0, None, Told::Nothing);
    let event = event(&[older, log.undelivered[2].clone()]);
    let lines = run(&pipeline, &event, None).await;
    assert!(lines.iter().all(|line| line.outcome == Outcome::Removed), "{lines:?}");
    assert!(world.rows.lock().unwrap()["shop/a.jpg"].is_tombstone());
}

/// While two models are at work, the older one keeps its hands off what the newer one has said; of a
/// content that only the older one has seen, its word is better than none.
#[tokio::test]
async fn a_lower_generation_speaks_only_of_what_a_higher_one_has_not_seen() {
    let world = World::default();
    let (old, new) = (pipeline(&world, 0), pipeline(&world, 1));
    let mut log = Log::default();
    log.write(&world, 0, Some("hat"), Told::Order);
    let put = event(&log.undelivered.split_off(0));
    let named = async |pipeline, event| run(pipeline, event, None).await[0].outcome.name();
    let shelf = || world.row(&object(0)).unwrap().shelf.unwrap().to_string();
    assert_eq!((named(&old, &put).await, shelf()), ("classified", "hat by 0".to_owned()));
    assert_eq!((named(&new, &put).await, shelf()), ("classified", "hat by 1".to_owned()));
    assert_eq!((named(&old, &put).await, shelf()), ("unchanged", "hat by 1".to_owned()));
    // The same content under another fingerprint, as a copy in parts has it.
    world.objects.lock().unwrap().get_mut(&object(0)).unwrap().0.etag = ETag::new("hat-2");
    assert_eq!((named(&old, &put).await, shelf()), ("unchanged", "hat by 1".to_owned()));
    assert_eq!(world.row(&object(0)).unwrap().etag, Some(ETag::new("hat-2")));
    // Another content.
    log.write(&world, 0, Some("tie"), Told::Order);
    let put = event(&log.undelivered);
    assert_eq!((named(&old, &put).await, shelf()), ("classified", "tie by 0".to_owned()));
    assert_eq!((named(&new, &put).await, shelf()), ("classified", "tie by 1".to_owned()));
    // Back to the older model: deployed as a higher generation.
    let rules = Rules::parse(|_| None).unwrap();
    let back = Pipeline::new(&world, &world, ByText::new(0).of_generation(2), &rules);
    let lines = run(&back, &put, None).await;
    assert_eq!((lines[0].outcome.name(), shelf()), ("classified", "tie by 0".to_owned()));
    assert_eq!(world.row(&object(0)).unwrap().generation, 2);
}

/// What is in an archive can be looked at, but not fetched. Its restoration changes nothing else:
/// not its `ETag`, size or version.
#[tokio::test]
async fn an_archived_photo_is_rejected_and_classified_once_it_is_restored() {
    let world = World::default();
    let pipeline = pipeline(&world, 0);
    let mut log = Log::default();
    log.write(&world, 0, Some("hat"), Told::Order);
    world.archived.lock().unwrap().insert(object(0));
    let put = event(&log.undelivered);
    for _ in 0..2 {
        let lines = run(&pipeline, &put, None).await;
        let outcome = &lines[0].outcome;
        assert!(matches!(outcome, Outcome::Rejected(why) if why.code == "archived"));
        let row = world.row(&object(0)).unwrap();
        assert_eq!(row.shelf, Some(Shelf::Rejected));
        assert!(row.reason.unwrap().contains("restore it"));
        assert_eq!((row.size, row.content_sha256), (Some(3), None));
    }

    world.archived.lock().unwrap().clear();
    let restored = serde_json::json!({"Records": [{"eventName": "ObjectRestore:Completed",
        "s3": {"bucket": {"name": "shop"}, "object": {"key": KEYS[0]}}}]});
    let lines = run(&pipeline, &restored, None).await;
    assert_eq!(lines[0].outcome.name(), "classified");
    let row = world.row(&object(0)).unwrap();
    assert_eq!((row.shelf, row.reason), (Some("hat by 0".parse().unwrap()), None));

    // It goes back into the archive: what is known of it stays true, and what a person said, whatever
    // recipe comes.
    let label = Label::parse("scarf").unwrap();
    look_and_review(&world, object(0), label, false).await.unwrap();
    world.archived.lock().unwrap().insert(object(0));
    for recipe in [0, 1] {
        for event in [&put, &restored] {
            let lines = run(&self::pipeline(&world, recipe), event, None).await;
            assert_eq!(lines[0].outcome, Outcome::Unchanged);
            let row = world.row(&object(0)).unwrap();
            assert_eq!(row.shelf, Some("scarf".parse().unwrap()));
            assert_eq!((row.reason, row.recipe.as_deref()), (None, Some("0")));
        }
    }
    // Other content in the archive has no row of its own.
    log.write(&world, 0, Some("tie"), Told::Order);
    world.archived.lock().unwrap().insert(object(0));
    let lines = run(&pipeline, &event(&log.undelivered[1..]), None).await;
    assert!(matches!(&lines[0].outcome, Outcome::Rejected(why) if why.code == "archived"));
}
