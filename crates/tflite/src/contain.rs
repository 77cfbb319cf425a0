//! Turn a panic into a value.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work`; if it panics, gives the panic's message.
///
/// What `work` borrowed must not be used after a panic if it may be half written: hand over values that
/// the panic drops, or that are only read.
///
/// # Errors
///
/// The panic's message.
pub fn contain<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| message(payload.as_ref()))
}

fn message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a message".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::contain;

    #[test]
    fn a_value_passes_and_a_panic_becomes_its_message() {
        assert_eq!(contain(|| 7), Ok(7));
        assert_eq!(contain(|| -> u8 { panic!("plain") }), Err("plain".to_owned()));
        assert_eq!(contain(|| -> u8 { panic!("with {}", 3) }), Err("with 3".to_owned()));
        assert_eq!(
            contain(|| -> u8 { std::panic::panic_any(3_u8) }),
            Err("a panic without a message".to_owned())
        );
    }
}
