use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{
    CompletedMultipartUpload, CompletedPart, Delete, EncodingType, ObjectIdentifier,
};

use super::{put, start};
use crate::local::{LocalError, Options, Stack};

#[tokio::test]
async fn head_get_and_list_agree_on_a_file_copied_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let s3 = stack.s3();
    fs::create_dir(stack.bucket_dir().join("é")).unwrap();
    fs::write(stack.bucket_dir().join("é/a b.jpg"), "hello").unwrap();

    let head = s3.head_object().bucket("photos").key("é/a b.jpg").send().await.unwrap();
    assert_eq!(head.e_tag(), Some("\"5d41402abc4b2a76b9719d911017c592\""));
    assert_eq!(head.content_length(), Some(5));
    assert_eq!(head.content_type(), Some("image/jpeg"));
    let get = s3.get_object().bucket("photos").key("é/a b.jpg").send().await.unwrap();
    assert_eq!(get.e_tag(), head.e_tag());
    assert_eq!(get.last_modified(), head.last_modified());
    let list = s3.list_objects_v2().bucket("photos").send().await.unwrap();
    assert_eq!(list.contents()[0].e_tag(), head.e_tag());
    assert_eq!(list.contents()[0].last_modified(), head.last_modified());
    assert_eq!(get.body.collect().await.unwrap().to_vec(), b"hello");

    // Overwritten with as many bytes.
    fs::write(stack.bucket_dir().join("é/a b.jpg"), "world").unwrap();
    let other = s3.head_object().bucket("photos").key("é/a b.jpg").send().await.unwrap();
    assert_ne!(other.e_tag(), head.e_tag());
    assert_eq!(put(&stack, "c.jpg", b"hello").await, head.e_tag().unwrap());
}

#[tokio::test]
async fn metadata_belongs_to_the_content_it_came_with() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let s3 = stack.s3();
    s3.put_object()
        .bucket("photos")
        .key("a")
        .content_type("image/x")
        .content_encoding("gzip,aws-chunked")
        .expires(DateTime::from_secs(1_800_000_000))
        .metadata("who", "me")
        .body(b"1".to_vec().into())
        .send()
        .await
        .unwrap();
    let head = s3.head_object().bucket("photos").key("a").send().await.unwrap();
    assert_eq!(head.content_type(), Some("image/x"));
    assert_eq!(head.metadata().unwrap()["who"], "me");
    assert_eq!(head.content_encoding(), Some("gzip"));
    assert_eq!(head.expires_string(), Some("Fri, 15 Jan 2027 08:00:00 GMT"));
    fs::write(stack.bucket_dir().join("a"), "2").unwrap();
    let head = s3.head_object().bucket("photos").key("a").send().await.unwrap();
    assert_eq!(head.content_type(), Some("binary/octet-stream"));
    assert!(head.metadata().is_none_or(HashMap::is_empty));

    s3.copy_object().bucket("photos").key("b/c d").copy_source("photos/a").send().await.unwrap();
    let copy = s3.head_object().bucket("photos").key("b/c d").send().await.unwrap();
    assert_eq!(copy.e_tag(), head.e_tag());
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let s3 = stack.s3();
    fs::create_dir(stack.bucket_dir().join("folder")).unwrap();
    let long = "a".repeat(300);
    for key in ["missing", "a/b", "folder", "folder/", "../lock", "a/../..", long.as_str()] {
        let head = s3.head_object().bucket("photos").key(key).send().await.unwrap_err();
        assert_eq!(head.raw_response().unwrap().status().as_u16(), 404, "{key}");
        assert!(head.into_service_error().is_not_found(), "{key}");
        let get = s3.get_object().bucket("photos").key(key).send().await.unwrap_err();
        assert!(get.into_service_error().is_no_such_key(), "{key}");
        s3.delete_object().bucket("photos").key(key).send().await.unwrap();
    }
    let list = s3.list_objects_v2().bucket("others").send().await.unwrap_err();
    assert!(list.into_service_error().is_no_such_bucket());
    let head = s3.head_bucket().bucket("others").send().await.unwrap_err();
    assert_eq!(head.raw_response().unwrap().status().as_u16(), 404);
}

