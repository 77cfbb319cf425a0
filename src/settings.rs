//! What can be set, as one typed struct: read once, from flags and the environment.
//!
//! Every setting is a text under a name (`MAX_BYTES`, ...), wherever it comes from. All of them are
//! parsed together, so that a deployment with three mistakes hears of three.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;

use crate::bucket::Hosts;
use crate::classifier::Choice;
use crate::photo::Limits;

/// How many keys are worked on at a time, unless `CONCURRENCY` says otherwise.
const CONCURRENCY: usize = 16;
/// What may be in memory of photos at a time, unless `IN_FLIGHT_BYTES` says otherwise: 1 GiB.
/// Three quarters are for decoded photos: enough for a progressive JPEG of 50 megapixels.
const IN_FLIGHT_BYTES: u64 = 1 << 30;

/// What the function needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `TABLE_NAME`: where rows are written.
    pub table: String,
    /// The rest, which does not depend on where rows are written.
    pub rules: Rules,
}

/// How photos are classified.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// `MODEL_FILE`: a `.tflite` file; otherwise the embedded model. `LABELS_FILE` and `NORMALISE`:
    /// what is not written in or beside it.
    pub model: Choice,
    /// `REVIEW_BELOW`: a confidence, 0 to 1; otherwise the model's own.
    pub review_below: Option<f32>,
    /// `MAX_BYTES` and `MAX_PIXELS`: what a photo may have.
    pub limits: Limits,
    /// `CONCURRENCY`: keys worked on at a time.
    pub concurrency: NonZeroUsize,
    /// `THREADS`: photos decoded and classified at a time; otherwise one a core.
    pub threads: NonZeroUsize,
    /// `IN_FLIGHT_BYTES`: what may be in memory of photos at a time, decoded ones included.
    pub in_flight_bytes: NonZeroU64,
    /// `KEY_PREFIX`: keys outside it are ignored.
    pub key_prefix: String,
    /// `URL_HOSTS`: hosts from which photos on the web are scored, for who calls with their URL; none
    /// unless they are named.
    pub url_hosts: Hosts,
}

/// All mistakes in the settings.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", .0.join("; "))]
pub struct SettingsError(pub Vec<String>);

impl Settings {
    /// Reads the settings. `lookup` gives a setting's text by its name; empty is unset.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut texts = Texts { lookup, mistakes: Vec::new() };
        let table = texts.text("TABLE_NAME").unwrap_or_default();
        if table.is_empty() {
            texts
                .mistakes
                .push("TABLE_NAME is not set: name the DynamoDB table for the rows".into());
        } else if !is_table_name(&table) {
            texts.mistakes.push(format!(
                "TABLE_NAME is '{table}': expected 3 to 255 of a-z, A-Z, 0-9, '_', '-' and '.'"
            ));
        }
        let rules = Rules::read(&mut texts);
        texts.finish(Self { table, rules })
    }
}

impl Rules {
    /// Reads the settings that do not depend on where rows are written.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut texts = Texts { lookup, mistakes: Vec::new() };
        let rules = Self::read(&mut texts);
        texts.finish(rules)
    }

    fn read<F: Fn(&str) -> Option<String>>(texts: &mut Texts<F>) -> Self {
        let defaults = Limits::default();
        let whole = "expected a whole number from 1";
        let max_bytes: Option<NonZeroU64> = texts.parse("MAX_BYTES", whole);
        let max_pixels: Option<NonZeroU64> = texts.parse("MAX_PIXELS", whole);
        let review_below: Option<f32> =
            texts.parse("REVIEW_BELOW", "expected a number from 0 to 1");
        if let Some(wrong) = review_below.filter(|below| !(0.0..=1.0).contains(below)) {
            texts
                .mistakes
                .push(format!("REVIEW_BELOW is '{wrong}': expected a number from 0 to 1"));
        }
        let model = Choice {
            model: texts.text("MODEL_FILE").map(PathBuf::from),
            labels: texts.text("LABELS_FILE").map(PathBuf::from),
            normalise: texts.parse("NORMALISE", "expected -1..1, 0..1, 0..255 or imagenet"),
        };
        if model.model.is_none() {
            for name in ["LABELS_FILE", "NORMALISE"] {
                if let Some(text) = texts.text(name) {
                    texts.mistakes.push(format!(
                        "{name} is '{text}', but no model is named: set MODEL_FILE too"
                    ));
                }
            }
        }
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            model,
            review_below,
            limits: Limits {
                max_bytes: max_bytes.map_or(defaults.max_bytes, NonZeroU64::get),
                max_pixels: max_pixels.map_or(defaults.max_pixels, NonZeroU64::get),
            },
            concurrency: texts
                .parse("CONCURRENCY", whole)
                .or(NonZeroUsize::new(CONCURRENCY))
                .unwrap_or(NonZeroUsize::MIN),
            threads: texts.parse("THREADS", whole).unwrap_or(cores),
            in_flight_bytes: texts
                .parse("IN_FLIGHT_BYTES", whole)
                .or(NonZeroU64::new(IN_FLIGHT_BYTES))
                .unwrap_or(NonZeroU64::MIN),
            key_prefix: texts.text("KEY_PREFIX").unwrap_or_default(),
            url_hosts: texts
                .parse("URL_HOSTS", "expected names of hosts, with commas between them")
                .unwrap_or_default(),
        }
    }
}

