//! The table's form: its key, and the index that a website lists from.
//!
//! `infra/template.yaml` makes this table on AWS, and the embedded stack makes it on a laptop.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndex,
    GlobalSecondaryIndexUpdate, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, StreamSpecification, StreamViewType,
};

/// The index: a shelf's rows by `added_at`.
pub const INDEX: &str = "by-shelf";
/// The attribute that says when a tombstone may go (DynamoDB's time to live).
pub const TTL_ATTRIBUTE: &str = "expires_at";
/// What the index projects beside the keys: what a listing shows.
pub const LISTED: [&str; 15] = [
    "bucket",
    "key",
    "label",
    "confidence",
    "reviewed_label",
    "reviewed_sha256",
    "reviewed_at",
    "reason_code",
    "reason",
    "width",
    "height",
    "format",
    "content_sha256",
    "model_id",
    "recipe",
];

/// The stream of what changes in the table: each item as it is afterwards.
pub fn stream() -> Result<StreamSpecification, BuildError> {
    let stream = StreamSpecification::builder().stream_enabled(true);
    stream.stream_view_type(StreamViewType::NewImage).build()
}

/// A request that makes the table.
pub fn create_table(client: &Client, table: &str) -> Result<CreateTableFluentBuilder, BuildError> {
    let index = GlobalSecondaryIndex::builder()
        .index_name(INDEX)
        .key_schema(key("shelf", KeyType::Hash)?)
        .key_schema(key("added_at", KeyType::Range)?)
        .projection(projection())
        .build()?;
    Ok(client
        .create_table()
        .table_name(table)
        .attribute_definitions(text("image")?)
        .attribute_definitions(text("shelf")?)
        .attribute_definitions(text("added_at")?)
        .key_schema(key("image", KeyType::Hash)?)
        .global_secondary_indexes(index)
        .stream_specification(stream()?)
        .billing_mode(BillingMode::PayPerRequest))
}

/// A request that gives the index to a table that has none.
pub fn create_index(client: &Client, table: &str) -> Result<UpdateTableFluentBuilder, BuildError> {
    let index = CreateGlobalSecondaryIndexAction::builder()
        .index_name(INDEX)
        .key_schema(key("shelf", KeyType::Hash)?)
        .key_schema(key("added_at", KeyType::Range)?)
        .projection(projection())
        .build()?;
    Ok(client
        .update_table()
        .table_name(table)
        .attribute_definitions(text("image")?)
        .attribute_definitions(text("shelf")?)
        .attribute_definitions(text("added_at")?)
        .global_secondary_index_updates(
            GlobalSecondaryIndexUpdate::builder().create(index).build(),
        ))
}

fn text(name: &str) -> Result<AttributeDefinition, BuildError> {
    let definition = AttributeDefinition::builder().attribute_name(name);
    definition.attribute_type(ScalarAttributeType::S).build()
}

fn key(name: &str, kind: KeyType) -> Result<KeySchemaElement, BuildError> {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build()
}

fn projection() -> Projection {
    Projection::builder()
        .projection_type(ProjectionType::Include)
        .set_non_key_attributes(Some(LISTED.map(str::to_owned).to_vec()))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Removals are told of wherever they are, so the function must be allowed to look there.
    #[test]
    fn the_template_lets_removals_be_looked_at() {
        let template = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/infra/template.yaml"));
        for event in ["s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"] {
            let (_, rule) = template.split_once(&format!("- Event: {event}")).unwrap();
            let rule = rule.split("- Event:").next().unwrap();
            assert!(!rule.split("PhotosPolicy").next().unwrap().contains("Filter"), "{event}");
        }
        let (_, reading) = template.split_once("- Sid: ReadPhotos\n").unwrap();
        let reading = reading.split("- Sid:").next().unwrap();
        assert!(reading.contains("- !Sub ${Photos.Arn}/* #"), "not the whole bucket: {reading}");
        assert!(!reading.contains("KeyPrefix"), "only what has the prefix: {reading}");
    }

    /// The table that is deployed and the one that is embedded are the same.
    #[test]
    fn the_template_makes_this_table() {
        let template = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/infra/template.yaml"));
        let listed = LISTED.join("\n              - ");
        let listed =
            format!("NonKeyAttributes:\n              - {listed}\n      TimeToLiveSpecification");
        let ttl = format!("AttributeName: {TTL_ATTRIBUTE}\n");
        let index = format!("IndexName: {INDEX}\n");
        let view = stream().unwrap().stream_view_type.unwrap();
        let stream = format!("StreamSpecification:\n        StreamViewType: {view}\n");
        for part in [listed.as_str(), &ttl, &index, &stream] {
            assert!(template.contains(part), "no {part:?} in infra/template.yaml");
        }
    }
}
