//! Objects that are no photos, or no photos to touch.

use crate::helpers::{Embedded, handle, names, sample};

/// Puts one of each; gives their keys, and the codes that they must be rejected with.
pub async fn put_all(embedded: &Embedded) -> Vec<(&'static str, &'static str)> {
    // A gibibyte of nothing, straight into the folder: the file is sparse.
    let huge = std::fs::File::create(embedded.stack.bucket_dir().join("huge.jpg")).unwrap();
    huge.set_len(1 << 30).unwrap();
    embedded.put("flat.png", flat_png(60_000)).await;
    embedded.put("empty.jpg", Vec::new()).await;
    embedded.put("text.jpg", b"This is not a photo.\n".to_vec()).await;
    let photo = sample("hat-1.jpg");
    embedded.put("cut.jpg", photo[..photo.len() / 2].to_vec()).await;
    vec![
        ("huge.jpg", "too_large"),
        ("flat.png", "too_many_pixels"),
        ("empty.jpg", "empty"),
        ("text.jpg", "unsupported_format"),
        ("cut.jpg", "corrupt"),
    ]
}

/// A whole, valid PNG of one colour: half a megabyte that would be ten gigabytes of pixels.
fn flat_png(side: u32) -> Vec<u8> {
    use std::io::Write;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_compression(png::Compression::Fastest);
    encoder.set_filter(png::Filter::NoFilter);
    let mut writer = encoder.write_header().unwrap();
    let mut stream = writer.stream_writer().unwrap();
    let row = vec![0; side as usize / 8];
    for _ in 0..side {
        stream.write_all(&row).unwrap();
    }
    stream.finish().unwrap();
    writer.finish().unwrap();
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_rejected_with_its_code_and_the_photo_beside_it_classified() {
    let embedded = Embedded::start().await;
    let handler = embedded.handler();
    let expected = put_all(&embedded).await;
    embedded.put("good.jpg", sample("shoes-1.jpg")).await;
    let keys: Vec<&str> = expected.iter().map(|(key, _)| *key).chain(["good.jpg"]).collect();
    let records = |sequencer| -> Vec<_> {
        keys.iter().map(|key| embedded.record("ObjectCreated:Put", key, sequencer)).collect()
    };
    let report = handle(&handler, records("01")).await;
    assert_eq!(names(&report)[..5], ["rejected"; 5]);
    assert_eq!(names(&report)[5], "classified");
    for ((_, code), line) in expected.iter().zip(&report.lines) {
        let outcome = serde_json::to_value(&line.outcome).unwrap();
        assert_eq!(outcome["code"], *code);
        assert!(outcome["message"].as_str().unwrap().len() > 20, "{outcome}");
    }
    // What is rejected is not fetched again.
    assert_eq!(names(&handle(&handler, records("02")).await), ["unchanged"; 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lookbook_does_not_look_at_is_ignored() {
    let embedded = Embedded::start().await;
    let handler = embedded.handler();
    let records = vec![
        embedded.record("ObjectCreated:Put", "folder/", "01"),
        embedded.record("ObjectTagging:Put", "a.jpg", "01"),
    ];
    assert_eq!(names(&handle(&handler, records).await), ["ignored", "ignored"]);
    assert!(embedded.row("a.jpg").await.is_none());
}
