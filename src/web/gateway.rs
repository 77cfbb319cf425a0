//! Requests as a Function URL or an HTTP API hands them to a function.
//!
//! A Function URL gives the path as the client wrote it; an HTTP API of API Gateway decodes it first
//! (and cuts it off at a `?` that was encoded). So behind an HTTP API a key that ends in `/photo` or
//! `/review`, or has a `?`, cannot be named.

use axum::body::Body;
use axum::http::{Request, Uri};
use lambda_http::request::RequestContext;
use lambda_http::{RequestExt, aws_lambda_events::apigw::ApiGatewayV2httpRequestContext};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::access::Sender;

/// What may not stand in a path.
const FOREIGN: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'`')
    .add(b'{')
    .add(b'}');
/// The same where nothing is encoded yet.
const DECODED: &AsciiSet = &FOREIGN.add(b'%');

/// The request for the router: with its path as the client wrote it, as far as the gateway tells, and
/// with whom it comes from, as AWS says.
#[must_use]
pub fn request(event: lambda_http::Request) -> Request<Body> {
    let context = match event.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => Some(context),
        _ => None,
    };
    let sender = context.map(sender_of).unwrap_or_default();
    let stage = context.and_then(|context| context.stage.as_deref());
    // The name of every Function URL: Lambda developer guide, "Creating and managing function URLs".
    let domain = context.and_then(|context| context.domain_name.as_deref()).unwrap_or_default();
    let is_encoded = domain.contains(".lambda-url.");
    let path = path_of(event.raw_http_path(), stage, is_encoded);
    let query = event.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let uri: Option<Uri> = format!("{path}{query}").parse().ok();
    let (mut parts, body) = event.into_parts();
    if let Some(uri) = uri {
        parts.uri = uri;
    }
    parts.extensions.insert(sender);
    Request::from_parts(parts, Body::new(body))
}

/// Whom AWS says that the request comes from.
///
/// Source: AWS Lambda developer guide, "Function URL request payload": with `AWS_IAM`, the context has
/// what was found out about the caller in `authorizer.iam`.
fn sender_of(context: &ApiGatewayV2httpRequestContext) -> Sender {
    let address = context.http.source_ip.as_deref().and_then(|ip| ip.parse().ok());
    let authorizer = context.authorizer.as_ref();
    Sender { address, is_checked_by_iam: authorizer.is_some_and(|found| found.iam.is_some()) }
}

/// The path without the name of an HTTP API's stage, encoded where the gateway has decoded it.
fn path_of(raw: &str, stage: Option<&str>, is_encoded: bool) -> String {
    let stage = stage.filter(|stage| *stage != "$default");
    let below = stage.and_then(|stage| raw.strip_prefix('/')?.strip_prefix(stage));
    let path = below.filter(|rest| rest.is_empty() || rest.starts_with('/')).unwrap_or(raw);
    let path = if path.is_empty() { "/" } else { path };
    utf8_percent_encode(path, if is_encoded { FOREIGN } else { DECODED }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_as_the_client_wrote_it() {
        for (raw, stage, is_encoded, path) in [
            ("/api/shelves", Some("$default"), true, "/api/shelves"),
            ("/api/images/shop/a%2Fb%3F", None, true, "/api/images/shop/a%2Fb%3F"),
            ("/api/images/shop/é 100%#<", None, false, "/api/images/shop/%C3%A9%20100%25%23%3C"),
            ("/prod/api/shelves", Some("prod"), false, "/api/shelves"),
            ("/production/api", Some("prod"), false, "/production/api"),
            ("/prod", Some("prod"), false, "/"),
            ("", None, true, "/"),
        ] {
            assert_eq!(path_of(raw, stage, is_encoded), path);
        }
    }
}
