//! What the page says of how often the model was right.

use std::ops::ControlFlow;

use super::page;
use super::problem::Problem;
use crate::catalogue::{Advice, Agreement, DynamoDb, Tally, Target};

/// What people said of the first `most` rows of the index, in no order.
pub(super) async fn of(table: &DynamoDb, most: u64) -> Result<page::Agreement, Problem> {
    let (mut tally, mut rows) = (Tally::default(), 0);
    table
        .scan(|row| {
            tally.add(&row);
            rows += 1;
            if rows < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .await?;
    Ok(shown(tally.agreement(Target::default()), rows, rows < most))
}

/// The same as the page has it, whose numbers are for people.
#[allow(clippy::cast_possible_truncation)]
fn shown(agreement: Agreement, rows: u64, is_whole: bool) -> page::Agreement {
    let target = agreement.target.get() as f32;
    let advice = match agreement.advice {
        Advice::ReviewBelow(threshold) => Some(page::Advice {
            review_below: threshold.review_below as f32,
            share_to_review: threshold.to_review_share as f32,
            rests_on: threshold.reviewed,
            target,
        }),
        Advice::TooFew { .. } | Advice::OutOfReach(_) => None,
    };
    let said = |said: crate::catalogue::Said| page::Said { said: said.said, count: said.photos };
    let labels = agreement.by_label.into_iter().filter(|label| label.reviewed > 0);
    let labels = labels.map(|label| page::LabelAgreement {
        label: label.label.to_string(),
        reviewed: label.reviewed,
        right: label.right,
        instead: label.instead.into_iter().map(said).collect(),
    });
    let spans = agreement.by_confidence.into_iter().filter(|bin| bin.reviewed > 0);
    let spans = spans.map(|bin| page::Span {
        from: bin.from as f32,
        to: bin.to as f32,
        reviewed: bin.reviewed,
        right: bin.right,
    });
    page::Agreement {
        reviewed: agreement.reviewed,
        right: agreement.right,
        labels: labels.collect(),
        confidences: spans.collect(),
        advice,
        rows,
        is_whole,
    }
}
