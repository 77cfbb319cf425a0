//! `lookbook query`: reads the catalogue.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::process::ExitCode;

use clap::Args;

use super::args::DirArgs;
use super::listing::{Selection, list, may_be_empty, shelves};
use super::output::{self, Format};
use super::place::{self, Place};
use crate::catalogue::{DynamoDb, Listing, Row, Shelf};
use crate::label::Label;
use crate::object::ObjectId;

/// Read the catalogue, newest first
///
/// Reads the embedded table (`--dir`), or a table on AWS (`--table`, with the usual AWS
/// environment). With `--format json`, one object a line. The exit code is 1 if `--image` names no
/// row, and 2 if there is no such shelf. A removed object has a row without a shelf for seven days: only `--image` shows it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lookbook query --shelf hat --min-confidence 0.9\n  lookbook query --image 'photos/new in/été/hat-1.jpg' --format json\n  lookbook query --table lookbook --shelf review --limit 20"
)]
pub struct Query {
    #[command(flatten)]
    dir: DirArgs,
    /// A table on AWS, instead of the embedded one
    #[arg(long, value_name = "T", conflicts_with = "dir")]
    table: Option<String>,
    /// Only this shelf: a label, `review` or `rejected`
    #[arg(long, value_name = "S", conflicts_with = "image")]
    shelf: Option<Shelf>,
    /// Only rows whose confidence is at least this
    #[arg(long, value_name = "C", conflicts_with = "image", value_parser = confidence)]
    min_confidence: Option<f32>,
    /// At most so many rows
    #[arg(long, value_name = "N", conflicts_with = "image")]
    limit: Option<usize>,
    /// One object's whole row
    #[arg(long, value_name = "BUCKET/KEY")]
    image: Option<ObjectId>,
    /// How to print the rows
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Query {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let place = Place::open_to_read(self.table.as_deref(), &self.dir.dir).await?;
        let table = place.table();
        let code = match &self.image {
            Some(object) => self.one(table, object).await?,
            None => self.list(table).await?,
        };
        place::close(place).await;
        Ok(code)
    }

    async fn one(&self, table: &DynamoDb, object: &ObjectId) -> anyhow::Result<ExitCode> {
        let Some(row) = table.row(object).await? else {
            eprintln!("no row for {object}");
            return Ok(ExitCode::from(1));
        };
        match self.format {
            Format::Json => output::json(&row)?,
            Format::Table => print_row(&row)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn list(&self, table: &DynamoDb) -> anyhow::Result<ExitCode> {
        let selection = Selection {
            shelf: self.shelf.clone(),
            min_confidence: self.min_confidence,
            limit: self.limit,
        };
        let mut printed = Ok(());
        let mut rows = Vec::new();
        let mut each = |row: Listing| {
            let row = row.with_what_applies();
            match self.format {
                Format::Json => printed = output::json(&row),
                Format::Table => rows.push(row),
            }
            if printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let mut found = false;
        let skipped = list(table, &selection, |row| {
            found = true;
            each(row)
        })
        .await?;
        printed?;
        if let (false, Some(shelf)) = (found, &self.shelf) {
            self.check_shelf(table, shelf).await?;
        }
        if self.format == Format::Table {
            print_listing(&rows)?;
        }
        if let Some(words) = skipped.words() {
            eprintln!("{words}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Query {
    /// A shelf that nothing is on is misspelt, unless it is one that may be empty.
    async fn check_shelf(&self, table: &DynamoDb, shelf: &Shelf) -> anyhow::Result<()> {
        if may_be_empty(shelf) {
            return Ok(());
        }
        let shelves = shelves(table).await?;
        if shelves.contains(shelf) {
            // Its rows did not pass the other filters.
            return Ok(());
        }
        let names: Vec<&str> = shelves.iter().map(Shelf::as_str).collect();
        anyhow::bail!(
            "there is no shelf `{}`: {}",
            output::shown(shelf.as_str()),
            match names.as_slice() {
                [] => "no photo is on any yet".to_owned(),
                names => format!("photos are on {}", output::shown(&names.join(", "))),
            }
        )
    }
}

fn confidence(text: &str) -> Result<f32, String> {
    let confidence = text.parse().ok().filter(|c| (0.0..=1.0).contains(c));
    confidence.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

/// A table of rows, as `query` and `demo` show it.
pub(super) fn print_listing(rows: &[Listing]) -> std::io::Result<()> {
    if rows.is_empty() {
        return output::line("no rows");
    }
    let mut table = output::wrapped(&["image", "label", "confidence", "shelf", "added at"]);
    for row in rows {
        let said = row.review().map(|review| review.to_string());
        let said = said.or_else(|| row.label.as_ref().map(ToString::to_string));
        let reason = row.reason.as_deref().map(|reason| output::clip(reason, 60));
        table.add_row(vec![
            output::shown(&row.image).into(),
            said.or(reason).unwrap_or_default().into(),
            row.confidence.map(output::probability).unwrap_or_default().into(),
            output::standing(row.shelf.as_str()),
            stamp(row.added_at).into(),
        ]);
    }
    output::print_table(&table)
}

fn stamp(time: time::OffsetDateTime) -> String {
    time.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

/// The best first.
fn in_words(scores: &BTreeMap<Label, f32>) -> String {
    let mut scores: Vec<(&Label, f32)> = scores.iter().map(|(l, s)| (l, *s)).collect();
    scores.sort_by(|a, b| b.1.total_cmp(&a.1));
    let words =
        scores.iter().map(|(label, score)| format!("{label} {}", output::probability(*score)));
    words.collect::<Vec<_>>().join(", ")
}

/// A whole row, an attribute a line.
pub(super) fn print_row(row: &Row) -> anyhow::Result<()> {
    let mut table = output::wrapped(&["attribute", "value"]);
    if let serde_json::Value::Object(attributes) = serde_json::to_value(row)? {
        for (name, value) in attributes {
            let text = match (&row.scores, value.as_str()) {
                (Some(scores), _) if name == "scores" => in_words(scores),
                (_, Some(text)) => output::shown(text),
                _ => value.to_string(),
            };
            table.add_row(vec![name, text]);
        }
    }
    Ok(output::print_table(&table)?)
}
