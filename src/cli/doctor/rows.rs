//! What the newest rows say: whether they can be read, and what made them.

use std::collections::BTreeSet;
use std::num::NonZeroU16;

use super::finding::{Finding, State};
use crate::catalogue::{DynamoDb, Listing, Maker, Shelf, Shelves, TableError};
use crate::cli::program::{program, quoted};
use crate::label::Label;
use crate::object::ObjectId;

/// How many of the newest rows of each shelf are looked at.
const NEWEST: NonZeroU16 = NonZeroU16::new(5).unwrap();

/// Reads the newest rows of the shelves of these labels, and one of them whole, unless `before` says that
/// there is nothing to list from. `flag` names the table to other commands, with a space before it.
pub async fn look(
    table: &DynamoDb,
    flag: &str,
    labels: &[Label],
    ours: Option<&Maker>,
    before: &[Finding],
) -> Vec<Finding> {
    if before.iter().any(|f| f.state == State::Fault && matches!(f.check, "table" | "index")) {
        return vec![Finding::skipped("listing", "there is no index to list from")];
    }
    let shelves = labels.iter().cloned().map(Shelf::Label);
    let mut newest = Vec::new();
    for shelf in shelves.chain([Shelf::Review, Shelf::Rejected]) {
        match table.page(&shelf, None, NEWEST).await {
            Ok(page) => newest.extend(page.rows),
            Err(error) => return vec![unread("listing", &error)],
        }
    }
    let mut findings = vec![Finding::ok("listing", listed(newest.len()))];
    newest.sort_by_key(|row| std::cmp::Reverse(row.added_at));
    if let Some(first) = newest.first() {
        findings.extend(whole(table, first, ours).await);
    }
    if let Some(ours) = ours {
        findings.push(recipe(&newest, ours, flag));
    }
    findings
}

fn listed(rows: usize) -> String {
    match rows {
        0 => "shelves can be listed: there is no row yet".to_owned(),
        1 => "shelves can be listed: one row was read".to_owned(),
        rows => format!("shelves can be listed: the {rows} newest rows were read"),
    }
}

/// A row of the index must be in the table, too.
async fn whole(table: &DynamoDb, listed: &Listing, ours: Option<&Maker>) -> Vec<Finding> {
    const CHECK: &str = "row";
    let Ok(object) = ObjectId::new(&listed.bucket, &listed.key) else {
        return vec![Finding::warning(CHECK, format!("the row {} names no object", listed.image))];
    };
    match table.row(&object).await {
        Ok(Some(row)) => {
            let read = Finding::ok(CHECK, format!("the row of {object} can be read"));
            let later = ours.and_then(|ours| generation(row.generation, ours));
            std::iter::once(read).chain(later).collect()
        }
        // It has gone meanwhile, or the index is behind.
        Ok(None) => vec![
            Finding::warning(CHECK, format!("the row of {object} is listed, and gone"))
                .mend("look again: the index follows the table within a second"),
        ],
        Err(error) => vec![unread(CHECK, &error)],
    }
}

/// Whether the newest row is of a later generation than what would be written from here.
fn generation(newest: u32, ours: &Maker) -> Option<Finding> {
    let says = format!(
        "the newest row is of generation {newest}, and here it is {}: what is classified here never takes the place of such rows",
        ours.generation
    );
    let mend = format!("set GENERATION={newest}, if this is the newest recipe");
    (newest > ours.generation).then(|| Finding::warning("generation", says).mend(mend))
}

fn unread(check: &'static str, error: &TableError) -> Finding {
    let says = error.to_string();
    if says.contains("AccessDenied") {
        return Finding::skipped(check, says).mend(
            "allow dynamodb:GetItem on the table and dynamodb:Query on its index to who runs this",
        );
    }
    Finding::fault(check, says)
}

/// Whether the newest rows are made as they would be here.
fn recipe(newest: &[Listing], ours: &Maker, flag: &str) -> Finding {
    const CHECK: &str = "recipe";
    let by = |other: &Listing| other.recipe.as_ref().is_some_and(|r| *r != ours.recipe);
    let others: Vec<&Listing> = newest.iter().filter(|row| by(row)).collect();
    let Some(other) = others.first() else {
        let says = format!("the newest rows are made as here: recipe {}", ours.recipe);
        return Finding::ok(CHECK, says);
    };
    let what = match other.model_id.as_ref() {
        Some(model) if *model != ours.model_id => {
            format!("by the model {model}; here it is {}", ours.model_id)
        }
        _ => "by the same model with other settings or another version".to_owned(),
    };
    let says = format!(
        "{} of the {} newest rows are made otherwise than here, {what}",
        others.len(),
        newest.len()
    );
    let buckets: BTreeSet<&str> = others.iter().map(|row| row.bucket.as_str()).collect();
    let anew = buckets.iter().map(|bucket| {
        let bucket = quoted(bucket);
        format!("`{} backfill s3://{bucket}/{flag} --only-stale`", program())
    });
    Finding::warning(CHECK, says).mend(format!(
        "if the settings here are the function's, these rows are of an older deployment: {} with the same settings classifies them anew; otherwise give its settings here",
        anew.collect::<Vec<_>>().join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    fn row(recipe: &str, model: &str) -> Listing {
        let row = serde_json::json!({
            "image": "shop/a.jpg", "bucket": "shop", "key": "a.jpg", "shelf": "hat",
            "added_at": "2026-01-15T09:30:00Z", "recipe": recipe, "model_id": model,
        });
        serde_json::from_value(row).unwrap()
    }

    fn ours() -> Maker {
        let software = "lookbook".to_owned();
        Maker { model_id: "m".into(), recipe: "r".into(), generation: 2, software }
    }

    #[test]
    fn rows_of_another_recipe_are_told_with_their_model() {
        assert_eq!(recipe(&[], &ours(), "").state, State::Ok);
        assert_eq!(recipe(&[row("r", "m")], &ours(), "").state, State::Ok);
        let model = recipe(&[row("r", "m"), row("x", "n")], &ours(), "");
        assert_eq!(model.state, State::Warning);
        assert!(model.says.starts_with("1 of the 2 newest rows"), "{}", model.says);
        assert!(model.says.ends_with("by the model n; here it is m"), "{}", model.says);
        let settings = recipe(&[row("x", "m")], &ours(), "");
        assert!(settings.says.contains("other settings"), "{}", settings.says);
    }

    #[test]
    fn what_classifies_rows_anew_can_be_typed() {
        for flag in [" --table shop-Catalogue", " --dir folder", ""] {
            let mend = recipe(&[row("x", "m")], &ours(), flag).mend.unwrap();
            let command = mend.split('`').nth(1).unwrap().strip_prefix(program()).unwrap();
            assert!(command.contains(flag) && command.contains("shop"), "{command}");
            let words = std::iter::once("lookbook").chain(command.split_whitespace());
            Cli::try_parse_from(words).unwrap();
        }
    }

    #[test]
    fn rows_of_a_later_generation_are_told() {
        assert_eq!(generation(2, &ours()), None);
        let later = generation(3, &ours()).unwrap();
        assert_eq!(later.state, State::Warning);
        assert!(later.mend.unwrap().contains("GENERATION=3"));
    }

    #[test]
    fn a_table_that_may_not_be_read_is_no_fault_of_the_table() {
        let of = |cause: &str| {
            let error =
                TableError::Failed { image: "a".into(), action: "read", cause: cause.into() };
            unread("row", &error).state
        };
        assert_eq!(of("AccessDeniedException: no"), State::Skipped);
        assert_eq!(of("ValidationException: no index"), State::Fault);
    }
}