#[tokio::test]
async fn keys_that_a_folder_cannot_hold_are_refused_with_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    put(&stack, "a", b"1").await;
    let long = "é".repeat(200);
    for (key, reason) in [
        ("a/b", "there is an object `a`"),
        ("../../x", ".."),
        ("b//c", "empty"),
        (".DS_Store", "hidden"),
        ("x.part", "temporary"),
        (long.as_str(), "255"),
    ] {
        let put = stack.s3().put_object().bucket("photos").key(key).body(vec![0; 100_000].into());
        let error = put.send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidRequest"), "{key}: {error:?}");
        assert!(error.message().unwrap().contains(reason), "{key}: {error:?}");
    }
    let names: Vec<_> = fs::read_dir(stack.bucket_dir()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[tokio::test]
async fn reads_take_conditions_and_ranges() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let s3 = stack.s3();
    let etag = put(&stack, "a", b"0123456789").await;
    let get = || s3.get_object().bucket("photos").key("a");
    let part = get().range("bytes=2-4").if_match(&etag).send().await.unwrap();
    assert_eq!(part.content_range(), Some("bytes 2-4/10"));
    assert_eq!(part.body.collect().await.unwrap().to_vec(), b"234");
    let tail = get().range("bytes=-3").send().await.unwrap();
    assert_eq!(tail.body.collect().await.unwrap().to_vec(), b"789");
    let error = get().if_match("\"other\"").send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 412);
    let error = get().if_none_match(&etag).send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 304);
    let error = get().range("bytes=10-").send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 416);
    let error = s3.put_object().bucket("photos").key("a").if_none_match("*").send().await;
    assert_eq!(error.unwrap_err().raw_response().unwrap().status().as_u16(), 412);
}

#[tokio::test]
async fn content_that_does_not_match_its_checksum_replaces_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    put(&stack, "a", b"1").await;
    let request = stack.s3().put_object().bucket("photos").key("a").body(b"2".to_vec().into());
    let error = request.checksum_crc32("AAAAAA==").send().await.unwrap_err();
    assert_eq!(error.code(), Some("BadDigest"));
    for (md5, code) in [("xMpCOKC5I4INzFCab3WEmw==", "BadDigest"), ("?", "InvalidDigest")] {
        let request = stack.s3().put_object().bucket("photos").key("a").content_md5(md5);
        let error = request.body(b"2".to_vec().into()).send().await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{md5}");
    }
    assert_eq!(fs::read(stack.bucket_dir().join("a")).unwrap(), b"1");
    assert_eq!(fs::read_dir(stack.bucket_dir()).unwrap().count(), 1);
}

#[tokio::test]
async fn listings_have_pages_prefixes_and_delimiters() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let s3 = stack.s3();
    for number in 0..7 {
        fs::write(stack.bucket_dir().join(format!("x{number}.jpg")), "").unwrap();
    }
    put(&stack, "new/é +%.jpg", b"").await;
    put(&stack, "new/b.jpg", b"").await;
    put(&stack, "old/c.jpg", b"").await;

    let mut pages = s3.list_objects_v2().bucket("photos").max_keys(3).into_paginator().send();
    let mut keys = Vec::new();
    let mut count = 0;
    while let Some(page) = pages.next().await {
        count += 1;
        keys.extend(page.unwrap().contents().iter().map(|o| o.key().unwrap().to_owned()));
    }
    assert_eq!(count, 4);
    assert_eq!(keys.len(), 10);
    assert!(keys.is_sorted());

    let list = s3.list_objects_v2().bucket("photos").prefix("new/").send().await.unwrap();
    assert_eq!(list.key_count(), Some(2));
    assert_eq!(list.contents()[1].key(), Some("new/é +%.jpg"));
    let list = s3
        .list_objects_v2()
        .bucket("photos")
        .prefix("new/é")
        .encoding_type(EncodingType::Url)
        .send()
        .await
        .unwrap();
    assert_eq!(list.contents()[0].key(), Some("new/%C3%A9+%2B%25.jpg"));
    let list =
        s3.list_objects_v2().bucket("photos").delimiter("/").max_keys(2).send().await.unwrap();
    let prefixes: Vec<_> = list.common_prefixes().iter().filter_map(|p| p.prefix()).collect();
    assert_eq!(prefixes, ["new/", "old/"]);
    let list = s3
        .list_objects_v2()
        .bucket("photos")
        .delimiter("/")
        .continuation_token(list.next_continuation_token().unwrap())
        .send()
        .await
        .unwrap();
    assert!(list.common_prefixes().is_empty());
    assert_eq!(list.contents().len(), 7);
    let list = s3.list_objects_v2().bucket("photos").start_after("x5.jpg").send().await.unwrap();
    assert_eq!(list.contents().len(), 1);
    let list = s3.list_objects().bucket("photos").max_keys(9).send().await.unwrap();
    assert_eq!((list.contents().len(), list.is_truncated()), (9, Some(true)));
}

