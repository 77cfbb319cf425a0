//! A comparison for people.

use std::io;

use super::report::{Better, Comparison, Move, Side, Truth, TruthFrom, Verdict};
use crate::cli::output::{self, percent};
use crate::label::Label;

/// How many lines a table has at the most.
const LINES: usize = 20;
/// How many of a label's new labels are shown.
const BECAME: usize = 3;

/// Prints all of it, and, of a sample, how far it can be relied on.
pub fn print(all: &Comparison, is_sample: bool) -> io::Result<()> {
    output::line(&side("old", &all.old))?;
    output::line(&side("new", &all.new))?;
    output::line("")?;
    output::line(&agreement(all, is_sample))?;
    print_moves(all)?;
    print_labels(all)?;
    print_confidence(all)?;
    if let Some(truth) = &all.truth {
        print_truth(truth)?;
    }
    print_examples(all)
}

fn side(which: &str, side: &Side) -> String {
    let Side { name, model_id, review_below, only_here, .. } = side;
    let names: Vec<&str> = only_here.iter().take(LINES).map(Label::as_str).collect();
    let more = if only_here.len() > LINES { ", ..." } else { "" };
    let only = match only_here.len() {
        0 => String::new(),
        _ => format!("; only it knows {}{more}", output::shown(&names.join(", "))),
    };
    format!("{which}  {} ({model_id}), review below {review_below}{only}", output::shown(name))
}

fn agreement(all: &Comparison, is_sample: bool) -> String {
    let Comparison { photos, same_label, same_shelf, .. } = all;
    let of = |share: Option<f64>| share.map(percent).unwrap_or_default();
    if *photos == 0 {
        return "No photo was looked at by both.".to_owned();
    }
    let sample = match all.shelf_agreement_at_least {
        Some(least) if is_sample => format!(
            "\nOf all photos that this is a sample of, at least {} stay, in 19 cases of 20.",
            // Rounded down: it is a promise.
            percent((least * 1000.0).floor() / 1000.0)
        ),
        _ => String::new(),
    };
    format!(
        "Of {photos} photos, {same_label} get the same label ({}), and {same_shelf} stay on their shelf \
         ({}).{sample}",
        of(all.label_agreement),
        of(all.shelf_agreement)
    )
}

/// What goes from which shelf to which: without what stays.
fn print_moves(all: &Comparison) -> io::Result<()> {
    let moved: Vec<&Move> = all.moves.iter().filter(|one| one.from != one.to).collect();
    if moved.is_empty() {
        return Ok(());
    }
    let before = |shelf: &str| -> u64 {
        all.moves.iter().filter(|one| one.from == shelf).map(|one| one.photos).sum()
    };
    let mut table = output::table(&["from shelf", "to shelf", "photos", "of the shelf's"]);
    for one in moved.iter().take(LINES) {
        table.add_row(vec![
            output::shown(&one.from),
            output::shown(&one.to),
            one.photos.to_string(),
            before(&one.from).to_string(),
        ]);
    }
    output::line("")?;
    output::print_table(&table)?;
    more(moved.len(), "pairs of shelves")
}

fn print_labels(all: &Comparison) -> io::Result<()> {
    let used: Vec<_> = all.by_label.iter().filter(|(_, own)| own.old > 0 || own.new > 0).collect();
    let mut table = output::wrapped(&["label", "old", "new", "both", "the others became"]);
    for (label, own) in used.iter().take(2 * LINES) {
        let became = own.became.iter().take(BECAME);
        let became: Vec<String> =
            became.map(|one| format!("{} {}", output::shown(&one.label), one.photos)).collect();
        table.add_row(vec![
            output::shown(label),
            own.old.to_string(),
            own.new.to_string(),
            own.same.to_string(),
            became.join(", "),
        ]);
    }
    output::line("")?;
    output::print_table(&table)?;
    match used.len().saturating_sub(2 * LINES) {
        0 => Ok(()),
        rest => output::line(&format!("and {rest} more labels: --format json has them")),
    }
}

/// The bins that have photos.
fn print_confidence(all: &Comparison) -> io::Result<()> {
    let confidence = &all.confidence;
    let (Some(old), Some(new)) = (confidence.old, confidence.new) else { return Ok(()) };
    let mut table = output::table(&["confidence", "old", "new"]);
    for bin in confidence.bins.iter().filter(|bin| bin.old > 0 || bin.new > 0) {
        table.add_row(vec![
            format!("{:.1} to {:.1}", bin.from, bin.to),
            bin.old.to_string(),
            bin.new.to_string(),
        ]);
    }
    output::line("")?;
    output::print_table(&table)?;
    output::line(&format!(
        "The new model is surer of {} photos and less sure of {}; the mean goes from {old:.3} to {new:.3}.",
        confidence.rose, confidence.fell
    ))
}

fn print_truth(truth: &Truth) -> io::Result<()> {
    let Truth { photos, both, only_old, only_new, neither, .. } = truth;
    let from = match truth.from {
        TruthFrom::Folders => "The folders' names say what",
        TruthFrom::Reviews => "People said what",
    };
    output::line(&format!("\n{from} {photos} of the photos show:"))?;
    let columns = ["", "right", "share", "at least", "shown", "shown and wrong"];
    let mut table = output::table(&columns);
    for (name, Verdict { right, share, at_least, shown, shown_wrong }) in
        [("old", &truth.old), ("new", &truth.new)]
    {
        table.add_row(vec![
            name.to_owned(),
            right.to_string(),
            format!("{share:.3}"),
            format!("{:.3}", (at_least * 1000.0).floor() / 1000.0),
            shown.to_string(),
            shown_wrong.to_string(),
        ]);
    }
    output::print_table(&table)?;
    output::line(&format!(
        "Both are right on {both}, only the old one on {only_old}, only the new one on {only_new}, \
         neither on {neither}. {}",
        verdict(truth.better)
    ))?;
    if truth.from == TruthFrom::Reviews {
        output::line(BIAS)?;
    }
    Ok(())
}

const BIAS: &str = "People mostly look at photos that the old model was unsure of, or wrong about: of \
                    these, another model is easily better.";

fn verdict(better: Better) -> &'static str {
    match better {
        Better::New => "The new model is better: so many are chance at most once in 20 times.",
        Better::Old => "The old model is better: so many are chance at most once in 20 times.",
        Better::Undecided => "Which of them is better cannot be said from so few.",
    }
}

fn print_examples(all: &Comparison) -> io::Result<()> {
    if all.examples.is_empty() {
        return Ok(());
    }
    let mut table =
        output::wrapped(&["changes shelf", "old label", "confidence", "new label", "confidence"]);
    for one in &all.examples {
        table.add_row(vec![
            output::shown(&one.image),
            output::shown(&one.old.label),
            output::probability(one.old.confidence),
            output::shown(&one.new.label),
            output::probability(one.new.confidence),
        ]);
    }
    output::line("")?;
    output::print_table(&table)
}

fn more(all: usize, of: &str) -> io::Result<()> {
    match all.saturating_sub(LINES) {
        0 => Ok(()),
        rest => output::line(&format!("and {rest} more {of}: --format json has them")),
    }
}
