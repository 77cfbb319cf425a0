//! `lookbook agreement`: how often people agree with the model.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::golden;
use crate::helpers::{json_lines, lookbook, stdout, write_rows};

/// So many photos of that confidence that the model took for hats, and what people said of them.
fn hats(name: &str, n: usize, confidence: f64, said: Option<&str>) -> Vec<Value> {
    let hat = |i| {
        let key = format!("{name}-{i}");
        let mut row = json!({
            "image": format!("shop/{key}"), "bucket": "shop", "key": key, "label": "hat",
            "shelf": said.unwrap_or("hat"), "added_at": "2026-01-01T09:30:00Z",
            "confidence": confidence, "content_sha256": "x",
        });
        if let Some(said) = said {
            row["reviewed_label"] = said.into();
            row["reviewed_sha256"] = "x".into();
        }
        row
    };
    (0..n).map(hat).collect()
}

fn agreement(dir: &TempDir, args: &[&str]) -> String {
    stdout(&lookbook(dir.path()).arg("agreement").args(args).output().unwrap(), 0)
}

#[tokio::test(flavor = "multi_thread")]
async fn reviews_say_how_good_the_model_is_and_what_to_set() {
    let dir = TempDir::new().unwrap();
    let few = [
        hats("right", 100, 0.75, Some("hat")),
        hats("cap", 2, 0.375, Some("cap")),
        hats("none", 1, 0.375, Some("rejected")),
        hats("unseen", 40, 0.25, None),
    ];
    write_rows(&dir, few.concat()).await;
    let json = json_lines(&agreement(&dir, &["--format", "json"])).remove(0);
    assert_eq!(json["advice"], json!({"kind": "too_few", "reviewed": 103, "needed": 133}));
    let text = agreement(&dir, &[]);
    assert!(
        text.contains("people looked at 103 of them, and it was right on 100 (97.1%)"),
        "{text}"
    );
    assert!(text.contains("cap 2, rejected 1"), "{text}");
    assert!(text.contains("it takes at least 133 reviewed photos"), "{text}");

    write_rows(&dir, hats("more", 57, 0.9, Some("hat"))).await;
    let json = json_lines(&agreement(&dir, &["--format", "json"])).remove(0);
    let pretty = serde_json::to_string_pretty(&json).unwrap();
    golden::check_text("agreement.json", &format!("{pretty}\n"));
    assert_eq!(json["advice"]["review_below"], 0.75);
    assert_eq!(
        (&json["advice"]["reviewed"], &json["advice"]["to_review"]),
        (&157.into(), &43.into())
    );
    let text = agreement(&dir, &[]);
    assert!(text.contains("REVIEW_BELOW=0.75 would send 21.5% of the photos"), "{text}");
    let text = agreement(&dir, &["--target", "0.95"]);
    assert!(text.contains("REVIEW_BELOW=0.375 would"), "{text}");
    let wrong = lookbook(dir.path()).args(["agreement", "--target", "98"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("above 0 and below 1"));
}
