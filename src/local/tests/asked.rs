//! What is asked of the bucket and is not there: it is refused, and changes nothing.

use std::fs;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::{put, start};
use crate::local::Stack;

/// A parameter (`?`) or a header, as a client would send it.
fn added(uri: &str, what: &str) -> String {
    let separator = if uri.contains('?') { '&' } else { '?' };
    format!("{uri}{separator}{what}")
}

/// Sends a request of the SDK with something more in it.
macro_rules! send_with {
    ($request:expr, $what:expr) => {{
        let what: &str = $what;
        let customised =
            $request.customize().mutate_request(move |request| match what.strip_prefix('?') {
                Some(parameter) => {
                    let uri = added(request.uri(), parameter);
                    request.set_uri(uri).unwrap();
                }
                None => {
                    let (name, value) = what.split_once(": ").unwrap();
                    request.headers_mut().insert(name.to_owned(), value.to_owned());
                }
            });
        customised.send().await
    }};
}

fn is_not_implemented<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    answer: Result<T, SdkError<E>>,
    what: &str,
) {
    let error = answer.expect_err(what);
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 501, "{what}: {error:?}");
    assert_eq!(error.code(), Some("NotImplemented"), "{what}");
    assert!(error.message().unwrap().contains("embedded bucket"), "{what}: {error:?}");
}

fn is_as_it_was(stack: &Stack) {
    assert_eq!(fs::read(stack.bucket_dir().join("a.jpg")).unwrap(), b"one");
    assert_eq!(fs::read_dir(stack.bucket_dir()).unwrap().count(), 1);
}

#[tokio::test]
async fn writes_that_mean_something_else_write_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let s3 = stack.s3();
    put(&stack, "a.jpg", b"one").await;
    for what in [
        "?annotation",
        "?annotation=x&annotationName=y",
        "?foo",
        "?renameObject",
        "?append",
        "?versionId=3",
        "?x-amz-meta-who=me",
        "?x-amz-acl=public-read",
        "x-amz-rename-source: /photos/b.jpg",
        "x-amz-write-offset-bytes: 3",
        "x-amz-storage-class: GLACIER",
        "x-amz-server-side-encryption: aws:kms",
        "x-amz-object-lock-legal-hold: ON",
        "x-amz-website-redirect-location: /b",
        "x-amz-grant-read: uri=x",
        "x-amz-tagging: a=b",
        "x-amz-checksum-xxhash3: AAAA",
        "x-amz-copy-source-if-match: x",
        "if-modified-since: Thu, 01 Jan 2026 00:00:00 GMT",
        "if-unmodified-since: Thu, 01 Jan 2026 00:00:00 GMT",
        "if-none-match: \"x\"",
    ] {
        // Large, so that its sender must be let finish to hear the answer.
        let body = vec![0; 3 * 1024 * 1024];
        let request = s3.put_object().bucket("photos").key("a.jpg").body(body.into());
        let answer = send_with!(request, what);
        if what.starts_with("if-none-match") {
            assert_eq!(answer.unwrap_err().code(), Some("NotImplemented"));
        } else {
            is_not_implemented(answer, what);
        }
        is_as_it_was(&stack);
    }
    for what in ["?renameObject", "if-match: \"x\"", "x-amz-copy-source-server-side: x"] {
        let copy = s3.copy_object().bucket("photos").key("b.jpg").copy_source("photos/a.jpg");
        is_not_implemented(send_with!(copy, what), what);
    }
    let copy =
        s3.copy_object().bucket("photos").key("b.jpg").copy_source("photos/a.jpg?versionId=3");
    assert_eq!(copy.send().await.unwrap_err().code(), Some("NotImplemented"));
    let copy = || s3.copy_object().bucket("photos").key("b.jpg").copy_source("photos/a.jpg");
    let error = copy().copy_source_if_match("\"other\"").send().await.unwrap_err();
    assert_eq!(error.code(), Some("PreconditionFailed"));
    is_as_it_was(&stack);
}

#[tokio::test]
async fn removals_with_a_condition_remove_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let s3 = stack.s3();
    let etag = put(&stack, "a.jpg", b"one").await;
    let delete = || s3.delete_object().bucket("photos").key("a.jpg");
    for what in [
        "?versionId=3",
        "?foo",
        "?annotation",
        "x-amz-if-match-size: 3",
        "x-amz-if-match-last-modified-time: Thu, 01 Jan 2026 00:00:00 GMT",
        "x-amz-mfa: x",
        "if-none-match: \"x\"",
        "if-unmodified-since: Thu, 01 Jan 2026 00:00:00 GMT",
    ] {
        is_not_implemented(send_with!(delete(), what), what);
        is_as_it_was(&stack);
    }
    let error = delete().if_match("\"other\"").send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 412);
    is_as_it_was(&stack);

    let id = |key: &str| ObjectIdentifier::builder().key(key);
    let several = Delete::builder()
        .objects(id("a.jpg").e_tag("\"other\"").build().unwrap())
        .objects(id("a.jpg").size(3).build().unwrap())
        .objects(id("a.jpg").version_id("3").build().unwrap());
    let several = s3.delete_objects().bucket("photos").delete(several.build().unwrap());
    let answer = several.send().await.unwrap();
    let codes: Vec<_> = answer.errors().iter().filter_map(|error| error.code()).collect();
    assert_eq!(codes, ["PreconditionFailed", "NotImplemented", "NotImplemented"]);
    assert!(answer.deleted().is_empty());
    is_as_it_was(&stack);

    delete().if_match(&etag).version_id("null").send().await.unwrap();
    assert!(!stack.bucket_dir().join("a.jpg").exists());
}

#[tokio::test]
async fn reads_that_mean_something_else_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let s3 = stack.s3();
    put(&stack, "a.jpg", b"one").await;
    for what in ["?versionId=3", "?partNumber=1", "?foo", "x-amz-expected-bucket-owner: 1"] {
        let get = s3.get_object().bucket("photos").key("a.jpg");
        is_not_implemented(send_with!(get, what), what);
        // A HEAD has no body to say it in.
        let head = s3.head_object().bucket("photos").key("a.jpg");
        let error = send_with!(head, what).unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 501, "{what}");
    }
    let list = s3.list_objects_v2().bucket("photos");
    is_not_implemented(send_with!(list, "?versions"), "versions");
    let again = s3.get_object().bucket("photos").key("a.jpg").range("bytes=1-1");
    let part = send_with!(again.clone(), "if-range: \"f97c5d29941bfb1b2fdab0874906ab82\"");
    assert_eq!(part.unwrap().content_length(), Some(1));
    assert_eq!(send_with!(again, "if-range: \"other\"").unwrap().content_length(), Some(3));
    let tags = s3.get_object_tagging().bucket("photos").key("a.jpg").send().await.unwrap();
    assert!(tags.tag_set().is_empty());
}
