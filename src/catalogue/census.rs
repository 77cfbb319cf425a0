//! Where each row of a table stands, in no order: by a scan of the table itself, which several can do
//! side by side.

use std::cmp::Ordering;

use aws_sdk_dynamodb::types::AttributeValue;

use super::TableError;
use super::dynamodb::DynamoDb;
use super::stored::Item;
use crate::object::{ObjectId, S3Url};

/// What a scan asks for of each item.
const ASKED: [(&str, &str); 5] = [
    ("#image", "image"),
    ("#shelf", "shelf"),
    ("#size", "size"),
    ("#recipe", "recipe"),
    ("#generation", "generation"),
];

/// Where the row of an object stands. Tombstones have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Which object the row is of.
    pub object: ObjectId,
    /// Its bytes, as the row has them.
    pub size: Option<u64>,
    /// What made the row.
    pub recipe: Option<String>,
    /// The recipe's place among recipes; 0 where the row has none.
    pub generation: u32,
}

impl Standing {
    /// Whether this recipe is to look at the object again: another one made the row, or the same one
    /// in a lower generation, over which others could still speak; and none of a higher generation.
    #[must_use]
    pub fn is_stale(&self, recipe: &str, generation: u32) -> bool {
        match self.generation.cmp(&generation) {
            Ordering::Less => true,
            Ordering::Equal => self.recipe.as_deref() != Some(recipe),
            Ordering::Greater => false,
        }
    }
}

/// One of so many parts of a table, which can be read side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Which one, from 0.
    pub number: u16,
    /// Of how many.
    pub of: u16,
}

/// The pages of a scan that are still to come. No more than one of them is in memory.
#[derive(Debug)]
pub struct Census {
    table: DynamoDb,
    segment: Segment,
    images: String,
    next: Option<Item>,
    has_ended: bool,
}

impl DynamoDb {
    /// The rows of the objects at this place, by reading one segment of the table.
    #[must_use]
    pub fn census(&self, place: &S3Url, segment: Segment) -> Census {
        let images = format!("{}/{}", place.bucket(), place.prefix());
        Census { table: self.clone(), segment, images, next: None, has_ended: false }
    }
}

impl Census {
    /// The next page, which may be empty though more follow; `None` after the last one.
    pub async fn next(&mut self) -> Result<Option<Vec<Standing>>, TableError> {
        if self.has_ended {
            return Ok(None);
        }
        let mut scan = self.table.client.scan().table_name(&self.table.table);
        for (name, attribute) in ASKED {
            scan = scan.expression_attribute_names(name, attribute);
        }
        let answer = scan
            .segment(i32::from(self.segment.number))
            .total_segments(i32::from(self.segment.of))
            .projection_expression(ASKED.map(|(name, _)| name).join(", "))
            .filter_expression("begins_with(#image, :images) AND attribute_exists(#shelf)")
            .expression_attribute_values(":images", AttributeValue::S(self.images.clone()))
            .set_exclusive_start_key(self.next.take())
            .send()
            .await
            .map_err(|error| self.table.error("the whole table", "listed", error))?;
        self.next = answer.last_evaluated_key;
        self.has_ended = self.next.is_none();
        Ok(Some(answer.items.unwrap_or_default().iter().filter_map(standing).collect()))
    }
}

/// What an item says; `None` if it is of no object.
fn standing(item: &Item) -> Option<Standing> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let number = |name: &str| item.get(name).and_then(|value| value.as_n().ok());
    // That of shelves is a text; whatever else has one is no row.
    text("shelf")?;
    Some(Standing {
        object: text("image")?.parse().ok()?,
        size: number("size").and_then(|n| n.parse().ok()),
        recipe: text("recipe").cloned(),
        generation: number("generation").and_then(|n| n.parse().ok()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(attributes: &[(&str, AttributeValue)]) -> Item {
        attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn a_row_is_stale_if_another_recipe_of_no_later_generation_made_it() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let row = |more: &[(&str, AttributeValue)]| {
            let own = [("image", text("shop/a")), ("shelf", text("hat"))];
            standing(&item(&[&own, more].concat())).unwrap()
        };
        assert!(row(&[]).is_stale("r", 0));
        assert!(row(&[("recipe", text("q"))]).is_stale("r", 0));
        assert!(!row(&[("recipe", text("r"))]).is_stale("r", 0));
        let newer = row(&[("recipe", text("q")), ("generation", AttributeValue::N("2".into()))]);
        assert!(!newer.is_stale("r", 1) && newer.is_stale("r", 2));
    }

    #[test]
    fn what_is_no_row_of_an_object_stands_nowhere() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        assert_eq!(standing(&item(&[("image", text("shop/a"))])), None);
        assert_eq!(standing(&item(&[("image", text("#labels")), ("shelf", text("x"))])), None);
        let odd = [("image", text("shop/a")), ("shelf", text("hat")), ("size", text("big"))];
        assert_eq!(standing(&item(&odd)).unwrap().size, None);
    }
}
