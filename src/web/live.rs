//! What becomes of photos, while somebody looks.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream;
use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::catalogue::{Row, Shelf};
use crate::pipeline::{Line, Outcome};

/// Changes that a slow listener may be behind; what it misses then, it is told that it has missed.
const BEHIND: usize = 1024;

/// Tells listeners what becomes of each photo, as server-sent events.
#[derive(Debug, Clone)]
pub struct Live(broadcast::Sender<LiveChange>);

/// What became of a photo.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveChange {
    /// `bucket/key`.
    pub image: String,
    /// The object's bucket.
    pub bucket: String,
    /// The object's key, decoded.
    pub key: String,
    /// The outcome's name; `changed` where a person said what it shows.
    pub outcome: &'static str,
    /// Where it stands now, if that is known.
    pub shelf: Option<Shelf>,
    /// The model's top label.
    pub label: Option<String>,
    /// Its probability.
    pub confidence: Option<f32>,
    /// Why it is rejected, or must be tried again.
    pub reason: Option<String>,
}

impl LiveChange {
    /// What a line of a report says of a photo; nothing, if it names none.
    #[must_use]
    pub fn of(line: &Line) -> Option<Self> {
        let image = line.image.clone()?;
        let (bucket, key) = image.split_once('/')?;
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        let mut change = Self {
            image,
            bucket,
            key,
            outcome: line.outcome.name(),
            shelf: None,
            label: None,
            confidence: None,
            reason: None,
        };
        match &line.outcome {
            Outcome::Classified { label, confidence, shelf } => {
                change.shelf = Some(shelf.clone());
                change.label = Some(label.to_string());
                change.confidence = Some(*confidence);
            }
            Outcome::Rejected(rejection) => {
                change.shelf = Some(Shelf::Rejected);
                change.reason = Some(rejection.message.clone());
            }
            Outcome::Retry(cause) => change.reason = Some(cause.message.clone()),
            _ => {}
        }
        Some(change)
    }

    /// What follows from what a person said of a photo.
    pub(super) fn reviewed(row: &Row) -> Self {
        Self {
            image: row.image.clone(),
            bucket: row.bucket.clone(),
            key: row.key.clone(),
            outcome: "changed",
            shelf: row.shelf.clone(),
            label: row.label.as_ref().map(ToString::to_string),
            confidence: row.confidence,
            reason: None,
        }
    }
}

impl Default for Live {
    fn default() -> Self {
        Self(broadcast::channel(BEHIND).0)
    }
}

impl Live {
    /// Tells all who listen.
    pub fn tell(&self, change: LiveChange) {
        // That nobody listens is no error.
        let _ = self.0.send(change);
    }

    /// A stream of server-sent events: `change`, or `missed` where the listener was too slow.
    pub(super) fn listen(&self) -> impl IntoResponse + use<> {
        let events = stream::unfold(self.0.subscribe(), |mut changes| async {
            let event = match changes.recv().await {
                Ok(change) => Event::default().event("change").json_data(change).ok()?,
                Err(RecvError::Lagged(_)) => Event::default().event("missed").data(""),
                Err(RecvError::Closed) => return None,
            };
            Some((Ok::<_, Infallible>(event), changes))
        });
        Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Timings;

    #[test]
    fn a_line_that_names_a_photo_is_told() {
        let line = |image: Option<&str>| Line {
            message_id: "m".into(),
            image: image.map(Into::into),
            outcome: Outcome::Removed,
            timings: Timings::default(),
        };
        let change = LiveChange::of(&line(Some("shop/a/b.jpg"))).unwrap();
        assert_eq!((change.bucket.as_str(), change.key.as_str()), ("shop", "a/b.jpg"));
        assert_eq!(change.outcome, "removed");
        assert_eq!(LiveChange::of(&line(None)), None);
    }
}
