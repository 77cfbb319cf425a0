//! The function's entry point: settings, handler, run.

#![forbid(unsafe_code)]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use lambda_runtime::tower::layer::layer_fn;
use lambda_runtime::tower::util::MapFuture;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, Runtime, service_fn};
use lookbook::bucket::S3;
use lookbook::catalogue::DynamoDb;
use lookbook::handler::{DeadLetters, Handler, Invocation};
use lookbook::model_file::{Opened, Opening};
use lookbook::settings::Settings;
use lookbook::telemetry::{self, Journal, Request, Start};
use lookbook::{aws, event};
use serde_json::Value;
use tokio::time::Instant;

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::start_function();
    let (handler, journal, beginning) = match init().await {
        Ok((handler, start)) => {
            let beginning = start.total;
            let journal = Arc::new(Journal::new(handler.maker(), start));
            (Arc::new(handler), journal, beginning)
        }
        Err(error) => {
            tracing::error!(code = "init", "the function cannot start: {error:#}");
            return Err(error.into_boxed_dyn_error());
        }
    };
    let answer = service_fn(|event: LambdaEvent<Value>| {
        let (handler, journal) = (Arc::clone(&handler), Arc::clone(&journal));
        async move { handle(&handler, &journal, beginning, event).await }
    });
    // What this layer gets has been answered already.
    let then_look_back = layer_fn(|answered| {
        MapFuture::new(answered, |answered| {
            let handler = Arc::clone(&handler);
            async move {
                let result = answered.await;
                end_if_held_up(&handler).await;
                result
            }
        })
    });
    Runtime::new(answer).layer(then_look_back).run().await
}

/// How long work that was given up may take to come to its end all the same.
const GRACE: Duration = Duration::from_millis(200);

/// Begins the process anew if it is still working on a photo that was given up.
///
/// A decoder or a model cannot be stopped from outside. What it takes of the processor and of memory
/// would be missing in the next invocation, and in all that follow. So this program replaces itself,
/// after its answer, with a fresh run of itself, which then asks for the next event. It does not just
/// end: for Lambda an invocation is over when the next event is asked for, and a process that ends
/// before that may count as one that failed. The deadline's margin has time for a quick start, and
/// [`time_left`] keeps free what a slower one takes.
async fn end_if_held_up(handler: &Handler<S3, DynamoDb>) {
    let over = Instant::now() + GRACE;
    while handler.abandoned() > 0 {
        if Instant::now() >= over {
            tracing::warn!(
                code = "held_up",
                photos = handler.abandoned(),
                "photos that were given up are still being worked on: the function begins anew"
            );
            std::process::exit(begin_anew());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Clients and model are built once, in the init phase, and at the same time.
async fn init() -> anyhow::Result<(Handler<S3, DynamoDb>, Start)> {
    let begun = Instant::now();
    let Settings { table, shards, dead_letter_queue, rules } =
        Settings::parse(|name| std::env::var(name).ok()).context("bad settings")?;
    let opening = Opening::begin(&rules.model);
    let making = Instant::now();
    let config = aws::config().await;
    let (s3, table) = aws::clients_of(&config, table.as_str(), shards);
    let dead_letters = dead_letter_queue
        .map(|queue| DeadLetters::new(aws_sdk_sqs::Client::new(&config), queue.as_str()));
    let clients = making.elapsed();
    let Opened { classifier, took: model } = opening.finish(&S3::new(s3.clone())).await?;
    let handler = Handler::with_classifier(s3, table, classifier, &rules);
    let start = Start { total: begun.elapsed(), model, clients };
    Ok((handler.with_dead_letters(dead_letters), start))
}

/// Replaces this process, all of its threads with it. Only comes back if that cannot be: with the
/// code to end with.
#[cfg(unix)]
fn begin_anew() -> i32 {
    use std::os::unix::process::CommandExt;
    let Ok(program) = std::env::current_exe() else { return 1 };
    let error = std::process::Command::new(program).args(std::env::args_os().skip(1)).exec();
    tracing::error!(code = "held_up", "the function cannot begin anew: {error}");
    1
}

#[cfg(not(unix))]
fn begin_anew() -> i32 {
    0
}

async fn handle(
    handler: &Handler<S3, DynamoDb>,
    journal: &Journal,
    beginning: Duration,
    event: LambdaEvent<Value>,
) -> Result<Value, Diagnostic> {
    let begun = Instant::now();
    let left = event.context.deadline().duration_since(SystemTime::now());
    let left = time_left(left.unwrap_or(Duration::ZERO), beginning);
    let deadline = Some(Instant::now() + left);
    let invocation = Invocation { id: event.context.request_id, deadline };
    let trace_id = event.context.xray_trace_id;
    let request = Request { id: Some(&invocation.id), trace_id: trace_id.as_deref() };
    let result = handler.handle(&event.payload, &invocation).await;
    if let Ok(report) = &result
        && let Some(label) = &report.scored
    {
        let url = event::photo_url(&event.payload).unwrap_or_default();
        telemetry::log_scored(request, url, label);
    }
    journal.note(request, &result, begun.elapsed());
    let report = result.map_err(|error| failure(error.code(), error.to_string()))?;
    let words = report.failure().unwrap_or_default();
    report.answer.ok_or_else(|| failure("retry", words))
}

/// A beginning that the deadline's margin has time for.
const QUICK: Duration = Duration::from_millis(500);

/// How much of an invocation's time is for its photos, if this program takes so long to begin anew: that
/// may come last. A model from a bucket takes its time.
fn time_left(left: Duration, beginning: Duration) -> Duration {
    left.saturating_sub(beginning.saturating_sub(QUICK).min(left / 2))
}

/// A failed invocation: a stable type that a dashboard can count, and what happened.
fn failure(error_type: &str, error_message: String) -> Diagnostic {
    Diagnostic { error_type: error_type.to_owned(), error_message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_beginning_has_time_before_the_deadline() {
        let seconds = Duration::from_secs;
        assert_eq!(time_left(seconds(60), QUICK), seconds(60));
        assert_eq!(time_left(seconds(60), QUICK + seconds(4)), seconds(56));
        // There is no use in a function that does nothing else.
        assert_eq!(time_left(seconds(60), seconds(100)), seconds(30));
    }
}
