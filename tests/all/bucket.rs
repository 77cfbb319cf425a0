//! What S3's answers mean: the real SDK against a server that answers as S3 does.

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use lookbook::bucket::{Bucket, BucketError, S3};
use lookbook::object::ObjectId;

/// Answers each key with the status and the code in its name, as in `403-AccessDenied`.
async fn answer(method: Method, uri: Uri) -> Response {
    let name = uri.path().rsplit('/').next().unwrap_or_default();
    let (status, code) = name.split_once('-').unwrap();
    let status = StatusCode::from_u16(status.parse().unwrap()).unwrap();
    if method == Method::HEAD {
        return status.into_response();
    }
    let body = format!("<Error><Code>{code}</Code><Message>words of S3</Message></Error>");
    (status, [("content-type", "application/xml")], body).into_response()
}

async fn bucket() -> S3 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("a", "b", None, None, "test"))
        .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled())
        .force_path_style(true);
    S3::new(aws_sdk_s3::Client::from_conf(config.build()))
}

#[tokio::test]
async fn each_answer_of_s3_has_its_meaning() {
    let bucket = bucket().await;
    let object = |key| ObjectId::new("shop", key).unwrap();
    let key = "404-NoSuchKey";
    assert!(bucket.get(&object(key)).await.unwrap().is_none(), "{key}");
    assert!(bucket.head(&object(key)).await.unwrap().is_none(), "{key}");
    for (key, code) in [
        ("403-AccessDenied", "bucket_denied"),
        ("403-InvalidObjectState", "archived"),
        ("404-NoSuchBucket", "bucket_failed"),
        ("404-NotFound", "bucket_failed"),
        ("301-PermanentRedirect", "bucket_failed"),
        ("503-SlowDown", "bucket_failed"),
        ("500-InternalError", "bucket_failed"),
        ("400-BadRequest", "bucket_failed"),
    ] {
        let error: BucketError = bucket.get(&object(key)).await.unwrap_err();
        assert_eq!(error.code(), code, "{key}: {error}");
        assert!(error.to_string().contains(key), "names the object: {error}");
    }
    let denied = bucket.head(&object("403-Forbidden")).await.unwrap_err();
    assert!(denied.to_string().contains("s3:ListBucket"), "{denied}");
}
