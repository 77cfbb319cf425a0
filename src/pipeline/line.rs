//! What became of one change, beside what it was.

use serde::Serialize;

use super::outcome::Outcome;
use super::timings::Timings;
use crate::event::Message;

/// What became of one change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The id of its message.
    pub message_id: String,
    /// The object, `bucket/key`; none if the record could not be read.
    pub image: Option<String>,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took; zero for a change that was settled by another one of its key.
    #[serde(skip)]
    pub timings: Timings,
}

/// The outcomes of all entries of some messages, beside what they are outcomes of.
pub(crate) fn lines(
    messages: &[Message],
    outcomes: impl IntoIterator<Item = Outcome>,
) -> Vec<Line> {
    let entries = messages
        .iter()
        .flat_map(|message| message.entries.iter().map(move |entry| (&message.id, entry)));
    entries
        .zip(outcomes)
        .map(|((id, entry), outcome)| Line {
            message_id: id.clone(),
            image: entry.as_ref().ok().map(|change| change.object.to_string()),
            outcome,
            timings: Timings::default(),
        })
        .collect()
}
