//! Tables for people, JSON for programs.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{Cell, Color, ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::sheet;

/// How wide a table is where there is no terminal.
const WIDTH: u16 = 120;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For programs: one object a line where there are several.
    Json,
}

/// Prints one JSON object on a line of its own.
pub fn json(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")
}

/// Prints a line of CSV. A terminal is shown no control characters of it.
pub fn csv<'a>(cells: impl IntoIterator<Item = &'a str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        let cells: Vec<String> = cells.into_iter().map(shown).collect();
        return out.write_all(&sheet::line(cells.iter().map(String::as_str)));
    }
    out.write_all(&sheet::line(cells))
}

/// Prints a line.
pub fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Prints a table.
pub fn print_table(table: &Table) -> io::Result<()> {
    line(&table.trim_fmt())
}

/// A table with a header and no lines: it reads well, and copies well.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    if !stdout_has_colour() {
        table.force_no_tty();
    }
    table.set_header(header.iter().map(|name| Cell::new(name.to_uppercase())));
    table
}

/// The same for texts that may be very long, such as keys: they are wrapped to the width of the
/// terminal, or to a width that can be read where there is none.
pub fn wrapped(header: &[&str]) -> Table {
    let mut table = table(header);
    let width = width(Table::new().width());
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table
}

/// Some terminals, such as those of a serial line, say that they have no width: they do not know it.
fn width(told: Option<u16>) -> u16 {
    told.filter(|width| *width > 0).unwrap_or(WIDTH)
}

/// A shelf, an outcome or a finding, coloured by what it asks for: attention, or none.
pub fn standing(name: &str) -> Cell {
    let cell = Cell::new(name);
    if !stdout_has_colour() {
        return cell;
    }
    match name {
        "rejected" | "retry" | "fault" => cell.fg(Color::Red),
        "review" | "warning" => cell.fg(Color::Yellow),
        _ => cell,
    }
}

/// A text from elsewhere, such as a key, as a terminal may show it: control characters are escaped.
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A share of a whole, to the tenth of a per cent.
pub fn percent(share: f64) -> String {
    let percent = format!("{:.1}", share * 100.0);
    format!("{}%", percent.strip_suffix(".0").unwrap_or(&percent))
}

/// A probability.
pub fn probability(value: f32) -> String {
    format!("{value:.3}")
}

/// Shortens a text for a table, by characters.
pub fn clip(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", shown(&text[..end])),
        None => shown(text),
    }
}

/// A progress bar on standard error; none where that is not a terminal.
pub fn progress(length: usize, what: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style).with_message(what.to_owned())
}

/// A progress bar for work whose length is not known at first; none where standard error is not a
/// terminal.
pub fn counter(what: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {per_sec} {eta} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::no_length().with_style(style).with_prefix(what.to_owned())
}

fn stdout_has_colour() -> bool {
    io::stdout().is_terminal() && colour_is_wanted()
}

/// Whether log lines on standard error may have colours.
pub fn stderr_has_colour() -> bool {
    io::stderr().is_terminal() && colour_is_wanted()
}

/// Source: <https://no-color.org>: any text but an empty one says no.
fn colour_is_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|text| text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_wrapped_and_nothing_of_them_is_lost() {
        let mut table = wrapped(&["image", "label"]);
        let key: String =
            (0..300_u16).map(|n| char::from(b'a' + u8::try_from(n % 26).unwrap())).collect();
        table.add_row(vec![key.as_str(), "hat"]);
        let text = table.trim_fmt();
        assert!(text.lines().all(|line| line.chars().count() <= usize::from(WIDTH)), "{text}");
        let words = text.lines().skip(1).map(|line| line.replace("hat", ""));
        let joined: String =
            words.flat_map(|line| line.trim().chars().collect::<Vec<_>>()).collect();
        assert_eq!(joined, key);
    }

    #[test]
    fn a_terminal_without_a_width_does_not_know_it() {
        assert_eq!([width(None), width(Some(0)), width(Some(80))], [WIDTH, WIDTH, 80]);
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(shown("é\u{1b}[31m\nred"), "é\\u{1b}[31m\\nred");
        assert_eq!(clip("a\nbc", 3), "a\\nb…");
    }
}
