//! The request that writes a row: a pure function from its attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Revision, Row};

type Item = HashMap<String, AttributeValue>;

/// The expressions of an `UpdateItem` that sets the attributes that a row has, removes those of
/// lookbook's own that it has not, and leaves all others.
///
/// Source: Amazon `DynamoDB` developer guide, "Update expressions".
pub(super) struct Update {
    pub expression: String,
    pub condition: &'static str,
    /// Some of lookbook's names are reserved words: all have a substitute.
    pub names: HashMap<String, String>,
    pub values: Item,
}

impl Update {
    /// Writes these attributes over the row of that revision, or, with `None`, where there is none.
    pub fn of(mut item: Item, replaces: Option<&Revision>) -> Self {
        let (mut set, mut remove) = (Vec::new(), Vec::new());
        let (mut names, mut values) = (HashMap::new(), HashMap::new());
        for (place, name) in Row::ATTRIBUTES.iter().enumerate() {
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
        let condition = match replaces {
            None => "attribute_not_exists(image)",
            Some(revision) => {
                values.insert(":replaced".to_owned(), AttributeValue::S(revision.to_string()));
                "revision = :replaced"
            }
        };
        Self { expression, condition, names, values }
    }
}
