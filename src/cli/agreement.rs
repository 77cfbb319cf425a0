//! `lookbook agreement`: what people's reviews say of the model.

use std::io;
use std::ops::ControlFlow;
use std::process::ExitCode;

use clap::Args;

use super::args::DirArgs;
use super::output::{self, Format, percent};
use super::place::{self, Place};
use crate::catalogue::{
    Advice, Agreement, ConfidenceBin, LabelAgreement, Tally, Target, Threshold,
};

/// How many wrong answers of a label are shown.
const INSTEAD: usize = 3;

/// See how often people agree with the model, and what to set `REVIEW_BELOW` to
///
/// Counts the photos that people reviewed: how often the model was right, by its label and by its
/// confidence (a photo that was rejected is a wrong answer), and from which confidence on it can be left
/// alone. Such a threshold is advised only if, by the reviews at or above it, the target is met in 19
/// cases of 20 (the lower end of Wilson's interval): for 0.98 that takes 133 reviewed photos, all
/// right. It reads the whole index.
///
/// People mostly review what the model was unsure of, or what caught their eye. So what is said of
/// confident photos rests on fewer reviews: look at some of these too.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lookbook agreement\n  lookbook agreement --table lookbook --target 0.95\n  lookbook agreement --format json | jq .advice"
)]
pub struct AgreementArgs {
    #[command(flatten)]
    dir: DirArgs,
    /// A table on AWS, instead of the embedded one
    #[arg(long, value_name = "T", conflicts_with = "dir")]
    table: Option<String>,
    /// The share of photos that are to be right without a person's look
    #[arg(long, value_name = "SHARE", default_value_t)]
    target: Target,
    /// How to print the results
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl AgreementArgs {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let place = Place::open_to_read(self.table.as_deref(), &self.dir.dir).await?;
        let mut tally = Tally::default();
        let skipped = place
            .table()
            .scan(|row| {
                tally.add(&row);
                ControlFlow::Continue(())
            })
            .await?;
        place::close(place).await;
        let agreement = tally.agreement(self.target);
        match self.format {
            Format::Json => output::json(&agreement)?,
            Format::Table => print(&agreement)?,
        }
        if let Some(words) = skipped.words() {
            eprintln!("{words}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print(agreement: &Agreement) -> io::Result<()> {
    let Agreement { photos, reviewed, right, share, models, .. } = agreement;
    let share = share.map(|share| format!(" ({})", percent(share))).unwrap_or_default();
    output::line(&format!(
        "The model classified {photos} photos; people looked at {reviewed} of them, and it was right \
         on {right}{share}."
    ))?;
    if *models > 1 {
        output::line(&format!(
            "The photos were classified by {models} models, whose confidences are mixed here."
        ))?;
    }
    if *reviewed > 0 {
        output::line("")?;
        print_labels(&agreement.by_label)?;
        output::line("")?;
        print_bins(&agreement.by_confidence)?;
    }
    output::line(&format!("\n{}", sentence(agreement)))
}

fn print_labels(labels: &[LabelAgreement]) -> io::Result<()> {
    let mut table =
        output::wrapped(&["label", "photos", "reviewed", "right", "share", "people said instead"]);
    for own in labels {
        let said = |(said, photos): (&str, u64)| format!("{} {photos}", output::shown(said));
        let instead = own.instead.iter().map(|said_of| said((&said_of.said, said_of.photos)));
        table.add_row(vec![
            output::shown(&own.label),
            own.photos.to_string(),
            own.reviewed.to_string(),
            own.right.to_string(),
            of_some(own.share),
            instead.take(INSTEAD).collect::<Vec<_>>().join(", "),
        ]);
    }
    output::print_table(&table)
}

/// The bins that have photos.
fn print_bins(bins: &[ConfidenceBin]) -> io::Result<()> {
    let mut table =
        output::table(&["confidence", "photos", "reviewed", "right", "share", "mean confidence"]);
    for bin in bins.iter().filter(|bin| bin.photos > 0) {
        table.add_row(vec![
            format!("{:.2} to {:.2}", bin.from, bin.to),
            bin.photos.to_string(),
            bin.reviewed.to_string(),
            bin.right.to_string(),
            of_some(bin.share),
            of_some(bin.confidence),
        ]);
    }
    output::print_table(&table)
}

/// The advice, and what it rests on.
fn sentence(agreement: &Agreement) -> String {
    let target = percent(agreement.target.get());
    match &agreement.advice {
        Advice::TooFew { reviewed, needed } => format!(
            "No advice yet: for a target of {target} it takes at least {needed} reviewed photos, all \
             right, and there are {reviewed}."
        ),
        Advice::ReviewBelow(threshold) => format!(
            "REVIEW_BELOW={} would send {} of the photos to review ({} of {}), and meets the target of \
             {target}: {}.\n{BIAS}",
            threshold.review_below,
            percent(threshold.to_review_share),
            threshold.to_review,
            agreement.photos,
            rests_on(threshold),
        ),
        Advice::OutOfReach(threshold) => format!(
            "No threshold meets the target of {target}. REVIEW_BELOW={} comes nearest: {}. More \
             reviews may bring it nearer.\n{BIAS}",
            threshold.review_below,
            rests_on(threshold),
        ),
    }
}

const BIAS: &str = "People mostly look at photos that the model was unsure of, so that this rests on \
                    few of the confident ones: look at some of these too.";

fn rests_on(threshold: &Threshold) -> String {
    let Threshold { reviewed, right, at_least, .. } = threshold;
    format!(
        "of the {reviewed} reviewed photos at or above it {right} were right, which means at least {} \
         of all such photos in 19 cases of 20",
        // Rounded down: it is a promise.
        percent((at_least * 1000.0).floor() / 1000.0)
    )
}

fn of_some(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{share:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreement(advice: Advice) -> Agreement {
        Agreement { photos: 1200, advice, ..Agreement::of([], Target::default()) }
    }

    fn threshold() -> Threshold {
        Threshold {
            review_below: 0.71,
            reviewed: 310,
            right: 308,
            share: 0.9935,
            at_least: 0.98069,
            to_review: 90,
            to_review_share: 0.075,
        }
    }

    #[test]
    fn the_advice_is_a_setting_and_what_it_costs_and_rests_on() {
        let words = sentence(&agreement(Advice::ReviewBelow(threshold())));
        assert!(
            words.starts_with(
                "REVIEW_BELOW=0.71 would send 7.5% of the photos to review (90 of 1200), and meets the \
                 target of 98%: of the 310 reviewed photos at or above it 308 were right, which means \
                 at least 98% of all such photos in 19 cases of 20.\nPeople mostly look at"
            ),
            "{words}"
        );
    }

    #[test]
    fn no_advice_says_what_is_missing() {
        let words = sentence(&agreement(Advice::TooFew { reviewed: 57, needed: 133 }));
        assert!(
            words.contains("at least 133 reviewed photos") && words.contains("are 57"),
            "{words}"
        );
        let words = sentence(&agreement(Advice::OutOfReach(threshold())));
        assert!(words.starts_with("No threshold meets the target of 98%."), "{words}");
    }
}
