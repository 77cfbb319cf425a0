//! The function's entry point: settings, handler, run.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use lookbook::bucket::S3;
use lookbook::catalogue::DynamoDb;
use lookbook::pipeline::{Invocation, Pipeline};
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
    Ok(Pipeline::on_aws(&settings).await?)
}

async fn handle(
    pipeline: &Pipeline<S3, DynamoDb>,
    event: LambdaEvent<Value>,
) -> Result<Value, Diagnostic> {
    let left = event.context.deadline().duration_since(SystemTime::now());
    let deadline = Some(Instant::now() + left.unwrap_or(Duration::ZERO));
    let invocation = Invocation { id: event.context.request_id, deadline };
    let report = pipeline.handle(&event.payload, &invocation).await.map_err(|error| {
        tracing::error!(message_id = invocation.id, code = error.code(), "{error}");
        failure(error.code(), error.to_string())
    })?;
    let words = report.failure().unwrap_or_default();
    report.answer.ok_or_else(|| failure("retry", words))
}

/// A failed invocation: a stable type that a dashboard can count, and what happened.
fn failure(error_type: &str, error_message: String) -> Diagnostic {
    Diagnostic { error_type: error_type.to_owned(), error_message }
}