/// Source: Amazon `DynamoDB` developer guide, "Naming rules".
fn is_table_name(name: &str) -> bool {
    (3..=255).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

struct Texts<F> {
    lookup: F,
    mistakes: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Texts<F> {
    fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|text| !text.is_empty())
    }

    fn parse<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let text = self.text(name)?;
        let value = text.trim().parse().ok();
        if value.is_none() {
            self.mistakes.push(format!("{name} is '{text}': {expected}"));
        }
        value
    }

    fn finish<T>(self, value: T) -> Result<T, SettingsError> {
        if self.mistakes.is_empty() { Ok(value) } else { Err(SettingsError(self.mistakes)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::Normalise;

    fn parse(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::parse(|name| {
            pairs.iter().find(|(n, _)| *n == name).map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn only_the_table_is_needed() {
        let settings = parse(&[("TABLE_NAME", "catalogue"), ("REVIEW_BELOW", "")]).unwrap();
        assert_eq!(settings.table, "catalogue");
        assert_eq!(settings.rules.limits, Limits::default());
        assert_eq!(settings.rules.review_below, None);
    }

    #[test]
    fn every_setting_is_read() {
        let settings = parse(&[
            ("TABLE_NAME", "catalogue"),
            ("MODEL_FILE", "m.tflite"),
            ("LABELS_FILE", "l.txt"),
            ("NORMALISE", "-1..1"),
            ("REVIEW_BELOW", "0.25"),
            ("MAX_BYTES", "10"),
            ("MAX_PIXELS", "20"),
            ("CONCURRENCY", "3"),
            ("THREADS", "2"),
            ("IN_FLIGHT_BYTES", "99"),
            ("KEY_PREFIX", "photos/"),
            ("URL_HOSTS", "a.example,b.example"),
        ])
        .unwrap();
        let rules = settings.rules;
        assert_eq!(rules.model.model, Some(PathBuf::from("m.tflite")));
        assert_eq!(rules.model.labels, Some(PathBuf::from("l.txt")));
        assert_eq!(rules.model.normalise, Some(Normalise::MinusOneToOne));
        assert_eq!(rules.review_below, Some(0.25));
        assert_eq!((rules.limits.max_bytes, rules.limits.max_pixels), (10, 20));
        assert_eq!((rules.concurrency.get(), rules.threads.get()), (3, 2));
        assert_eq!((rules.in_flight_bytes.get(), rules.key_prefix.as_str()), (99, "photos/"));
        assert_eq!(rules.url_hosts, "a.example, b.example".parse().unwrap());
    }

    #[test]
    fn every_mistake_is_named() {
        let error = parse(&[
            ("TABLE_NAME", "a/b"),
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
                "TABLE_NAME",
                "THREADS",
                "URL_HOSTS"
            ]
        );
        assert!(
            parse(&[("REVIEW_BELOW", "NaN")]).unwrap_err().to_string().contains("REVIEW_BELOW")
        );
        assert!(parse(&[]).unwrap_err().to_string().contains("TABLE_NAME is not set"));
        let alone = parse(&[("TABLE_NAME", "rows"), ("LABELS_FILE", "l.txt")]).unwrap_err();
        assert!(alone.to_string().contains("LABELS_FILE is 'l.txt', but no model is named"));
    }
}
