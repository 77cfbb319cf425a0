//! Rows in `DynamoDB`.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;

use super::names::{self, Noted};
use super::schema;
use super::shards::Shards;
use super::stored::{Item, Seen, Stored};
use super::update::{Update, Writer};
use super::{Listing, Row, Skipped, Table, TableError, Written};
use crate::bucket::{remedy, said};
use crate::label::Label;
use crate::object::ObjectId;

/// What must be allowed, where `DynamoDB` says no more than that it is not.
const NEEDED: &str = "allow the actions of the template on the table and its index, and let no policy \
                      deny them";

/// A table in `DynamoDB`, of the form in [`schema`].
#[derive(Debug, Clone)]
pub struct DynamoDb {
    pub(super) client: Client,
    pub(super) table: String,
    shards: Shards,
    noted: Noted,
}

impl DynamoDb {
    /// Wraps a client.
    #[must_use]
    pub fn new(client: Client, table: &str) -> Self {
        let (shards, noted) = (Shards::default(), Noted::default());
        Self { client, table: table.to_owned(), shards, noted }
    }

    /// The same with each shelf spread over so many partitions of the index, where it is written and
    /// where it is read. See [`Shards`] for what must be true of the number.
    #[must_use]
    pub fn with_shards(self, shards: Shards) -> Self {
        Self { shards, ..self }
    }

    /// Over how many partitions each shelf is spread.
    #[must_use]
    pub fn shards(&self) -> Shards {
        self.shards
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

    /// The labels that people gave to photos, those of the model and others, since the table was made;
    /// but for labels that a website wrote by itself, unless it noted them as well. One request.
    pub async fn labels_of_people(&self) -> Result<BTreeSet<Label>, TableError> {
        let item = self.item(names::REGISTRY).await?;
        Ok(item.as_ref().map(names::labels_of).unwrap_or_default())
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

    /// An item, consistently read.
    async fn item(&self, image: &str) -> Result<Option<Item>, TableError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("image", AttributeValue::S(image.to_owned()));
        let answer = get.send().await.map_err(|e| self.error(image, "read", e))?;
        Ok(answer.item)
    }

    async fn update(
        &self,
        row: &Row,
        writer: Writer,
        replaces: Option<&Seen>,
    ) -> Result<Written, TableError> {
        let mut item: Item = serde_dynamo::to_item(row).map_err(|e| TableError::Failed {
            image: row.image.clone(),
            action: "written",
            cause: e.to_string(),
        })?;
        if let Some(shelf) = &row.shelf {
            item.insert("shelf".to_owned(), self.shards.spread(shelf.as_str(), &row.image));
        }
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

    pub(super) fn error<E>(
        &self,
        image: &str,
        action: &'static str,
        error: SdkError<E>,
    ) -> TableError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if error.code() == Some("ResourceNotFoundException") {
            return TableError::NoTable { table: self.table.clone() };
        }
        let denied = error.code() == Some("AccessDeniedException");
        let remedy = denied.then(|| remedy(error.message().unwrap_or_default(), NEEDED));
        let cause = match (remedy, said(error)) {
            (Some(remedy), said) => format!("{remedy} ({said})"),
            (None, said) => said,
        };
        TableError::Failed { image: image.to_owned(), action, cause }
    }
}

impl Table for DynamoDb {
    async fn read(&self, object: &ObjectId) -> Result<Option<Stored>, TableError> {
        let item = self.item(&object.to_string()).await?;
        Ok(item.map(|item| Stored::of_item(object, item)))
    }

    async fn write(&self, row: &Row, replaces: Option<&Seen>) -> Result<Written, TableError> {
        self.update(row, Writer::Pipeline, replaces).await
    }

    async fn write_review(&self, row: &Row, replaces: &Seen) -> Result<Written, TableError> {
        let written = self.update(row, Writer::Reviewer, Some(replaces)).await?;
        // A write that is lost may have been done, and only its answer was lost.
        self.noted.note(&self.client, &self.table, row).await;
        Ok(written)
    }
}
