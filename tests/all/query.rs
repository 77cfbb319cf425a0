//! `lookbook query`: which rows, and in which form.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::golden;
use crate::helpers::{json_lines, lookbook, stdout, write_rows};

fn row(key: &str, shelf: &str, added_at: &str) -> Value {
    json!({
        "image": format!("shop/{key}"), "bucket": "shop", "key": key, "shelf": shelf,
        "added_at": added_at, "label": "hat", "confidence": 0.835, "width": 3, "height": 4,
        "format": "jpeg", "content_sha256": "x",
    })
}

/// Hats of three days, one of them with a name that a spreadsheet would compute.
async fn table() -> TempDir {
    let dir = TempDir::new().unwrap();
    let mut said = row("=SUM(A1,A2).jpg", "skirt", "2026-02-02T00:00:00Z");
    said["reviewed_label"] = "skirt".into();
    said["reviewed_sha256"] = "x".into();
    let rows = vec![
        row("old \"hat\".jpg", "hat", "2026-01-01T09:30:00Z"),
        row("new, hat.jpg", "hat", "2026-02-01T00:00:00Z"),
        row("-new\nhat.jpg", "hat", "2026-02-03T09:30:00Z"),
        said,
    ];
    write_rows(&dir, rows).await;
    dir
}

fn query(dir: &TempDir, args: &[&str]) -> String {
    stdout(&lookbook(dir.path()).arg("query").args(args).output().unwrap(), 0)
}

fn keys(dir: &TempDir, args: &[&str]) -> Vec<String> {
    let rows = json_lines(&query(dir, &[args, &["--format", "jsonl"]].concat()));
    rows.iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_since_a_time_are_those_added_at_or_after_it() {
    let dir = table().await;
    let new = ["-new\nhat.jpg", "=SUM(A1,A2).jpg", "new, hat.jpg"];
    assert_eq!(keys(&dir, &["--since", "2026-02-01"]), new);
    assert_eq!(keys(&dir, &["--since", "2026-02-01T00:00:01Z"]), new[..2]);
    assert_eq!(keys(&dir, &["--since", "2026-02-01", "--shelf", "hat"]), [new[0], new[2]]);
    assert_eq!(keys(&dir, &["--since", "2026-02-01", "--limit", "1"]), new[..1]);
    assert_eq!(keys(&dir, &["--since", "5000w"]).len(), 4);
    let none = query(&dir, &["--since", "2099-01-01", "--shelf", "skirt"]);
    assert_eq!(none, "no rows\n");
    let wrong = lookbook(dir.path()).args(["query", "--since", "yesterday"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("an age as 7d, 12h or 30m"));
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_is_what_a_listing_shows_and_no_formula() {
    let dir = table().await;
    let text = query(&dir, &["--format", "csv"]);
    golden::check_text("query.csv", &text);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().unwrap().clone();
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let json = json_lines(&query(&dir, &["--format", "json"]));
    assert_eq!(rows.len(), json.len());
    for (row, json) in rows.iter().zip(&json) {
        let cells: Vec<_> = names.iter().zip(row).filter(|(_, cell)| !cell.is_empty()).collect();
        assert_eq!(cells.len(), json.as_object().unwrap().len());
        for (name, cell) in cells {
            let text = json[name].as_str().map_or_else(|| json[name].to_string(), str::to_owned);
            assert_eq!(cell.strip_prefix('\'').unwrap_or(cell), text, "{name}");
            assert!(!cell.starts_with(['=', '-']), "{name}: {cell}");
        }
    }
    assert_eq!(query(&dir, &["--format", "jsonl"]), query(&dir, &["--format", "json"]));
    // The names are there without a row, too.
    let none = query(&dir, &["--format", "csv", "--shelf", "rejected"]);
    assert_eq!(none.lines().collect::<Vec<_>>(), [text.lines().next().unwrap()]);
    let image = ["query", "--image", "shop/a", "--format", "csv"];
    let refused = lookbook(dir.path()).args(image).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_are_of_each_shelf() {
    let dir = table().await;
    let counts = json_lines(&query(&dir, &["--counts", "--format", "json"]));
    golden::check("counts.json", counts.clone());
    let of = |lines: &[Value]| -> Vec<(String, u64)> {
        let of =
            |line: &Value| (line["shelf"].as_str().unwrap().into(), line["rows"].as_u64().unwrap());
        lines.iter().map(of).collect()
    };
    let expected = |hat, skirt| {
        [("hat", hat), ("skirt", skirt), ("review", 0), ("rejected", 0)].map(|(s, n)| (s.into(), n))
    };
    assert_eq!(of(&counts), expected(3, 1));
    let since = ["--counts", "--since", "2026-02-01", "--format", "jsonl"];
    assert_eq!(of(&json_lines(&query(&dir, &since))), expected(2, 1));
    let table = query(&dir, &["--counts"]);
    let lines: Vec<Vec<&str>> = table.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!((&lines[1], &lines[5]), (&vec!["hat", "3"], &vec!["(all)", "4"]));
    let csv = query(&dir, &["--counts", "--format", "csv"]);
    assert_eq!(csv, "shelf,rows\nhat,3\nskirt,1\nreview,0\nrejected,0\n");
    let both = ["query", "--counts", "--shelf", "hat"];
    assert_eq!(lookbook(dir.path()).args(both).output().unwrap().status.code(), Some(2));
}
