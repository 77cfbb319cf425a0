//! What S3's answers mean: the real SDK against a server that answers as S3 does.

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use lookbook::bucket::{Bucket, BucketError, S3};
use lookbook::object::ObjectId;

use crate::helpers::Embedded;

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

/// A policy that denies is told from one that does not allow, of the table as of the bucket.
#[tokio::test]
async fn a_table_that_may_not_be_read_says_what_forbids_it() {
    const WHO: &str = "User: arn:aws:sts::111122223333:assumed-role/f/f is not authorized to perform: \
                       dynamodb:GetItem on resource: arn:aws:dynamodb:us-east-1:111122223333:table/t";
    for (why, expected) in [
        (
            "because no identity-based policy allows the dynamodb:GetItem action",
            "allow dynamodb:GetItem in a policy of the role (AccessDeniedException: User: ",
        ),
        (
            "with an explicit deny in a service control policy",
            "a service control policy of the organisation denies dynamodb:GetItem: ",
        ),
    ] {
        let kind = "com.amazon.coral.service#AccessDeniedException";
        let body = serde_json::json!({"__type": kind, "Message": format!("{WHO} {why}")});
        let answer = move || async move {
            let json = [("content-type", "application/x-amz-json-1.0")];
            (StatusCode::BAD_REQUEST, json, body.to_string())
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(Credentials::new("a", "b", None, None, "test"));
        let client = aws_sdk_dynamodb::Client::from_conf(config.build());
        let table = lookbook::catalogue::DynamoDb::new(client, "t");
        let object = ObjectId::new("shop", "a.jpg").unwrap();
        let error = table.row(&object).await.unwrap_err().to_string();
        let start = format!("the row of shop/a.jpg could not be read: {expected}");
        assert!(error.starts_with(&start), "{error}");
    }
}

/// Page by page, whatever characters the keys have, in the order of their bytes.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_is_listed_page_by_page() {
    let place = Embedded::start().await;
    let folder = place.stack.bucket_dir().join("new");
    std::fs::create_dir(&folder).unwrap();
    let mut keys: Vec<String> = (0..1200).map(|n| format!("new/{n:04}.jpg")).collect();
    keys.extend(["new/a b+c%20.jpg", "new/ctrl\u{1}.jpg", "new/日本.jpg"].map(str::to_owned));
    keys.sort();
    for key in &keys {
        std::fs::write(folder.join(key.strip_prefix("new/").unwrap()), key).unwrap();
    }
    std::fs::write(place.stack.bucket_dir().join("other.jpg"), "other").unwrap();
    let url = format!("s3://{}/new/", place.stack.bucket()).parse().unwrap();
    for (after, expected) in [(None, &keys[..]), (Some(&keys[99]), &keys[100..])] {
        let mut pages = place.bucket().list(&url, after.map(String::as_str));
        let (mut found, mut count) = (Vec::new(), 0);
        while let Some(page) = pages.next().await.unwrap() {
            assert!(
                page.len() <= 1000 && page.iter().all(|o| o.size == o.object.key().len() as u64)
            );
            found.extend(page.into_iter().map(|listed| listed.object.key().to_owned()));
            count += 1;
        }
        assert_eq!((&found[..], count), (expected, 2));
    }
}
