//! Rows in `DynamoDB`.

use std::collections::HashMap;
use std::num::NonZeroU16;
use std::ops::ControlFlow;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;

use super::update::Update;
use super::{Cursor, Listing, Page, Revision, Row, Shelf, Shelves, Table, TableError, Written};
use super::{schema, stamp};
use crate::bucket::chain;
use crate::object::ObjectId;

/// A table in `DynamoDB`, of the form in [`schema`].
#[derive(Debug, Clone)]
pub struct DynamoDb {
    pub(super) client: Client,
    pub(super) table: String,
}

impl DynamoDb {
    /// Wraps a client.
    #[must_use]
    pub fn new(client: Client, table: &str) -> Self {
        Self { client, table: table.to_owned() }
    }

    /// Gives all rows that are on a shelf to `each`, in no order, until it breaks. It reads the
    /// whole index: this is for the command line, not for a website.
    pub async fn scan(
        &self,
        mut each: impl FnMut(Listing) -> ControlFlow<()>,
    ) -> Result<(), TableError> {
        let scan = self.client.scan().table_name(&self.table).index_name(schema::INDEX);
        let mut pages = scan.into_paginator().items().send();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|e| self.error("all shelves", "listed", e))?;
            if each(Listing::of_item(item)?).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn error<E>(&self, image: &str, action: &'static str, error: SdkError<E>) -> TableError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if error.code() == Some("ResourceNotFoundException") {
            return TableError::NoTable { table: self.table.clone() };
        }
        let cause = chain(error);
        TableError::Failed { image: image.to_owned(), action, cause }
    }
}

impl Table for DynamoDb {
    async fn read(&self, object: &ObjectId) -> Result<Option<Row>, TableError> {
        let image = object.to_string();
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("image", AttributeValue::S(image.clone()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| self.error(&image, "read", e))?;
        let row = answer.item.map(serde_dynamo::from_item).transpose();
        row.map_err(|e| TableError::Unreadable { image, cause: e.to_string() })
    }

    /// An `UpdateItem` of lookbook's own attributes: what a website keeps in the row stays.
    async fn write(&self, row: &Row, replaces: Option<&Revision>) -> Result<Written, TableError> {
        let item = serde_dynamo::to_item(row).map_err(|e| TableError::Failed {
            image: row.image.clone(),
            action: "written",
            cause: e.to_string(),
        })?;
        let update = Update::of(item, replaces);
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("image", AttributeValue::S(row.image.clone()))
            .update_expression(update.expression)
            .condition_expression(update.condition)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values));
        match request.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => {
                Ok(Written::Lost)
            }
            Err(error) => Err(self.error(&row.image, "written", error)),
        }
    }
}

impl Shelves for DynamoDb {
    async fn page(
        &self,
        shelf: &Shelf,
        cursor: Option<&Cursor>,
        limit: NonZeroU16,
    ) -> Result<Page, TableError> {
        let failed = |cause: String| TableError::Failed {
            image: shelf.to_string(),
            action: "listed",
            cause,
        };
        let start = cursor.map(start_key).transpose().map_err(|e| failed(e.to_string()))?;
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(schema::INDEX)
            .key_condition_expression("shelf = :shelf")
            .expression_attribute_values(":shelf", AttributeValue::S(shelf.as_str().to_owned()))
            .scan_index_forward(false)
            .limit(i32::from(limit.get()))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|e| self.error(shelf.as_str(), "listed", e))?;
        let rows = answer.items.unwrap_or_default().into_iter().map(Listing::of_item);
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let more = answer.last_evaluated_key.filter(|key| !key.is_empty()).and(rows.last());
        let next = more.map(|row| Cursor::after(shelf, row.added_at, &row.image));
        Ok(Page { rows, next })
    }
}

/// The key of the row before a cursor, as the index has it.
fn start_key(cursor: &Cursor) -> Result<HashMap<String, AttributeValue>, time::error::Format> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    Ok(HashMap::from([
        ("shelf".to_owned(), text(cursor.shelf().as_str())),
        ("added_at".to_owned(), text(&stamp::text(cursor.added_at())?)),
        ("image".to_owned(), text(cursor.image())),
    ]))
}
