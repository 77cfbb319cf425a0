//! What became of a backfill, in numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::cli::output::{self, Format};
use crate::object::ObjectId;

/// What a run did. The names in its JSON are public: programs read them.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// Objects by outcome; those that were sent to the queue are `sent`.
    outcomes: BTreeMap<&'static str, u64>,
    /// Bytes of these, as far as they are known.
    bytes: u64,
    /// What could not be done, after some tries.
    pub failed: Vec<Failed>,
    /// What earlier runs had settled, by the checkpoint.
    pub settled_before: u64,
    /// Whether it was stopped before it was through.
    #[serde(rename = "stopped")]
    pub is_stopped: bool,
    seconds: f64,
    photos_a_second: f64,
}

/// An object that could not be dealt with.
#[derive(Debug, Serialize)]
pub struct Failed {
    image: String,
    error: String,
}

impl Summary {
    /// One of a run that goes on where others settled so many.
    pub fn after(settled_before: u64) -> Self {
        Self { settled_before, ..Self::default() }
    }

    /// One more is done.
    pub fn count(&mut self, outcome: &'static str, size: Option<u64>) {
        *self.outcomes.entry(outcome).or_default() += 1;
        self.bytes += size.unwrap_or_default();
    }

    /// One could not be done.
    pub fn fail(&mut self, object: &ObjectId, error: String) {
        self.failed.push(Failed { image: object.to_string(), error });
    }

    /// How many are done.
    pub fn settled(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// Takes in how long it took.
    #[allow(clippy::cast_precision_loss)] // A rate.
    pub fn took(&mut self, time: Duration) {
        self.seconds = (time.as_secs_f64() * 1000.0).round() / 1000.0;
        let rate = self.settled() as f64 / time.as_secs_f64().max(0.001);
        self.photos_a_second = (rate * 10.0).round() / 10.0;
    }

    /// Prints it.
    #[allow(clippy::cast_precision_loss)] // Megabytes.
    pub fn print(&self, format: Format) -> std::io::Result<()> {
        if format == Format::Json {
            return output::json(self);
        }
        let mut table = output::table(&["outcome", "objects"]);
        for (outcome, count) in &self.outcomes {
            table.add_row(vec![output::standing(outcome), count.to_string().into()]);
        }
        if !self.failed.is_empty() {
            let count = self.failed.len().to_string();
            table.add_row(vec![output::standing("retry"), count.into()]);
        }
        output::print_table(&table)?;
        let before = match self.settled_before {
            0 => String::new(),
            before => format!("; earlier runs settled {before}"),
        };
        output::line(&format!(
            "\n{} objects, {:.1} MB, {:.1} s, {:.1} photos a second{before}{}",
            self.settled(),
            self.bytes as f64 / 1e6,
            self.seconds,
            self.photos_a_second,
            if self.is_stopped { "; stopped before the end" } else { "" },
        ))?;
        for failed in &self.failed {
            output::line(&output::shown(&format!("{}: {}", failed.image, failed.error)))?;
        }
        Ok(())
    }
}
