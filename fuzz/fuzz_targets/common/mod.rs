//! What all targets share: how a try is judged, and how much memory it may take.
//!
//! Our own code must not panic, whoever would contain that; foreign code must not where nobody
//! contains it; and memory must not run out. `-timeout` sees to the time.

use std::alloc::System;
use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::abort;
use std::sync::{Mutex, PoisonError};

use cap::Cap;

/// The most memory in bytes that any try may take.
pub const MOST: usize = 1 << 30;

/// Allocating more in all is a failure, even of memory that is never touched and so is not part of
/// what `-rss_limit_mb` measures.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, MOST);

/// Our own sources, as they are in the place of a panic.
const OWN: [&str; 4] = ["crates/tflite/src", "src/classifier", "src/event", "src/photo"];

/// What the last panic of foreign code said, in case nobody contains it.
static FOREIGN: Mutex<String> = Mutex::new(String::new());

/// To be called once, before the first try.
pub fn watch() {
    panic::set_hook(Box::new(hook));
}

/// One try: a panic that comes out of it is a failure.
pub fn attempt(work: impl FnOnce()) {
    if panic::catch_unwind(AssertUnwindSafe(work)).is_err() {
        let last = FOREIGN.lock().unwrap_or_else(PoisonError::into_inner);
        eprintln!("a panic was not contained: {last}");
        abort();
    }
}

/// Does something that may hold no more than so many bytes beside what is held already. Needing more
/// is a failure: "memory allocation of ... bytes failed". It is an error of `work` where that asks
/// whether there is memory; so a caller should see whether the error is the same without this.
pub fn within<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    limit(MEMORY.allocated().saturating_add(bytes).min(MOST));
    let result = work();
    limit(MOST);
    result
}

fn limit(bytes: usize) {
    // Refused only if more is held already, which the next allocation will tell.
    let _ = MEMORY.set_limit(bytes);
}

/// Foreign code may panic, as long as somebody contains it: that is not for us to mend. Our own must
/// not.
fn hook(panic: &PanicHookInfo<'_>) {
    // A backtrace takes memory that is not the try's.
    limit(MOST);
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
