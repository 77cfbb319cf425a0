//! Panics as log lines.

use std::panic;

/// Lets each panic be a log line like all others, with a level and a time, and the place where it was.
///
/// Most of them are contained: one photo's panic is that photo's rejection. Without this, what the
/// standard library writes of them has neither, and Lambda makes of it one line that nobody finds.
pub(super) fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let thread = std::thread::current();
        tracing::error!(
            code = "panic",
            place,
            thread = thread.name(),
            "the program panicked: {}",
            panic.payload_as_str().unwrap_or("no words")
        );
    }));
}
