//! `lookbook query`: reads the catalogue.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::args::DirArgs;
use super::listing::{Selection, check_shelf, counts, list};
use super::output;
use super::place::{self, Place};
use super::since;
use crate::catalogue::{DynamoDb, Listing, Row, Shelf, schema};
use crate::label::Label;
use crate::object::ObjectId;

/// Read the catalogue, newest first
///
/// Reads the embedded table (`--dir`), or a table on AWS (`--table`, with the usual AWS
/// environment). With `--format json` or `jsonl`, one object a line; with `csv`, a line of names and
/// then one line a row, for spreadsheets: a cell that they would take for a formula, or that begins
/// with `'`, has a `'` before it. The exit code is 1 if `--image` names no row, and 2 if there is no such
/// shelf. A removed object has a row without a shelf for seven days: only `--image` shows it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lookbook query --shelf hat --min-confidence 0.9\n  lookbook query --shelf hat --since 7d --format csv > hats.csv\n  lookbook query --counts\n  lookbook query --image 'photos/new in/été/hat-1.jpg' --format json\n  lookbook query --table lookbook --shelf review --limit 20"
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
    /// Only rows whose photo was added at or after this: 2026-11-25T09:30:00Z, 2026-11-25 (from
    /// midnight, UTC), or an age such as 7d, 12h or 30m
    #[arg(long, value_name = "TIME", conflicts_with = "image", value_parser = since::from_now)]
    since: Option<OffsetDateTime>,
    /// At most so many rows
    #[arg(long, value_name = "N", conflicts_with = "image")]
    limit: Option<usize>,
    /// One object's whole row
    #[arg(long, value_name = "BUCKET/KEY")]
    image: Option<ObjectId>,
    /// How many rows are on each shelf, instead of the rows; it reads the whole index
    #[arg(long, conflicts_with_all = ["image", "shelf", "limit"])]
    counts: bool,
    /// How to print the rows
    #[arg(long, value_enum, default_value = "table")]
    format: RowFormat,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RowFormat {
    /// For people.
    Table,
    /// For programs: one object a line.
    Json,
    /// The same, by the name that other programs have for it.
    Jsonl,
    /// For spreadsheets: what a listing shows, with a line of names.
    Csv,
}

/// The rows of a shelf, as programs read them.
#[derive(Serialize)]
struct Count<'a> {
    shelf: &'a Shelf,
    rows: u64,
}

impl Query {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        if self.image.is_some() && self.format == RowFormat::Csv {
            anyhow::bail!("`--format csv` is for many rows: with `--image`, say table or json");
        }
        let place = Place::open_to_read(self.table.as_deref(), &self.dir.dir).await?;
        let table = place.table();
        let code = match &self.image {
            Some(object) => self.one(table, object).await?,
            None if self.counts => self.count(table).await?,
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
            RowFormat::Table => print_row(&row)?,
            _ => output::json(&row)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn selection(&self) -> Selection {
        Selection {
            shelf: self.shelf.clone(),
            min_confidence: self.min_confidence,
            since: self.since,
            limit: self.limit,
        }
    }

    async fn list(&self, table: &DynamoDb) -> anyhow::Result<ExitCode> {
        let mut found = false;
        let mut printed = match self.format {
            RowFormat::Csv => output::csv(columns()),
            _ => Ok(()),
        };
        let mut rows = Vec::new();
        let skipped = list(table, &self.selection(), |row| {
            found = true;
            let row = row.with_what_applies();
            if printed.is_ok() {
                printed = match self.format {
                    RowFormat::Table => {
                        rows.push(row);
                        Ok(())
                    }
                    RowFormat::Json | RowFormat::Jsonl => output::json(&row),
                    RowFormat::Csv => print_cells(&row),
                };
            }
            if printed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .await?;
        printed?;
        if let (false, Some(shelf)) = (found, &self.shelf) {
            check_shelf(table, shelf).await?;
        }
        if self.format == RowFormat::Table {
            print_listing(&rows)?;
        }
        if let Some(words) = skipped.words() {
            eprintln!("{words}");
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn count(&self, table: &DynamoDb) -> anyhow::Result<ExitCode> {
        let (counts, skipped) = counts(table, &self.selection()).await?;
        match self.format {
            RowFormat::Table => print_counts(&counts)?,
            RowFormat::Json | RowFormat::Jsonl => {
                counts
                    .iter()
                    .try_for_each(|(shelf, &rows)| output::json(&Count { shelf, rows }))?;
            }
            RowFormat::Csv => {
                output::csv(["shelf", "rows"])?;
                counts.iter().try_for_each(|(shelf, rows)| {
                    output::csv([shelf.as_str(), &rows.to_string()])
                })?;
            }
        }
        if let Some(words) = skipped.words() {
            eprintln!("{words}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn confidence(text: &str) -> Result<f32, String> {
    let confidence = text.parse().ok().filter(|c| (0.0..=1.0).contains(c));
    confidence.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

/// A table of rows, as `query` and `demo` show it.
pub(super) fn print_listing(rows: &[Listing]) -> io::Result<()> {
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

/// The names of what CSV has of a row: all that the index has.
fn columns() -> impl Iterator<Item = &'static str> {
    ["image", "shelf", "added_at"].into_iter().chain(schema::LISTED)
}

/// A row's cells: the texts of its JSON, and nothing where it has nothing.
fn cells(row: &Listing) -> serde_json::Result<Vec<String>> {
    // By its text, where a number has as few digits as it needs.
    let mut values: Map<String, Value> = serde_json::from_str(&serde_json::to_string(row)?)?;
    let cells = columns().map(|name| match values.remove(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    });
    Ok(cells.collect())
}

fn print_cells(row: &Listing) -> io::Result<()> {
    output::csv(cells(row)?.iter().map(String::as_str))
}

fn print_counts(counts: &BTreeMap<Shelf, u64>) -> io::Result<()> {
    let mut table = output::table(&["shelf", "rows"]);
    for (shelf, rows) in counts {
        table.add_row(vec![output::standing(&output::shown(shelf.as_str())), rows.into()]);
    }
    table.add_row(vec!["(all)".to_owned(), counts.values().sum::<u64>().to_string()]);
    output::print_table(&table)
}

fn stamp(time: OffsetDateTime) -> String {
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
    if let Value::Object(attributes) = serde_json::to_value(row)? {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_under_their_names() {
        let row = serde_json::json!({
            "image": "shop/=a.jpg", "bucket": "shop", "key": "=a.jpg", "shelf": "hat",
            "added_at": "2026-01-15T09:30:00Z", "label": "hat", "confidence": 0.835, "width": 7,
        });
        let row: Listing = serde_json::from_value(row).unwrap();
        let cells = cells(&row).unwrap();
        let cells: BTreeMap<_, _> = columns().zip(cells.iter().map(String::as_str)).collect();
        assert_eq!((cells["image"], cells["key"]), ("shop/=a.jpg", "=a.jpg"));
        assert_eq!((cells["confidence"], cells["width"], cells["reason"]), ("0.835", "7", ""));
        assert_eq!(cells["added_at"], "2026-01-15T09:30:00Z");
    }
}
