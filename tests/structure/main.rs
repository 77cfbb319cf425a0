//! The structure of the code, as ARCHITECTURE.md and the documentation of the modules say it: data goes
//! one way, and no files import each other in a circle.

// Helpers fail a test by panicking, as tests do.
#![allow(clippy::unwrap_used)]

mod profile;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use source::{Crate, circle};

/// What each module may take from which others, from left to right.
const ARROWS: [(&str, &[&str]); 19] = [
    ("address", &[]),
    ("code", &[]),
    ("label", &[]),
    ("object", &[]),
    ("unwinding", &[]),
    ("event", &["address", "object"]),
    ("bucket", &["address", "code", "object"]),
    ("photo", &["code"]),
    ("classifier", &["code", "label", "photo"]),
    ("catalogue", &["bucket", "code", "label", "object"]),
    ("settings", &["bucket", "catalogue", "classifier", "object", "photo"]),
    ("model_file", &["bucket", "classifier", "object", "settings"]),
    (
        "pipeline",
        &[
            "address",
            "bucket",
            "catalogue",
            "classifier",
            "code",
            "event",
            "label",
            "model_file",
            "object",
            "photo",
            "settings",
        ],
    ),
    (
        "handler",
        &[
            "bucket",
            "catalogue",
            "classifier",
            "code",
            "event",
            "label",
            "model_file",
            "pipeline",
            "settings",
        ],
    ),
    ("aws", &["catalogue"]),
    ("telemetry", &["address", "catalogue", "code", "handler", "label", "pipeline", "settings"]),
    (
        "web",
        &[
            "aws",
            "bucket",
            "catalogue",
            "label",
            "model_file",
            "object",
            "photo",
            "pipeline",
            "settings",
        ],
    ),
    ("local", &["catalogue"]),
    (
        "cli",
        &[
            "aws",
            "bucket",
            "catalogue",
            "classifier",
            "code",
            "event",
            "handler",
            "label",
            "local",
            "model_file",
            "object",
            "photo",
            "pipeline",
            "settings",
            "telemetry",
            "web",
        ],
    ),
];

#[test]
fn data_goes_one_way() {
    let lookbook = read("src");
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in lookbook.arrows() {
        // The binaries are crates of their own.
        let Some(room) = from.first().filter(|room| !matches!(room.as_str(), "bin" | "main"))
        else {
            continue;
        };
        let others = to.into_iter().filter_map(|to| to.first()).filter(|other| *other != room);
        found.entry(room).or_default().extend(others.map(String::as_str));
    }
    let written: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(room, others)| (*room, others.iter().copied().collect())).collect();
    assert_eq!(found, written, "what the code takes (left), and what is written here (right)");
    let order: Vec<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    for (place, (room, others)) in ARROWS.iter().enumerate() {
        for other in *others {
            assert!(order[..place].contains(other), "{room} reaches back to {other}");
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    for folder in ["src", "crates/tflite/src"] {
        let circle = circle(&read(folder).arrows()).map(|circle| {
            circle.iter().map(|module| module.join("::")).collect::<Vec<_>>().join(" -> ")
        });
        assert_eq!(circle, None, "in {folder}");
    }
}

/// The compiler denies it elsewhere.
#[test]
fn one_module_may_be_unsafe() {
    let mut files = Vec::new();
    for folder in ["src", "crates", "tests", "benches", "fuzz/fuzz_targets"] {
        find(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    let lifts = ["allow", "expect", "warn"].map(|lift| format!("{lift}(unsafe_code"));
    files.retain(|file| {
        let text = fs::read_to_string(file).unwrap();
        lifts.iter().any(|lift| text.contains(lift))
    });
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert_eq!(files, [root.join("crates/tflite/src/kernels/prefetch.rs")]);
}

/// A check that finds nothing is worth nothing.
#[test]
fn circles_are_found_however_they_are_written() {
    let circle_of = |a: &str, b: &str, story: &str| {
        let files = [("m/mod.rs", story), ("m/a.rs", a), ("m/b.rs", b), ("lib.rs", "mod m;")];
        let files = Crate::read(files);
        circle(&files.arrows()).map(|circle| circle.len())
    };
    let story = "mod a;\nmod b;\npub use a::{A, other as Other};\npub(crate) use b::B;";
    for (a, b) in [
        ("use super::b::B;", "use super::a::A;"),
        ("use super::{B, C};", "use crate::m::{c::D, a::{self, A}};"),
        ("fn f() -> super::b::B { '\"' }", "use crate::m::Other as Something;"),
        ("type T<'a> = &'a crate::m::B; ", "/* \" */ const S: &str = \"\\\"\"; use super::A;"),
    ] {
        assert_eq!(circle_of(a, b, story), Some(2), "{a} {b}");
    }
    for (a, b) in [
        ("use super::b::B;", "// use super::a::A;"),
        ("use super::B;", "const A: &str = \"use super::A;\";"),
        ("use super::B;", "use std::m::A;"),
        ("use super::B;", "#[cfg(test)]\nmod tests {\n use super::super::A; }"),
    ] {
        assert_eq!(circle_of(a, b, story), None, "{a} {b}");
    }
}

fn read(folder: &str) -> Crate {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    find(&root, &mut files);
    assert!(files.len() > 3, "{} files in {folder}", files.len());
    let sources: Vec<(String, String)> = files
        .iter()
        .map(|file| {
            let name = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(file).unwrap())
        })
        .collect();
    Crate::read(sources.iter().map(|(name, text)| (name.as_str(), text.as_str())))
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
