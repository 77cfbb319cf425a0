//! Rows in `DynamoDB`.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;

use super::{Revision, Row, Table, TableError, Written};
use crate::bucket::chain;
use crate::event::ObjectId;

/// A table in `DynamoDB`, of the form in [`schema`](super::schema).
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

    async fn write(&self, row: &Row, replaces: Option<&Revision>) -> Result<Written, TableError> {
        let item = serde_dynamo::to_item(row).map_err(|e| TableError::Failed {
            image: row.image.clone(),
            action: "written",
            cause: e.to_string(),
        })?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = match replaces {
            None => put.condition_expression("attribute_not_exists(image)"),
            Some(revision) => put
                .condition_expression("revision = :replaced")
                .expression_attribute_values(":replaced", AttributeValue::S(revision.to_string())),
        };
        match put.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => {
                Ok(Written::Lost)
            }
            Err(error) => Err(self.error(&row.image, "written", error)),
        }
    }
}
