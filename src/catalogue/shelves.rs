//! Shelves in `DynamoDB`, page by page: a query of each shard of the index.

use std::collections::HashMap;
use std::num::NonZeroU16;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;

use super::dynamodb::DynamoDb;
use super::merge::{self, Part, Place, Start};
use super::shards::in_shard;
use super::stored::Item;
use super::{Cursor, Page, Shelf, Shelves, Skipped, TableError, schema};

impl Shelves for DynamoDb {
    async fn page(
        &self,
        shelf: &Shelf,
        cursor: Option<&Cursor>,
        limit: NonZeroU16,
    ) -> Result<Page, TableError> {
        let (shards, limit) = (self.shards().get(), limit.get());
        let share = merge::share(limit, shards);
        let parts = (0..shards).map(|shard| self.part(shelf, shard, cursor, share));
        let parts = try_join_all(parts).await?;
        let (mut rows, mut skipped) = (Vec::new(), Skipped::default());
        let next = merge::merge(parts, limit, |item| match skipped.listed(item) {
            Some(row) => {
                rows.push(row);
                true
            }
            None => false,
        });
        let after = |(shard, place): (u16, Place)| {
            Cursor::after(shelf, &place.added_at, &place.image).in_shard(shard)
        };
        Ok(Page { rows, next: next.map(after), skipped })
    }
}

impl DynamoDb {
    /// Some rows of a shard of a shelf.
    async fn part(
        &self,
        shelf: &Shelf,
        shard: u16,
        cursor: Option<&Cursor>,
        limit: u16,
    ) -> Result<Part<Item>, TableError> {
        let query = self.query(shelf, shard).scan_index_forward(false).limit(limit.into());
        let bounded = |condition: &str, added_at: &str| {
            let query = query.clone().key_condition_expression(condition);
            query.expression_attribute_values(":time", AttributeValue::S(added_at.to_owned()))
        };
        let query = match Start::of(shard, cursor) {
            Start::Newest => query,
            Start::Before(time) => bounded("shelf = :shelf AND added_at < :time", time),
            Start::UpTo(time) => bounded("shelf = :shelf AND added_at <= :time", time),
            Start::After(cursor) => query.set_exclusive_start_key(Some(start_key(cursor))),
        };
        let answer = query.send().await.map_err(|e| self.error(shelf.as_str(), "listed", e))?;
        let items = answer.items.unwrap_or_default().into_iter();
        let items = items.filter_map(|item| Some((place(&item)?, item))).collect();
        Ok(Part { items, cut: answer.last_evaluated_key.as_ref().and_then(place) })
    }

    /// A query of a shard of a shelf.
    pub(super) fn query(&self, shelf: &Shelf, shard: u16) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name(schema::INDEX)
            .key_condition_expression("shelf = :shelf")
            .expression_attribute_values(":shelf", in_shard(shelf.as_str(), shard))
    }
}

/// The place of an item in its shard, or of one whose key this is; it may be no row.
fn place(key: &Item) -> Option<Place> {
    let text = |name: &str| key.get(name)?.as_s().ok().cloned();
    Some(Place { added_at: text("added_at")?, image: text("image")? })
}

/// The key of the row before a cursor, as the index has it.
fn start_key(cursor: &Cursor) -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    HashMap::from([
        ("shelf".to_owned(), in_shard(cursor.shelf().as_str(), cursor.shard())),
        ("added_at".to_owned(), text(cursor.added_at())),
        ("image".to_owned(), text(cursor.image())),
    ])
}
