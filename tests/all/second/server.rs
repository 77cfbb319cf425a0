//! The second implementation of AWS, if there is one.

use std::env;
use std::ops::Deref;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use lookbook::catalogue::schema::create_table;
use lookbook::local::{AccessKey, Endpoints};

use crate::helpers::{Embedded, Place, lookbook};

/// These servers check no signatures.
const ANY: &str = "any";
/// The region that every server has.
pub const REGION: &str = "us-east-1";

/// A server that speaks as S3, SQS and `DynamoDB` do, on this machine.
pub struct Server {
    endpoint: String,
    /// What it is called in `tests/second/README.md`.
    pub name: String,
}

impl Server {
    /// The one that `tests/second/run.sh` has started.
    pub fn given() -> Option<Self> {
        let endpoint = env::var("SECOND_ENDPOINT").ok()?;
        assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint} is not on this machine");
        let name = env::var("SECOND_NAME").expect("SECOND_NAME says what is at SECOND_ENDPOINT");
        Some(Self { endpoint, name })
    }

    /// A bucket and a table that nobody else uses.
    pub async fn place(&self) -> Place {
        let id = uuid::Uuid::new_v4().simple();
        let place = Place::new(Endpoints {
            s3: self.endpoint.clone(),
            dynamodb: self.endpoint.clone(),
            bucket: format!("photos-{id}"),
            table: format!("lookbook-{id}"),
            key: AccessKey { id: ANY.to_owned(), secret: ANY.to_owned() },
        });
        eprintln!("on {}: {} and {}", self.name, place.at.bucket, place.at.table);
        place.s3().create_bucket().bucket(&place.at.bucket).send().await.unwrap();
        let dynamodb = place.dynamodb();
        create_table(&dynamodb, &place.at.table).unwrap().send().await.unwrap();
        let made = dynamodb.wait_until_table_exists().table_name(&place.at.table);
        made.wait(Duration::from_mins(1)).await.unwrap();
        place
    }

    /// The command line, whose AWS this is.
    pub fn lookbook(&self, dir: &Path, args: &[&str]) -> Command {
        let mut command = lookbook(dir);
        command
            .args(args)
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", ANY)
            .env("AWS_SECRET_ACCESS_KEY", ANY);
        command
    }

    /// A client of its queues: without TLS, and without a proxy.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&self.endpoint)
            .credentials_provider(Credentials::new(ANY, ANY, None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http());
        aws_sdk_sqs::Client::from_conf(config.build())
    }
}

/// Turns the versions of a bucket on.
pub async fn keep_versions(place: &Place) {
    let enabled =
        VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let put = place.s3().put_bucket_versioning().bucket(&place.at.bucket);
    put.versioning_configuration(enabled).send().await.unwrap();
}

/// A bucket and a table of a test's own: on the second implementation if there is one, else
/// embedded.
pub enum Anywhere {
    Embedded(Box<Embedded>),
    Second(Place),
}

impl Anywhere {
    pub async fn start() -> Self {
        match Server::given() {
            Some(server) => Self::Second(server.place().await),
            None => Self::Embedded(Box::new(Embedded::start().await)),
        }
    }
}

impl Deref for Anywhere {
    type Target = Place;

    fn deref(&self) -> &Place {
        match self {
            Self::Embedded(embedded) => embedded,
            Self::Second(place) => place,
        }
    }
}
