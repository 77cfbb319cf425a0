//! The most memory that the real `lambda` binary takes: for many records, for a large event, and
//! for large objects.
#![cfg(target_os = "linux")]

use serde_json::{Value, json};

use crate::helpers::{Embedded, TINY_MODEL, one_colour};
use crate::runtime::{Function, MINUTE, RuntimeApi};

const MIB: u64 = 1 << 20;

/// The program with a small model, the SDK's buffers, and 16 keys in work.
const AT_REST: u64 = 100 * MIB;
/// 6 MB of JSON as text, as a tree, and as changes; and a line for each record.
const EVENT: u64 = 50 * MIB;
/// By default (`IN_FLIGHT_BYTES` is 1 GiB): a quarter of it for what is fetched, and two large
/// objects decoded, one on each thread.
const PHOTOS: u64 = (256 + 2 * 70) * MIB;
/// A small `IN_FLIGHT_BYTES`, three quarters of which a large object just fits into when decoded.
const SMALL_BUDGET: u64 = 128 * MIB;
/// All of it.
const SMALL_PHOTOS: u64 = SMALL_BUDGET;

/// Starts the function, has one event dealt with, and returns the answer and the most memory it
/// took.
async fn run(embedded: &Embedded, event: Value, settings: &[(&str, &str)]) -> (Value, u64) {
    let mut api = RuntimeApi::start().await;
    let settings = [&[("MODEL_FILE", TINY_MODEL), ("THREADS", "2")], settings].concat();
    let function = Function::start_with(&api, embedded, &settings);
    let (kind, answer) = api.invoke(event, 5 * MINUTE).await;
    assert_eq!(kind, "response", "{answer}");
    (answer, function.peak_memory().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_records_take_little_memory() {
    let embedded = Embedded::start().await;
    // Of a thousand keys, every tenth is there.
    for key in (0..1000).step_by(10) {
        embedded.put(&format!("{key}.png"), one_colour([250, 0, 0])).await;
    }
    let record = |number: usize| {
        let key = format!("{}.png", number % 1000);
        embedded.record("ObjectCreated:Put", &key, &format!("{number:016X}"))
    };
    let records: Vec<Value> = (0..10_000).map(record).collect();
    let (answer, peak) = run(&embedded, json!({"Records": records}), &[]).await;
    println!("10,000 records: {} MiB", peak / MIB);
    assert_eq!(answer, json!({}));
    for key in (0..1000).step_by(10) {
        let row = embedded.row(&format!("{key}.png")).await.unwrap();
        assert_eq!(row.sequencer, format!("{:016X}", 9000 + key).parse().ok());
        assert!(embedded.is_right(&format!("{key}.png")).await);
    }
    assert!(embedded.row("1.png").await.unwrap().is_tombstone());
    assert!(peak < AT_REST + EVENT, "{} MiB", peak / MIB);
}

/// 6 MB is the most that Lambda hands over.
///
/// Source: AWS Lambda developer guide, "Lambda quotas".
#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_six_megabytes_takes_little_memory() {
    let embedded = Embedded::start().await;
    embedded.put("a.png", one_colour([0, 250, 0])).await;
    let record = embedded.record("ObjectCreated:Put", "a.png", "01");
    let body = json!({"Records": vec![record; 1350]}).to_string();
    let poison = "p".repeat(body.len());
    let bodies: Vec<&str> = (0..25).map(|i| if i % 5 == 4 { &*poison } else { &*body }).collect();
    let messages: Vec<Value> = bodies
        .iter()
        .enumerate()
        .map(
            |(i, body)| json!({"messageId": i.to_string(), "eventSource": "aws:sqs", "body": body}),
        )
        .collect();
    let event = json!({"Records": messages});
    let size = event.to_string().len();
    assert!((5_500_000..6_500_000).contains(&size), "{size}");
    let (answer, peak) = run(&embedded, event, &[]).await;
    println!("an event of {size} bytes: {} MiB", peak / MIB);
    let failures: Vec<Value> =
        (0..5).map(|i| json!({"itemIdentifier": (i * 5 + 4).to_string()})).collect();
    assert_eq!(answer, json!({"batchItemFailures": failures}));
    assert!(embedded.is_right("a.png").await);
    assert!(peak < AT_REST + EVENT, "{} MiB", peak / MIB);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_photos_wait_for_room() {
    const PHOTO_COUNT: usize = 40;
    let embedded = Embedded::start().await;
    // As large as a photo may be: 25 MiB.
    let picture = image::RgbImage::from_fn(2900, 3000, |x, y| {
        image::Rgb([u8::try_from(x % 256).unwrap(), u8::try_from(y % 256).unwrap(), 0])
    });
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, image::ImageFormat::Bmp).unwrap();
    let file = file.into_inner();
    assert!((24 << 20..=25 << 20).contains(&file.len()), "{}", file.len());
    let keys: Vec<String> = (0..PHOTO_COUNT).map(|i| format!("{i}.bmp")).collect();
    for key in &keys {
        embedded.put(key, file.clone()).await;
    }
    let mut peaks = Vec::new();
    let budget = SMALL_BUDGET.to_string();
    for (round, settings) in [&[][..], &[("IN_FLIGHT_BYTES", budget.as_str())]].iter().enumerate() {
        let sequencer = format!("0{}", round + 1);
        let records: Vec<Value> =
            keys.iter().map(|key| embedded.record("ObjectCreated:Put", key, &sequencer)).collect();
        let (answer, peak) = run(&embedded, json!({"Records": records}), settings).await;
        println!("{PHOTO_COUNT} photos of {} bytes, {settings:?}: {} MiB", file.len(), peak / MIB);
        assert_eq!(answer, json!({}));
        for key in &keys {
            let row = embedded.row(key).await.unwrap();
            assert_eq!(
                (row.sequencer, row.format.as_deref()),
                (sequencer.parse().ok(), Some("bmp"))
            );
        }
        peaks.push(peak);
    }
    // The second time all is classified again: the budget for decoded photos is part of the recipe.
    assert!(peaks[0] < AT_REST + PHOTOS, "{} MiB", peaks[0] / MIB);
    assert!(peaks[1] < AT_REST + SMALL_PHOTOS, "{} MiB", peaks[1] / MIB);
    assert!(peaks[1] < peaks[0], "{peaks:?}");
}
