//! The conformance suite on the embedded table, and on another implementation of AWS.

use std::env;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::types::AttributeValue;

use super::conformance::{Shared, conforms};
use super::{DynamoDb, schema};
use crate::local::{AccessKey, Endpoints, Options, Stack};

impl Shared for DynamoDb {
    async fn set(&self, image: &str, name: &str, value: &str) {
        let update = self.client.update_item().table_name(&self.table);
        update
            .key("image", AttributeValue::S(image.to_owned()))
            .update_expression("SET #name = :value")
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":value", AttributeValue::S(value.to_owned()))
            .send()
            .await
            .unwrap();
    }

    async fn get(&self, image: &str, name: &str) -> Option<String> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let answer = get.key("image", AttributeValue::S(image.to_owned())).send().await.unwrap();
        answer.item?.remove(name)?.as_s().ok().cloned()
    }
}

/// A table of its own with this client.
async fn made(client: Client) -> DynamoDb {
    let name = format!("conformance-{}", uuid::Uuid::new_v4().simple());
    schema::create_table(&client, &name).unwrap().send().await.unwrap();
    let exists = client.wait_until_table_exists().table_name(&name);
    exists.wait(Duration::from_mins(1)).await.unwrap();
    DynamoDb::new(client, &name)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_table_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { dir: dir.path().to_owned(), ..Options::default() };
    let stack = Stack::start(options).await.unwrap();
    conforms(&made(stack.dynamodb()).await).await;
    stack.shutdown().await;
}

/// `tests/second/run.sh` starts it. Without one this test says so and passes.
#[tokio::test(flavor = "multi_thread")]
async fn another_implementations_table_conforms() {
    let (Ok(endpoint), Ok(name)) = (env::var("SECOND_ENDPOINT"), env::var("SECOND_NAME")) else {
        eprintln!("skipped: no SECOND_ENDPOINT: see tests/second/README.md");
        return;
    };
    assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint} is not on this machine");
    eprintln!("on {name}: the conformance suite");
    // It checks no signatures.
    let key = AccessKey { id: "any".to_owned(), secret: "any".to_owned() };
    let (s3, bucket, table) = (endpoint.clone(), String::new(), String::new());
    let at = Endpoints { s3, dynamodb: endpoint, bucket, table, key };
    conforms(&made(at.dynamodb_client()).await).await;
}
