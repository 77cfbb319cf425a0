//! `lookbook review`: a person's word, given on the command line, while photos come and go.

use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;
use tempfile::TempDir;

use crate::helpers::{json_lines, lookbook, sample, stdout};
use crate::local::Local;

/// A photo of a hat, and what people say of it.
struct Photo {
    dir: TempDir,
    local: Local,
}

const KEY: &str = "new/my hat.jpg";

impl Photo {
    async fn put(&self, name: &str, outcome: &str) {
        let body = ByteStream::from(sample(name));
        self.local.s3().put_object().bucket("photos").key(KEY).body(body).send().await.unwrap();
        self.local.wait_for(KEY, outcome);
    }

    /// Says something, and gives the row that is printed.
    fn say(&self, words: &[&str]) -> Value {
        let image = format!("photos/{KEY}");
        let mut review = lookbook(self.dir.path());
        let review = review.args(["review", &image]).args(words).args(["--format", "json"]);
        json_lines(&stdout(&review.output().unwrap(), 0)).remove(0)
    }

    async fn is_on(&self, shelf: &str) {
        for other in ["hat", "pants", "skirt", "rejected", "review"] {
            let rows = self.local.shelf(other).await;
            assert_eq!(rows.len(), usize::from(other == shelf), "{other}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_moves_its_photo_and_stands_whenever_the_content_is_there() {
    let dir = TempDir::new().unwrap();
    let local = Local::start(&dir);
    let photo = Photo { dir, local };
    photo.put("hat-1.jpg", "classified").await;
    photo.is_on("hat").await;

    let row = photo.say(&["skirt"]);
    assert_eq!((&row["shelf"], &row["label"]), (&"skirt".into(), &"hat".into()));
    assert_eq!(row["reviewed_sha256"], row["content_sha256"]);
    assert!(row["reviewed_at"].is_string());
    photo.is_on("skirt").await;

    // Another photo under the same name is judged by itself.
    photo.put("pants-1.jpg", "classified").await;
    photo.is_on("pants").await;
    // The same content comes back, and with it what was said of it.
    photo.put("hat-1.jpg", "classified").await;
    photo.is_on("skirt").await;

    assert_eq!(photo.say(&["--reject"])["reviewed_label"], "rejected");
    photo.is_on("rejected").await;
    let row = photo.say(&["--clear"]);
    assert!(row["reviewed_label"].is_null() && row["reviewed_sha256"].is_null(), "{row}");
    photo.is_on("hat").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_said_is_refused_by_name() {
    let dir = TempDir::new().unwrap();
    let local = Local::start(&dir);
    let photo = Photo { dir, local };
    photo.put("hat-1.jpg", "classified").await;
    let image = format!("photos/{KEY}");
    let other = "0".repeat(64);
    for (words, code, reason) in [
        (vec!["photos/none.jpg", "hat"], 1, "no photo photos/none.jpg"),
        (vec![&image, "hat", "--content", &other], 1, "was replaced by another photo meanwhile"),
        (vec![&image, "review"], 2, "the name of a shelf of its own"),
        (vec![&image, "hat", "--reject"], 2, "cannot be used with"),
        (vec![&image], 2, "required"),
        (vec!["none.jpg", "hat"], 2, "is not BUCKET/KEY"),
    ] {
        let output = lookbook(photo.dir.path()).arg("review").args(&words).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {errors}");
        assert!(errors.contains(reason), "{words:?}: {errors}");
    }
    photo.is_on("hat").await;
}
