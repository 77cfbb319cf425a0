//! The function's entry point: settings, handler, run.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use lookbook::bucket::S3;
use lookbook::catalogue::DynamoDb;
use lookbook::classifier::Classifier;
use lookbook::pipeline::{Invocation, PhotoJudge, Pipeline};
use lookbook::settings::Settings;
use serde_json::Value;
use tokio::time::Instant;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(lookbook::settings::log_filter())
        .init();
    let pipeline = match init().await {
        Ok(pipeline) => Arc::new(pipeline),
        Err(error) => {
            tracing::error!(code = "init", "the function cannot start: {error:#}");
            return Err(error.into_boxed_dyn_error());
        }
    };
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let pipeline = Arc::clone(&pipeline);
        async move { handle(&pipeline, event).await }
    }))
    .await
}

/// Clients and model are built once, in the init phase.
async fn init() -> anyhow::Result<Pipeline<S3, DynamoDb>> {
    let settings = Settings::parse(|name| std::env::var(name).ok()).context("bad settings")?;
    let classifier = Arc::new(Classifier::open(settings.rules.model_file.as_deref())?);
    let judge = PhotoJudge::new(classifier, &settings.rules);
    let aws = lookbook::settings::aws().await;
    let table = DynamoDb::new(aws_sdk_dynamodb::Client::new(&aws), &settings.table);
    let bucket = S3::new(aws_sdk_s3::Client::new(&aws));
    Ok(Pipeline::new(bucket, table, judge, &settings.rules))
}

async fn handle(
    pipeline: &Pipeline<S3, DynamoDb>,
    event: LambdaEvent<Value>,
) -> Result<Value, Error> {
    let left = event.context.deadline().duration_since(SystemTime::now());
    let deadline = Some(Instant::now() + left.unwrap_or(Duration::ZERO));
    let invocation = Invocation { id: event.context.request_id, deadline };
    let report = pipeline.handle(&event.payload, &invocation).await.inspect_err(|error| {
        tracing::error!(message_id = invocation.id, code = "event", "{error}");
    })?;
    let failure = report.failure().unwrap_or_default();
    report.answer.ok_or_else(|| failure.into())
}
