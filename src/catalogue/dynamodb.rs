//! Rows in `DynamoDB`.

use std::collections::HashMap;
use std::num::NonZeroU16;
use std::ops::ControlFlow;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;

use super::schema;
use super::stored::{Item, Seen, Stored};
use super::update::{Update, Writer};
use super::{Cursor, Listing, Page, Row, Shelf, Shelves, Skipped, Table, TableError, Written};
use crate::bucket::said;
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

    /// The row of an object, consistently read.
    pub async fn row(&self, object: &ObjectId) -> Result<Option<Row>, TableError> {
        match self.read(object).await? {
            Some(stored) if !stored.is_readable => {
                Err(TableError::Unreadable { image: object.to_string() })
            }
            stored => Ok(stored.map(|stored| stored.row)),
        }
    }

    /// Gives all rows that are on a shelf to `each`, in no order, until it breaks; and says what was
    /// no row. It reads the whole index: this is for the command line, not for a website.
    pub async fn scan(
        &self,
        mut each: impl FnMut(Listing) -> ControlFlow<()>,
    ) -> Result<Skipped, TableError> {
        let mut skipped = Skipped::default();
        let scan = self.client.scan().table_name(&self.table).index_name(schema::INDEX);
        let mut pages = scan.into_paginator().items().send();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|e| self.error("all shelves", "listed", e))?;
            if let Some(row) = skipped.listed(item)
                && each(row).is_break()
            {
                break;
            }
        }
        Ok(skipped)
    }

    async fn update(
        &self,
        row: &Row,
        writer: Writer,
        replaces: Option<&Seen>,
    ) -> Result<Written, TableError> {
        let item = serde_dynamo::to_item(row).map_err(|e| TableError::Failed {
            image: row.image.clone(),
            action: "written",
            cause: e.to_string(),
        })?;
        let update = Update::of(item, writer, replaces);
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

    fn error<E>(&self, image: &str, action: &'static str, error: SdkError<E>) -> TableError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if error.code() == Some("ResourceNotFoundException") {
            return TableError::NoTable { table: self.table.clone() };
        }
        let cause = said(error);
        TableError::Failed { image: image.to_owned(), action, cause }
    }
}

impl Table for DynamoDb {
    async fn read(&self, object: &ObjectId) -> Result<Option<Stored>, TableError> {
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
        Ok(answer.item.map(|item| Stored::of_item(object, item)))
    }

    async fn write(&self, row: &Row, replaces: Option<&Seen>) -> Result<Written, TableError> {
        self.update(row, Writer::Pipeline, replaces).await
    }

    async fn write_review(&self, row: &Row, replaces: &Seen) -> Result<Written, TableError> {
        self.update(row, Writer::Reviewer, Some(replaces)).await
    }
}

impl Shelves for DynamoDb {
    async fn page(
        &self,
        shelf: &Shelf,
        cursor: Option<&Cursor>,
        limit: NonZeroU16,
    ) -> Result<Page, TableError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(schema::INDEX)
            .key_condition_expression("shelf = :shelf")
            .expression_attribute_values(":shelf", AttributeValue::S(shelf.as_str().to_owned()))
            .scan_index_forward(false)
            .limit(i32::from(limit.get()))
            .set_exclusive_start_key(cursor.map(start_key))
            .send()
            .await
            .map_err(|e| self.error(shelf.as_str(), "listed", e))?;
        let mut skipped = Skipped::default();
        let items = answer.items.unwrap_or_default().into_iter();
        let rows = items.filter_map(|item| skipped.listed(item)).collect();
        let next = answer.last_evaluated_key.as_ref().and_then(|key| cursor_after(shelf, key));
        Ok(Page { rows, next, skipped })
    }
}

/// The position of a key of the index, which may be that of an item that is no row.
fn cursor_after(shelf: &Shelf, key: &Item) -> Option<Cursor> {
    let text = |name: &str| key.get(name)?.as_s().ok().map(String::as_str);
    Some(Cursor::after(shelf, text("added_at")?, text("image")?))
}

/// The key of the row before a cursor, as the index has it.
fn start_key(cursor: &Cursor) -> Item {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    HashMap::from([
        ("shelf".to_owned(), text(cursor.shelf().as_str())),
        ("added_at".to_owned(), text(cursor.added_at())),
        ("image".to_owned(), text(cursor.image())),
    ])
}
