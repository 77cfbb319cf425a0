//! Tests of the settings.

use super::*;
use crate::classifier::{Choice, Colours, ModelFile, ModelHash, Normalise, Size};
use crate::object::ObjectId;

/// A setting's texts for tests.
pub(crate) struct Sample {
    pub setting: &'static Setting,
    /// Not the default.
    pub good: &'static str,
    /// None, if it takes any text.
    pub bad: Option<&'static str>,
}

const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// One for each setting.
pub(crate) const SAMPLES: &[Sample] = &[
    Sample { setting: &TABLE_NAME, good: "catalogue", bad: Some("a/b") },
    Sample { setting: &SHELF_SHARDS, good: "8", bad: Some("33") },
    Sample { setting: &MODEL_FILE, good: "my.tflite", bad: Some("s3://bucket") },
    Sample { setting: &MODEL_SHA256, good: SHA256, bad: Some("ba7816bf") },
    Sample { setting: &LABELS_FILE, good: "my labels.txt", bad: None },
    Sample { setting: &NORMALISE, good: "-1..1", bad: Some("1..-1") },
    Sample { setting: &INPUT_COLOURS, good: "bgr", bad: Some("grb") },
    Sample { setting: &INPUT_SIZE, good: "224x192", bad: Some("224") },
    Sample { setting: &OUTPUT_NUMBER, good: "1", bad: Some("first") },
    Sample { setting: &REVIEW_BELOW, good: "0.25", bad: Some("1.5") },
    Sample { setting: &GENERATION, good: "7", bad: Some("1.5") },
    Sample { setting: &MAX_BYTES, good: "10", bad: Some("25MB") },
    Sample { setting: &MAX_PIXELS, good: "20", bad: Some("0") },
    Sample { setting: &THREADS, good: "1000", bad: Some("two") },
    Sample { setting: &CONCURRENCY, good: "3", bad: Some("-1") },
    Sample { setting: &IN_FLIGHT_BYTES, good: "99", bad: Some("1e9") },
    Sample { setting: &KEY_PREFIX, good: "photos/", bad: None },
    Sample { setting: &URL_HOSTS, good: "a.example,b.example", bad: Some("a.example,10.0.0.1") },
    Sample { setting: &DEAD_LETTER_QUEUE, good: "https://sqs.example/1/dead", bad: Some("dead") },
    Sample { setting: &RUST_LOG, good: "debug", bad: None },
];

fn parse(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::parse(|name| {
        pairs.iter().find(|(n, _)| *n == name).map(|(_, text)| (*text).to_owned())
    })
}

#[test]
fn only_the_table_is_needed() {
    let settings = parse(&[("TABLE_NAME", "catalogue"), ("REVIEW_BELOW", "")]).unwrap();
    assert_eq!((settings.table.as_str(), settings.shards.get()), ("catalogue", 1));
    assert_eq!(settings.rules.limits, Limits::default());
    assert_eq!(settings.rules.review_below, None);
}

#[test]
fn every_setting_is_read() {
    let settings = parse(&[
        ("TABLE_NAME", "catalogue"),
        ("SHELF_SHARDS", "8"),
        ("MODEL_FILE", "m.tflite"),
        ("MODEL_SHA256", SHA256),
        ("LABELS_FILE", "l.txt"),
        ("NORMALISE", "-1..1"),
        ("INPUT_COLOURS", "bgr"),
        ("INPUT_SIZE", "224x192"),
        ("OUTPUT_NUMBER", "1"),
        ("REVIEW_BELOW", "0.25"),
        ("GENERATION", "7"),
        ("MAX_BYTES", "10"),
        ("MAX_PIXELS", "20"),
        ("CONCURRENCY", "3"),
        ("THREADS", "2"),
        ("IN_FLIGHT_BYTES", "99"),
        ("KEY_PREFIX", "photos/"),
        ("URL_HOSTS", "a.example,b.example"),
        ("DEAD_LETTER_QUEUE", "https://sqs.example/1/dead"),
    ])
    .unwrap();
    assert_eq!(settings.shards.get(), 8);
    let queue = settings.dead_letter_queue.unwrap();
    assert_eq!(queue.as_str(), "https://sqs.example/1/dead");
    let rules = settings.rules;
    let sha256 = Some(ModelHash::of(b"abc"));
    let said = Choice {
        model: Some(ModelFile::Path { path: "m.tflite".into(), sha256 }),
        labels: Some("l.txt".into()),
        normalise: Some(Normalise::MinusOneToOne),
        colours: Some(Colours::Bgr),
        size: Size::new(224, 192),
        output: Some(1),
    };
    assert_eq!(rules.model, ModelChoice::Local(said));
    assert_eq!(rules.review_below.map(Confidence::get), Some(0.25));
    assert_eq!(rules.generation, 7);
    assert_eq!((rules.limits.max_bytes, rules.limits.max_pixels), (10, 20));
    assert_eq!((rules.concurrency.get(), rules.threads.get()), (3, 2));
    assert_eq!((rules.in_flight_bytes.get(), rules.key_prefix.as_str()), (99, "photos/"));
    assert_eq!(rules.url_hosts, "a.example, b.example".parse().unwrap());
}

