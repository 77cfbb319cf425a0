//! What is made of the answers of S3, and of what is not S3: the real client, and a server on loopback
//! that always answers the same.

use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::config::{Config, Credentials};
use aws_smithy_http_client::Builder as HttpClientBuilder;
use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode};

use super::*;
use crate::code::RetryCode;

/// A bucket on a server that answers everything like this.
async fn answering(
    status: u16,
    headers: &[(&'static str, &'static str)],
    body: &'static str,
) -> S3 {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
        .collect();
    let status = StatusCode::from_u16(status).unwrap();
    let answer = move || {
        let headers = headers.clone();
        async move { (status, headers, body) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .endpoint_url(endpoint)
        .http_client(HttpClientBuilder::new().build_http())
        .force_path_style(true);
    S3::new(aws_sdk_s3::Client::from_conf(config.build()))
}

fn object() -> ObjectId {
    ObjectId::new("shop", "a.jpg").unwrap()
}

fn error_of(code: &str) -> String {
    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>words</Message></Error>")
}

#[tokio::test]
async fn only_s3s_own_word_says_that_an_object_is_gone() {
    let xml = [("content-type", "application/xml")];
    let gone = answering(404, &xml, Box::leak(error_of("NoSuchKey").into_boxed_str())).await;
    assert!(gone.get(&object()).await.unwrap().is_none());
    assert!(gone.head(&object()).await.unwrap().is_none(), "GET is to tell");

    // A proxy, a wrong endpoint, a web server: some are even XML.
    for body in [
        "<!doctype html><title>404 Not Found</title>",
        "<html><body><Code>nothing</Code></body></html>",
        "",
        "{\"error\": \"not found\"}",
        "404 page not found",
    ] {
        let other = answering(404, &[("content-type", "text/html")], body).await;
        let error = other.get(&object()).await.unwrap_err();
        assert_eq!(error.retry_code(), RetryCode::BucketFailed, "{body}");
        assert!(error.to_string().contains("shop/a.jpg"), "{error}");
        assert!(error.to_string().contains("endpoint"), "{error}");
    }
    for code in ["NoSuchBucket", "NoSuchVersion", "NotFound"] {
        let other = answering(404, &xml, Box::leak(error_of(code).into_boxed_str())).await;
        let error = other.get(&object()).await.unwrap_err();
        assert_eq!(error.retry_code(), RetryCode::BucketFailed, "{code}");
        assert!(!error.to_string().contains('{'), "{error}");
    }
}

#[tokio::test]
async fn a_bucket_of_another_region_names_it() {
    let moved: &str = Box::leak(error_of("PermanentRedirect").into_boxed_str());
    let there = answering(301, &[("x-amz-bucket-region", "eu-west-1")], moved).await;
    let errors =
        [there.get(&object()).await.unwrap_err(), there.head(&object()).await.unwrap_err()];
    for error in errors {
        assert!(error.to_string().contains("the region eu-west-1: set AWS_REGION"), "{error}");
    }
    let error = answering(301, &[], moved).await.get(&object()).await.unwrap_err();
    assert!(error.to_string().contains("another region"), "{error}");
}

#[tokio::test]
async fn a_denied_object_is_an_error_of_its_own() {
    let body: &str = Box::leak(error_of("AccessDenied").into_boxed_str());
    let denied = answering(403, &[], body).await.get(&object()).await.unwrap_err();
    assert_eq!(denied.retry_code(), RetryCode::BucketDenied);
    assert!(denied.to_string().ends_with("(AccessDenied: words)"), "{denied}");
    let said = "User: arn:aws:sts::111122223333:assumed-role/f/f is not authorized to perform: \
                s3:GetObject on resource: \"arn:aws:s3:::shop/a.jpg\" with an explicit deny in a \
                resource-based policy";
    let body = error_of("AccessDenied").replace("words", said);
    let body: &str = Box::leak(body.into_boxed_str());
    let denied = answering(403, &[], body).await.get(&object()).await.unwrap_err().to_string();
    let expected = "access denied to s3://shop/a.jpg: the policy of the bucket, key or table itself \
                    denies s3:GetObject: ";
    assert!(denied.starts_with(expected) && !denied.contains("allow s3:"), "{denied}");
    let body: &str = Box::leak(error_of("InvalidObjectState").into_boxed_str());
    let archived = answering(403, &[], body).await.get(&object()).await.unwrap_err();
    assert!(matches!(archived, BucketError::Archived { .. }));
}

#[tokio::test]
async fn a_listing_that_cannot_go_on_says_so() {
    let place = "s3://shop/new/".parse().unwrap();
    let xml = [("content-type", "application/xml")];
    let body = "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>";
    let error = answering(200, &xml, body).await.list(&place, None).next().await.unwrap_err();
    assert!(error.to_string().contains("not where"), "{error}");
    let body = "<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%FF</Key>\
                </Contents></ListBucketResult>";
    let error = answering(200, &xml, body).await.list(&place, None).next().await.unwrap_err();
    assert!(error.to_string().contains("'%FF'"), "{error}");
    let body = "<ListBucketResult><Contents><Key></Key></Contents></ListBucketResult>";
    let error = answering(200, &xml, body).await.list(&place, None).next().await.unwrap_err();
    assert!(error.to_string().contains("names no object"), "{error}");
    let body: &str = Box::leak(error_of("AccessDenied").into_boxed_str());
    let error = answering(403, &[], body).await.list(&place, None).next().await.unwrap_err();
    assert!(error.to_string().contains("AccessDenied: words; it takes s3:ListBucket"), "{error}");
}

/// A server may leave out the encoding that was asked for: then a key is what it says.
#[tokio::test]
async fn a_key_is_decoded_only_where_it_is_encoded() {
    let xml = [("content-type", "application/xml")];
    for (encoding, expected) in
        [("", "a+b%20.jpg"), ("<EncodingType>url</EncodingType>", "a b .jpg")]
    {
        let body = format!(
            "<ListBucketResult>{encoding}<Contents><Key>a+b%20.jpg</Key><Size>7</Size>\
             <ETag>&quot;e&quot;</ETag><LastModified>2026-01-02T03:04:05.000Z</LastModified>\
             <StorageClass>GLACIER</StorageClass></Contents></ListBucketResult>"
        );
        let bucket = answering(200, &xml, Box::leak(body.into_boxed_str())).await;
        let mut pages = bucket.list(&"s3://shop".parse().unwrap(), None);
        let page = pages.next().await.unwrap().unwrap();
        let expected = Listed {
            object: ObjectId::new("shop", expected).unwrap(),
            size: 7,
            etag: Some(ETag::new("e")),
            last_modified: Some(time::macros::datetime!(2026-01-02 03:04:05 UTC)),
            storage_class: Some("GLACIER".to_owned()),
        };
        assert_eq!(page, [expected]);
        assert!(pages.next().await.unwrap().is_none());
    }
}
