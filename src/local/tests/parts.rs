//! Objects that come in parts.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, MultipartUpload, Part};

use super::{put, start};
use crate::local::Stack;

const MIB: usize = 1024 * 1024;

async fn begin(stack: &Stack, key: &str) -> String {
    let begun = stack.s3().create_multipart_upload().bucket("photos").key(key).send().await;
    begun.unwrap().upload_id.unwrap()
}

fn complete(parts: Vec<(i32, String)>) -> CompletedMultipartUpload {
    let part = |(number, etag)| CompletedPart::builder().part_number(number).e_tag(etag).build();
    let parts = parts.into_iter().map(part).collect();
    CompletedMultipartUpload::builder().set_parts(Some(parts)).build()
}

/// As every client copies what is large.
#[tokio::test]
async fn parts_may_be_copies_of_ranges() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let s3 = stack.s3();
    let content: Vec<u8> = (0..12 * MIB).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let etag = put(&stack, "my big é.jpg", &content).await;
    let id = begin(&stack, "copy").await;
    let copy = |number: i32, range: String| {
        s3.upload_part_copy()
            .bucket("photos")
            .key("copy")
            .upload_id(&id)
            .part_number(number)
            .copy_source("photos/my%20big%20%C3%A9.jpg")
            .copy_source_range(range)
    };
    let mut parts = Vec::new();
    for (number, first, last) in [(1, 0, 8 * MIB - 1), (2, 8 * MIB, 12 * MIB - 1)] {
        let part = copy(number, format!("bytes={first}-{last}")).copy_source_if_match(&etag);
        let part = part.send().await.unwrap().copy_part_result.unwrap();
        parts.push((number, part.e_tag.unwrap()));
    }
    for range in ["bytes=0-99999999", "bytes=5-", "x"] {
        let error = copy(3, range.to_owned()).send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidArgument"), "{range}");
    }
    let error = copy(3, "bytes=0-1".into()).copy_source_if_match("\"other\"").send().await;
    assert_eq!(error.unwrap_err().code(), Some("PreconditionFailed"));
    let done = s3.complete_multipart_upload().bucket("photos").key("copy").upload_id(&id);
    let wrong = done.clone().mpu_object_size(3).multipart_upload(complete(parts.clone()));
    assert_eq!(wrong.send().await.unwrap_err().code(), Some("InvalidRequest"));
    done.multipart_upload(complete(parts)).send().await.unwrap();
    assert_eq!(std::fs::read(stack.bucket_dir().join("copy")).unwrap(), content);
}

#[tokio::test]
async fn uploads_and_their_parts_are_listed_until_they_end() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    let s3 = stack.s3();
    let mut ids = Vec::new();
    for key in ["b", "a/1", "a/2"] {
        ids.push(begin(&stack, key).await);
    }
    for number in [1, 2, 3] {
        let part = s3.upload_part().bucket("photos").key("b").upload_id(&ids[0]);
        part.part_number(number).body(vec![7; 10].into()).send().await.unwrap();
    }
    let list = s3.list_multipart_uploads().bucket("photos").max_uploads(2).send().await.unwrap();
    let keys = |uploads: &[MultipartUpload]| -> Vec<String> {
        uploads.iter().map(|upload| upload.key().unwrap().to_owned()).collect()
    };
    assert_eq!(keys(list.uploads()), ["a/1", "a/2"]);
    assert_eq!(list.is_truncated(), Some(true));
    let rest = s3
        .list_multipart_uploads()
        .bucket("photos")
        .set_key_marker(list.next_key_marker)
        .set_upload_id_marker(list.next_upload_id_marker);
    assert_eq!(keys(rest.send().await.unwrap().uploads()), ["b"]);
    let below = s3.list_multipart_uploads().bucket("photos").prefix("a/").send().await.unwrap();
    assert_eq!(keys(below.uploads()), ["a/1", "a/2"]);

    let parts = || s3.list_parts().bucket("photos").key("b").upload_id(&ids[0]);
    let page = parts().max_parts(2).send().await.unwrap();
    let numbers: Vec<_> = page.parts().iter().filter_map(Part::part_number).collect();
    assert_eq!((numbers, page.parts()[0].size()), (vec![1, 2], Some(10)));
    let page = parts().part_number_marker(page.next_part_number_marker.unwrap());
    assert_eq!(page.send().await.unwrap().parts().len(), 1);

    for (key, id) in ["b", "a/1", "a/2"].iter().zip(&ids) {
        let abort = s3.abort_multipart_upload().bucket("photos").key(*key).upload_id(id);
        abort.send().await.unwrap();
    }
    let list = s3.list_multipart_uploads().bucket("photos").send().await.unwrap();
    assert!(list.uploads().is_empty());
    assert_eq!(parts().send().await.unwrap_err().code(), Some("NoSuchUpload"));
}