#[test]
fn every_mistake_is_named() {
    let error = parse(&[
        ("TABLE_NAME", "a/b"),
        ("SHELF_SHARDS", "0"),
        ("REVIEW_BELOW", "1.5"),
        ("MAX_BYTES", "25MB"),
        ("MAX_PIXELS", "0"),
        ("CONCURRENCY", "-1"),
        ("THREADS", "two"),
        ("IN_FLIGHT_BYTES", "1e9"),
        ("MODEL_FILE", "m.tflite"),
        ("NORMALISE", "1..-1"),
        ("URL_HOSTS", "a.example,10.0.0.1"),
    ])
    .unwrap_err();
    let names: Vec<&str> = error.0.iter().map(|m| m.split_once(' ').unwrap().0).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        [
            "CONCURRENCY",
            "IN_FLIGHT_BYTES",
            "MAX_BYTES",
            "MAX_PIXELS",
            "NORMALISE",
            "REVIEW_BELOW",
            "SHELF_SHARDS",
            "TABLE_NAME",
            "THREADS",
            "URL_HOSTS"
        ]
    );
    assert!(parse(&[("REVIEW_BELOW", "NaN")]).unwrap_err().to_string().contains("REVIEW_BELOW"));
    assert!(parse(&[]).unwrap_err().to_string().contains("TABLE_NAME is not set"));
    let alone = parse(&[("TABLE_NAME", "rows"), ("LABELS_FILE", "l.txt")]).unwrap_err();
    assert!(alone.to_string().contains("LABELS_FILE is 'l.txt', but no model is named"));
}

#[test]
fn a_model_in_a_bucket_is_pinned() {
    let place = [("TABLE_NAME", "rows"), ("MODEL_FILE", "s3://shop/m.tflite")];
    let error = parse(&place).unwrap_err().to_string();
    assert_eq!(
        error,
        "MODEL_SHA256 is not set, but MODEL_FILE needs it: s3://shop/m.tflite is not pinned"
    );
    let pinned = [&place[..], &[("MODEL_SHA256", SHA256), ("NORMALISE", "0..1")]].concat();
    let said = Choice { normalise: Some(Normalise::ZeroToOne), ..Choice::default() };
    assert_eq!(
        parse(&pinned).unwrap().rules.model,
        ModelChoice::InBucket {
            object: ObjectId::new("shop", "m.tflite").unwrap(),
            sha256: ModelHash::of(b"abc"),
            said
        }
    );
    let alone = parse(&[("TABLE_NAME", "rows"), ("MODEL_SHA256", SHA256)]).unwrap_err();
    assert!(alone.to_string().contains("no model is named: set MODEL_FILE too"), "{alone}");
}

#[test]
fn each_setting_takes_a_good_value_and_its_mistakes_name_it() {
    let sampled: Vec<&Setting> = SAMPLES.iter().map(|sample| sample.setting).collect();
    assert_eq!(sampled, ALL);
    let needed = [("TABLE_NAME", "rows"), ("MODEL_FILE", "m.tflite")];
    for Sample { setting, good, bad } in SAMPLES {
        let spaced = format!(" {good}\n");
        let given = |text| parse(&[&[(setting.name, text)], &needed[..]].concat());
        let taken = given(good).unwrap();
        // The log's setting is not among the fields.
        assert_eq!(taken == parse(&needed).unwrap(), **setting == RUST_LOG, "{}", setting.name);
        given(&spaced).unwrap();
        if let Some(bad) = bad {
            let SettingsError(mistakes) = given(bad).unwrap_err();
            let expected = setting.expected;
            assert_eq!(mistakes, [format!("{} is '{bad}': expected {expected}", setting.name)]);
        }
    }
}

#[test]
fn the_shards_of_a_table_are_read_alone() {
    let of = |text: Option<&str>| Settings::parse_shards(|_| text.map(str::to_owned));
    assert_eq!([of(None).unwrap().get(), of(Some(" 32 ")).unwrap().get()], [1, 32]);
    let error = of(Some("33")).unwrap_err().to_string();
    assert_eq!(error, "SHELF_SHARDS is '33': expected a whole number from 1 to 32");
}

#[test]
fn what_the_environment_leaves_empty_is_unset() {
    let unset = parse(&[("TABLE_NAME", "rows")]);
    let empty = Settings::parse(|name| {
        Some(if name == "TABLE_NAME" { "rows".to_owned() } else { String::new() })
    });
    assert_eq!(empty, unset);
    let none = parse(&[("TABLE_NAME", "")]).unwrap_err();
    assert_eq!(none.to_string(), "TABLE_NAME is not set: name the DynamoDB table for the rows");
}

#[test]
fn a_number_says_the_same_in_its_unit() {
    for (text, unit) in ALL.iter().filter_map(|setting| match setting.default {
        Unset::Text(text, unit) if !unit.is_empty() => Some((text, unit)),
        _ => None,
    }) {
        let (number, unit) = unit.split_once(' ').unwrap();
        let shift = [("MiB", 20), ("GiB", 30)].into_iter().find(|(name, _)| *name == unit).unwrap();
        let bytes = number.parse::<u64>().unwrap() << shift.1;
        assert_eq!(text, bytes.to_string());
    }
}

#[test]
fn a_value_keeps_its_range() {
    for text in ["0", "-0", "1", "1.0", "5e-1"] {
        assert!(text.parse::<Confidence>().is_ok(), "{text}");
    }
    for text in ["-0.1", "1.01", "NaN", "inf", "", "half"] {
        assert_eq!(text.parse::<Confidence>(), Err(ValueError), "{text}");
    }
    let longest = "a".repeat(255);
    for text in ["a.b", "A_b-1", &longest] {
        assert_eq!(text.parse::<TableName>().unwrap().as_str(), text);
    }
    for text in ["", "ab", "a b", "é.é", &"a".repeat(256)] {
        assert_eq!(text.parse::<TableName>(), Err(ValueError), "{text}");
    }
}
