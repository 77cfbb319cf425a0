//! What was found out a moment ago, and need not be found out anew.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A value that is kept for a while.
#[derive(Debug)]
pub struct Kept<T>(Mutex<Held<T>>);

#[derive(Debug)]
struct Held<T> {
    value: Option<(Instant, Arc<T>)>,
    /// What was true before this is not any more.
    forgotten: Option<Instant>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(Held { value: None, forgotten: None }))
    }
}

impl<T> Kept<T> {
    /// The value, if it is no older than this.
    pub fn get(&self, age: Duration) -> Option<Arc<T>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, value) = held.value.as_ref().filter(|(since, _)| since.elapsed() < age)?;
        Some(Arc::clone(value))
    }

    /// Keeps a value that was true at that time, unless all of that time was forgotten since.
    pub fn keep(&self, since: Instant, value: T) -> Arc<T> {
        let value = Arc::new(value);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.forgotten.is_none_or(|forgotten| since > forgotten) {
            held.value = Some((since, Arc::clone(&value)));
        }
        value
    }

    /// Forgets the value, and what is being found out.
    pub fn forget(&self) {
        let forgotten = Some(Instant::now());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Held { value: None, forgotten };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_kept_for_a_while() {
        let kept = Kept::default();
        assert_eq!(kept.get(Duration::MAX), None);
        kept.keep(Instant::now(), 7);
        assert_eq!(kept.get(Duration::from_mins(1)).as_deref(), Some(&7));
        assert_eq!(kept.get(Duration::ZERO), None);
        let since = Instant::now();
        kept.forget();
        assert_eq!(kept.get(Duration::MAX), None);
        // It was found out before.
        assert_eq!(*kept.keep(since, 7), 7);
        assert_eq!(kept.get(Duration::MAX), None);
        kept.keep(Instant::now() + Duration::from_secs(1), 8);
        assert_eq!(kept.get(Duration::MAX).as_deref(), Some(&8));
    }
}
