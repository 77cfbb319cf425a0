//! Listing the catalogue, newest first.

use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{DynamoDb, Shelf, TableError, schema, stamp};

/// What a listing shows of a row: what the index projects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// `bucket/key`.
    pub image: String,
    /// The object's bucket.
    pub bucket: String,
    /// The object's key, decoded.
    pub key: String,
    /// Where it stands for the website.
    pub shelf: Shelf,
    /// The model's top label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// What a person said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_label: Option<String>,
    /// Why it is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Pixels across.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// The image format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// When the object was put.
    #[serde(with = "stamp")]
    pub added_at: OffsetDateTime,
}

/// Which rows a listing shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Only this shelf; otherwise all of them.
    pub shelf: Option<Shelf>,
    /// Only rows whose confidence is at least this.
    pub min_confidence: Option<f32>,
    /// At most so many: the newest.
    pub limit: Option<usize>,
}

impl DynamoDb {
    /// Gives the rows that pass the filter to `each`, newest first, until it breaks.
    ///
    /// One shelf is read page by page from the index, in order. All shelves together have no common
    /// order in `DynamoDB`: the index is read whole, and the newest `limit` rows are kept and sorted
    /// (all of them without a limit, so that memory grows with the catalogue then).
    pub async fn list(
        &self,
        filter: &Filter,
        mut each: impl FnMut(Listing) -> ControlFlow<()>,
    ) -> Result<(), TableError> {
        if filter.limit == Some(0) {
            return Ok(());
        }
        if let Some(shelf) = &filter.shelf {
            return self.list_shelf(shelf, filter, each).await;
        }
        for row in self.newest(filter).await? {
            if each(row).is_break() {
                break;
            }
        }
        Ok(())
    }

    async fn list_shelf(
        &self,
        shelf: &Shelf,
        filter: &Filter,
        mut each: impl FnMut(Listing) -> ControlFlow<()>,
    ) -> Result<(), TableError> {
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(schema::INDEX)
            .key_condition_expression("shelf = :shelf")
            .expression_attribute_values(":shelf", AttributeValue::S(shelf.as_str().to_owned()))
            .scan_index_forward(false);
        if let Some(least) = filter.min_confidence {
            query = query
                .filter_expression("confidence >= :least")
                .expression_attribute_values(":least", AttributeValue::N(least.to_string()));
        } else if let Some(limit) = filter.limit {
            // A page no larger than what is shown; the server caps it at 1 MB anyway.
            query = query.limit(i32::try_from(limit).unwrap_or(i32::MAX).min(1000));
        }
        let mut pages = query.into_paginator().items().send();
        let mut left = filter.limit.unwrap_or(usize::MAX);
        while let Some(item) = pages.next().await {
            let item = item.map_err(|e| self.error(shelf.as_str(), "listed", e))?;
            left -= 1;
            if each(listing(item)?).is_break() || left == 0 {
                break;
            }
        }
        Ok(())
    }

    async fn newest(&self, filter: &Filter) -> Result<Vec<Listing>, TableError> {
        let mut scan = self.client.scan().table_name(&self.table).index_name(schema::INDEX);
        if let Some(least) = filter.min_confidence {
            scan = scan
                .filter_expression("confidence >= :least")
                .expression_attribute_values(":least", AttributeValue::N(least.to_string()));
        }
        let mut pages = scan.into_paginator().items().send();
        let limit = filter.limit.unwrap_or(usize::MAX);
        let mut newest = BinaryHeap::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|e| self.error("all shelves", "listed", e))?;
            newest.push(OldestFirst(listing(item)?));
            if newest.len() > limit {
                newest.pop();
            }
        }
        // Sorted from the least to the greatest of `OldestFirst`, that is from the newest.
        Ok(newest.into_sorted_vec().into_iter().map(|row| row.0).collect())
    }
}

fn listing(item: std::collections::HashMap<String, AttributeValue>) -> Result<Listing, TableError> {
    let image = item.get("image").and_then(|v| v.as_s().ok()).cloned().unwrap_or_default();
    serde_dynamo::from_item(item)
        .map_err(|e| TableError::Unreadable { image, cause: e.to_string() })
}

/// Orders listings so that the oldest is the greatest; ties by key, so that the order is total.
struct OldestFirst(Listing);

impl Ord for OldestFirst {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |row: &Self| (std::cmp::Reverse(row.0.added_at), row.0.image.clone());
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for OldestFirst {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for OldestFirst {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for OldestFirst {}
