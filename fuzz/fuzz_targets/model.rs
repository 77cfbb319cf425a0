//! A hostile model file is loaded and, if it can be, shown a photo.
//!
//! A file may be refused, but our own code must not panic on it, whoever would contain that; nothing
//! may panic where nobody contains it; and neither time nor memory may run out.

#![no_main]

// The modules alone, so that the rest of the program need not be built.
#[allow(dead_code, unused_imports)]
#[path = "../../src/classifier/mod.rs"]
mod classifier;
#[allow(dead_code, unused_imports)]
#[path = "../../src/photo/mod.rs"]
mod photo;

use std::alloc::System;
use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::abort;
use std::sync::{Mutex, PoisonError};

use cap::Cap;
use classifier::{Classifier, ModelError};
use libfuzzer_sys::fuzz_target;
use photo::Photo;

/// Allocating more than a gigabyte in all is a failure, even of memory that is never touched and so
/// is not part of what `-rss_limit_mb` measures.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, 1 << 30);

/// Labels are left out: they come from the model's metadata, if it has any.
const DESCRIPTION: &str = "[input]\nmean = [127.5, 127.5, 127.5]\nstd = [127.5, 127.5, 127.5]\n";

/// The largest input that is shown a photo, so that one try takes little time.
const MAX_SIDE: u32 = 64;

/// The most outputs that are given names.
const MAX_OUTPUTS: usize = 1000;

/// Our own sources, as they are in the place of a panic.
const OWN: [&str; 2] = ["src/classifier", "src/photo"];

/// What the last panic of foreign code said, in case nobody contains it.
static FOREIGN: Mutex<String> = Mutex::new(String::new());

fuzz_target!(
    init: panic::set_hook(Box::new(hook)),
    |data: &[u8]| {
        if panic::catch_unwind(AssertUnwindSafe(|| try_model(data))).is_err() {
            let last = FOREIGN.lock().unwrap_or_else(PoisonError::into_inner);
            eprintln!("a panic was not contained: {last}");
            abort();
        }
    }
);

/// The engine may panic, as long as somebody contains it: that is not for us to mend. Our own code
/// must not.
fn hook(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or("", |place| place.file());
    if is_own(place) || is_std(place) && is_own(&caller_of_std()) {
        eprintln!("{panic}\n{}", Backtrace::force_capture());
        abort();
    }
    let mut last = FOREIGN.lock().unwrap_or_else(PoisonError::into_inner);
    last.clear();
    let _ = write!(last, "{panic}");
}

fn is_own(file: &str) -> bool {
    OWN.iter().any(|own| file.contains(own))
}

fn is_std(file: &str) -> bool {
    file.contains("/library/")
}

/// The source file of the function that called the standard library, in which the panic is. It takes
/// some time, but few panics are there.
fn caller_of_std() -> String {
    let trace = Backtrace::force_capture().to_string();
    let places = trace.lines().filter_map(|line| line.trim_start().strip_prefix("at "));
    // The hook itself is a part of the trace.
    let mut others = places.filter(|place| !is_std(place) && !place.contains(file!()));
    others.next().unwrap_or_default().to_owned()
}

fn try_model(file: &[u8]) {
    let classifier = match Classifier::from_bytes(file, DESCRIPTION) {
        // Most models say nothing of labels. Classifying must be reached all the same.
        Err(ModelError::NoLabels { outputs }) if outputs <= MAX_OUTPUTS => {
            let labels: Vec<String> = (0..outputs).map(|n| n.to_string()).collect();
            Classifier::from_bytes(file, &format!("labels = {labels:?}\n{DESCRIPTION}"))
        }
        classifier => classifier,
    };
    match classifier {
        Ok(classifier) => show_photo(&classifier),
        Err(error) => drop(error.to_string()),
    }
}

fn show_photo(classifier: &Classifier) {
    const SIDE: u32 = 8;
    let input = &classifier.description().input;
    if input.width > MAX_SIDE || input.height > MAX_SIDE {
        return;
    }
    let grey = vec![128; (SIDE * SIDE * 3) as usize];
    let photo = Photo::from_rgb(SIDE, SIDE, grey).expect("a photo of this size");
    match classifier.classify(&photo) {
        Ok(scores) => assert_eq!(scores.iter().count(), classifier.description().labels.len()),
        Err(error) => drop(error.to_string()),
    }
}