#[tokio::test]
async fn many_objects_are_deleted_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    put(&stack, "a b", b"1").await;
    put(&stack, "c", b"1").await;
    let id = |key: &str| ObjectIdentifier::builder().key(key).build().unwrap();
    let delete = Delete::builder().objects(id("a b")).objects(id("../x")).build().unwrap();
    let deleted = stack.s3().delete_objects().bucket("photos").delete(delete).send().await.unwrap();
    assert_eq!(deleted.deleted().len(), 2);
    assert!(!stack.bucket_dir().join("a b").exists());
    assert!(stack.bucket_dir().join("c").exists());
}

#[tokio::test]
async fn parts_become_an_object_when_they_are_complete() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let s3 = stack.s3();
    let create = s3.create_multipart_upload().bucket("photos").key("big").metadata("who", "me");
    let create = create.send().await.unwrap();
    let id = create.upload_id().unwrap();
    let mut parts = CompletedMultipartUpload::builder();
    for (number, size) in [(1, 5 * 1024 * 1024), (2, 3)] {
        let part = s3.upload_part().bucket("photos").key("big").upload_id(id).part_number(number);
        let part = part.body(vec![7; size].into()).send().await.unwrap();
        let part = CompletedPart::builder().part_number(number).set_e_tag(part.e_tag).build();
        parts = parts.parts(part);
    }
    assert!(!stack.bucket_dir().join("big").exists());
    let complete = || s3.complete_multipart_upload().bucket("photos").key("big").upload_id(id);
    let wrong = CompletedMultipartUpload::builder()
        .parts(CompletedPart::builder().part_number(1).e_tag("\"x\"").build())
        .build();
    let error = complete().multipart_upload(wrong).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidPart"));
    let done = complete().multipart_upload(parts.build()).send().await.unwrap();
    let head = s3.head_object().bucket("photos").key("big").send().await.unwrap();
    assert_eq!(head.e_tag(), done.e_tag());
    assert_eq!(head.content_length(), Some(5 * 1024 * 1024 + 3));
    assert_eq!(head.metadata().unwrap()["who"], "me");
    let error = s3.abort_multipart_upload().bucket("photos").key("big").upload_id(id).send().await;
    assert_eq!(error.unwrap_err().code(), Some("NoSuchUpload"));
}

#[tokio::test]
async fn requests_must_be_signed_with_the_folders_key() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    put(&stack, "a", b"1").await;
    let with = |key: &str, secret: &str| {
        let credentials = Credentials::new(key, secret, None, None, "test");
        stack.s3().config().to_builder().credentials_provider(credentials).build()
    };
    let key = stack.endpoints().key;
    for (id, secret, code) in [
        ("other", key.secret.as_str(), "InvalidAccessKeyId"),
        ("local", "local", "InvalidAccessKeyId"),
        (key.id.as_str(), "other", "SignatureDoesNotMatch"),
    ] {
        let client = aws_sdk_s3::Client::from_conf(with(id, secret));
        let error = client.list_objects_v2().bucket("photos").send().await.unwrap_err();
        assert_eq!(error.code(), Some(code));
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
    }
    let expiry = PresigningConfig::expires_in(Duration::from_mins(1)).unwrap();
    let signed = stack.s3().get_object().bucket("photos").key("a").presigned(expiry).await.unwrap();
    assert!(signed.uri().starts_with(&stack.s3_endpoint()));
}

#[tokio::test]
async fn one_process_has_the_folder_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let options = Options { dir: dir.path().to_path_buf(), ..Options::default() };
    let second = Stack::start(options.clone()).await;
    assert!(matches!(second, Err(LocalError::Locked(_))));
    let port = stack.s3_endpoint().rsplit(':').next().unwrap().parse().unwrap();
    let other = tempfile::tempdir().unwrap();
    let taken = Options { dir: other.path().to_path_buf(), s3_port: port, ..Options::default() };
    assert!(matches!(Stack::start(taken).await, Err(LocalError::Listen { service: "S3", .. })));
    stack.shutdown().await;
    Stack::start(options).await.unwrap();
    let options = Options { bucket: "../x".into(), ..Options::default() };
    assert!(matches!(Stack::start(options).await, Err(LocalError::BucketName(_))));
}
