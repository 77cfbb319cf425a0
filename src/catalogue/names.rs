//! Which labels people gave: those that no model may have.
//!
//! The shelves of the model's labels are known, and so are `review` and `rejected`. To find the others
//! in the rows would mean to read all of them. So each label that a person gives is noted in an item
//! of the table that is no row: its key, [`REGISTRY`], is no object's, and it stands on no shelf. A
//! label stays there when no photo has it any more: its shelf is empty then.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;

use super::stored::Item;
use super::{Review, Row};
use crate::bucket::said;
use crate::label::Label;

/// The key of the item. No bucket's name begins with `#`.
pub(super) const REGISTRY: &str = "#labels";
/// Its attribute: a set of texts.
const LABELS: &str = "labels";

/// The labels that this process has noted already; clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Noted(Arc<Mutex<BTreeSet<Label>>>);

impl Noted {
    /// Notes the label that a person gave to a row, if there is one and it has not been noted.
    ///
    /// The review itself is done by then. That this fails is a warning: the label is noted with the
    /// next review that gives it.
    pub(super) async fn note(&self, client: &Client, table: &str, row: &Row) {
        let Some(Review::Label(label)) = row.review() else { return };
        if self.has(&label) {
            return;
        }
        let set = AttributeValue::Ss(vec![label.to_string()]);
        let update = client
            .update_item()
            .table_name(table)
            .key("image", AttributeValue::S(REGISTRY.to_owned()))
            .update_expression("ADD #labels :label")
            .expression_attribute_names("#labels", LABELS)
            .expression_attribute_values(":label", set);
        match update.send().await {
            Ok(_) => self.remember(label),
            Err(error) => tracing::warn!(
                "the label '{label}' could not be noted in the item {REGISTRY} of the table: {}",
                said(error)
            ),
        }
    }

    fn has(&self, label: &Label) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(label)
    }

    fn remember(&self, label: Label) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(label);
    }
}

/// The labels of the item; texts that are none are left out.
pub(super) fn labels_of(item: &Item) -> BTreeSet<Label> {
    let texts = item.get(LABELS).and_then(|labels| labels.as_ss().ok());
    texts.into_iter().flatten().filter_map(|text| text.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_labels_are_read() {
        let texts = ["hat", "", "review", "a\nb", "scarf"].map(str::to_owned).to_vec();
        let labels = |value| labels_of(&Item::from([(LABELS.to_owned(), value)]));
        let found: Vec<Label> = labels(AttributeValue::Ss(texts)).into_iter().collect();
        assert_eq!(found, ["hat", "scarf"].map(|label| label.parse().unwrap()));
        assert_eq!(labels(AttributeValue::S("hat".into())), BTreeSet::new());
        assert_eq!(labels_of(&Item::new()), BTreeSet::new());
    }
}
