//! The request that writes a row: a pure function from its attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::stored::Item;
use super::{Row, Seen};

/// Who writes, and so which attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// The pipeline: all that follows from the object. What people said is not its to write.
    Pipeline,
    /// A person's word, and the shelf that follows from it.
    Reviewer,
}

impl Writer {
    fn writes(self, attribute: &str) -> bool {
        let is_said = Row::REVIEW.contains(&attribute);
        match self {
            Self::Pipeline => !is_said,
            Self::Reviewer => is_said || ["revision", "shelf"].contains(&attribute),
        }
    }
}

/// The expressions of an `UpdateItem` that sets the attributes that a row has, removes those of the
/// writer's own that it has not, and leaves all others.
///
/// Source: Amazon `DynamoDB` developer guide, "Update expressions" and "Condition expressions".
pub(super) struct Update {
    pub expression: String,
    pub condition: String,
    /// Some of lookbook's names are reserved words: all have a substitute.
    pub names: HashMap<String, String>,
    pub values: Item,
}

impl Update {
    /// Writes these attributes over the row that was seen, or, with `None`, where there is none.
    pub fn of(mut item: Item, writer: Writer, replaces: Option<&Seen>) -> Self {
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        let (mut names, mut values) = (HashMap::new(), HashMap::new());
        for (place, name) in Row::ATTRIBUTES.iter().enumerate() {
            if !writer.writes(name) {
                continue;
            }
            match item.remove(*name) {
                Some(value) => {
                    set.push(format!("#a{place} = :a{place}"));
                    values.insert(format!(":a{place}"), value);
                }
                None => remove.push(format!("#a{place}")),
            }
            names.insert(format!("#a{place}"), (*name).to_owned());
        }
        let mut expression = format!("SET {}", set.join(", "));
        if !remove.is_empty() {
            expression = format!("{expression} REMOVE {}", remove.join(", "));
        }
        let condition = replaces.map_or_else(
            || "attribute_not_exists(image)".to_owned(),
            |seen| {
                let still = seen.attributes().enumerate().map(|(place, (name, value))| {
                    let Some(value) = value else { return format!("attribute_not_exists({name})") };
                    values.insert(format!(":s{place}"), AttributeValue::clone(value));
                    format!("{name} = :s{place}")
                });
                let still: Vec<String> = still.collect();
                format!("attribute_exists(image) AND {}", still.join(" AND "))
            },
        );
        Self { expression, condition, names, values }
    }
}
