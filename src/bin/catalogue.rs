//! The function that serves the catalogue's API: settings, router, run.

#![forbid(unsafe_code)]

use anyhow::Context;
use lambda_http::{Error, Request};
use lookbook::settings::{Settings, WebSettings};
use lookbook::telemetry;
use lookbook::web::{self, Web};
use tower::ServiceExt;

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::start_function();
    let web = match init().await {
        Ok(web) => web,
        Err(error) => {
            tracing::error!(code = "init", "the function cannot start: {error:#}");
            return Err(error.into_boxed_dyn_error());
        }
    };
    let router = web::router(web);
    let service = router.map_request(|event: Request| web::gateway::request(event));
    lambda_http::run(service).await
}

/// Clients and model are made once, in the init phase.
async fn init() -> anyhow::Result<Web> {
    let variable = |name: &str| std::env::var(name).ok();
    let settings = Settings::parse(variable).context("bad settings")?;
    let web_settings = WebSettings::parse(variable).context("bad settings")?;
    web::on_aws(settings, web_settings).await
}
