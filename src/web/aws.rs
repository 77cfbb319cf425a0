//! The API of a table on AWS.

use std::sync::Arc;

use anyhow::Context;

use super::access::Access;
use super::state::{Parts, PhotoSource, Uploads, Web};
use crate::aws;
use crate::bucket::{PostSigner, S3, UrlClient};
use crate::catalogue::{Changes, DynamoDb};
use crate::model_file::Opening;
use crate::pipeline::{PhotoJudge, Scorer};
use crate::settings::{Settings, WebSettings};

/// The API on clients of AWS, as the environment says, with the model that the settings name.
///
/// # Errors
///
/// If the model cannot be loaded, or uploads are wanted and there are no credentials to sign them with.
pub async fn on_aws(settings: Settings, web: WebSettings) -> anyhow::Result<Web> {
    let Settings { table, rules, shards, .. } = settings;
    let opening = Opening::begin(&rules.model);
    let config = aws::config().await;
    let dynamodb = aws_sdk_dynamodb::Client::new(&config);
    let streams = aws_sdk_dynamodbstreams::Client::new(&config);
    let s3 = aws_sdk_s3::Client::new(&config);
    let uploads = match web.uploads {
        None => Uploads::None,
        Some(place) => {
            let credentials = config.credentials_provider().context("there are no credentials")?;
            let region = config.region().context("there is no region: set AWS_REGION")?;
            let signer = PostSigner::new(credentials, region.as_ref(), S3::new(s3.clone()));
            Uploads::Presigned(place, signer)
        }
    };
    let classifier = Arc::new(opening.finish(&S3::new(s3.clone())).await?.classifier);
    let judge = PhotoJudge::new(classifier, &rules);
    Ok(Web::new(Parts {
        changes: Changes::new(streams, dynamodb.clone(), table.as_str()),
        table: DynamoDb::new(dynamodb, table.as_str()).with_shards(shards),
        s3,
        scorer: Scorer::new(judge, UrlClient::new(&rules.url_hosts), &rules),
        limits: rules.limits,
        photos: PhotoSource::Redirect,
        folder: None,
        uploads,
        access: Access::Set {
            reading: web.reading,
            tokens: web.tokens,
            trusts_iam: web.trusts_iam,
        },
        origins: web.origins,
        per_second: web.per_second,
        live: None,
    }))
}
