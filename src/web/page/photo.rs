//! One photo, and all that is known of it.

use askama::Template;
use time::OffsetDateTime;

use super::Html;
use super::card::without_code;
use super::path::{photo_path, picture_path, shelf_path};
use super::site::{Site, title};
use super::words::{Shown, bar, bytes, file_name, moment, percent, stamp};
use crate::catalogue::{Review, Row, Shelf};
use crate::label::Label;

/// `GET /images/{bucket}/{key}`.
#[derive(Debug, Clone, Template)]
#[template(path = "photo.html")]
pub struct PhotoPage {
    /// What all pages share.
    pub site: Site,
    /// The photo's row.
    pub row: Row,
    /// What a person can say of it.
    pub labels: Vec<Label>,
}

/// A label with the model's score for it.
struct Score<'a> {
    label: &'a str,
    percent: String,
    bar: String,
    is_top: bool,
}

/// Something that is known of the photo.
struct Fact {
    name: &'static str,
    value: String,
    /// A time, for machines.
    stamp: Option<String>,
    /// Whether it is a fingerprint or a name: text that people copy.
    is_code: bool,
}

impl PhotoPage {
    /// The page.
    pub fn html(&self) -> Html {
        self.render()
    }

    fn path(&self) -> String {
        photo_path(&self.row.bucket, &self.row.key)
    }

    fn picture(&self, width: u32) -> String {
        picture_path(&self.row.bucket, &self.row.key, width, self.row.content_sha256.as_deref())
    }

    /// The photo as it is, to look at it from near.
    fn original(&self) -> String {
        picture_path(&self.row.bucket, &self.row.key, 2048, self.row.content_sha256.as_deref())
    }

    fn has_picture(&self) -> bool {
        self.row.reason_code.is_none() && !self.row.is_tombstone()
    }

    fn is_wide(&self) -> bool {
        self.size().is_some_and(|(width, height)| width > height)
    }

    fn size(&self) -> Option<(u32, u32)> {
        self.row.width.zip(self.row.height)
    }

    fn name(&self) -> String {
        Shown(file_name(&self.row.key)).to_string()
    }

    fn alt(&self) -> String {
        format!("{}, {}", self.what(), self.name())
    }

    fn said(&self) -> Option<Review> {
        self.row.review()
    }

    fn said_text(&self) -> String {
        self.said().map(|said| said.to_string()).unwrap_or_default()
    }

    fn says(&self, label: &Label) -> bool {
        self.said_text() == label.as_str()
    }

    fn is_rejected_by_person(&self) -> bool {
        self.said() == Some(Review::Rejected)
    }

    /// What it shows, or that it is none.
    fn what(&self) -> String {
        match (self.said(), &self.row.label, &self.row.shelf) {
            (Some(said), _, _) => said.to_string(),
            (None, Some(label), _) => label.to_string(),
            (None, None, Some(shelf)) => shelf.to_string(),
            (None, None, None) => String::from("removed"),
        }
    }

    /// The shelf's path and name.
    fn shelf(&self) -> Option<(String, &str)> {
        let shelf = self.row.shelf.as_ref()?;
        Some((shelf_path(shelf), title(shelf)))
    }

    /// Who decided, in a sentence.
    fn decided(&self) -> String {
        let model = match (&self.row.label, self.row.confidence) {
            (Some(label), Some(confidence)) => Some(format!("{label}, {}", percent(confidence))),
            _ => None,
        };
        match (self.said(), model) {
            (Some(_), Some(model)) => {
                let when = self.row.reviewed_at.map(|at| format!(" on {}", moment(at)));
                let when = when.unwrap_or_default();
                format!("A person said so{when}. The model says {model}.")
            }
            (Some(_), None) => String::from("A person said so."),
            (None, Some(_)) if self.row.shelf == Some(Shelf::Review) => {
                String::from("The model is not sure: this is its best guess. A person should look.")
            }
            (None, Some(_)) => String::from("The model decided."),
            (None, None) if self.row.is_tombstone() => {
                String::from("The photo is no longer in the bucket.")
            }
            (None, None) => String::from("The model could not look at it."),
        }
    }

    /// The model's confidence, where the model decided.
    fn confidence(&self) -> Option<String> {
        self.row.confidence.filter(|_| self.said().is_none()).map(percent)
    }

    fn reason(&self) -> Option<String> {
        self.row.reason.as_deref().map(|reason| Shown(without_code(reason)).to_string())
    }

    /// The fingerprint of the content, which a review must name; empty if it is not known.
    fn content(&self) -> &str {
        self.row.content_sha256.as_deref().unwrap_or_default()
    }

    /// Whether a person can say something of it here.
    fn can_review(&self) -> bool {
        self.site.may_write() && self.row.content_sha256.is_some() && !self.row.is_tombstone()
    }

    /// The model's scores, the best one first.
    fn scores(&self) -> Vec<Score<'_>> {
        let mut scores: Vec<(&Label, f32)> =
            self.row.scores.iter().flatten().map(|(label, score)| (label, *score)).collect();
        scores.sort_by(|a, b| b.1.total_cmp(&a.1));
        let scores = scores.into_iter().enumerate();
        scores
            .map(|(place, (label, score))| Score {
                label: label.as_str(),
                percent: percent(score),
                bar: bar(score),
                is_top: place == 0,
            })
            .collect()
    }

    fn facts(&self) -> Vec<Fact> {
        let row = &self.row;
        let pixels = self.size().map(|(width, height)| format!("{width} × {height} pixels"));
        let facts = [
            Fact::text("Added", row.added_at.map(moment)).at(row.added_at),
            Fact::text("Size", row.size.map(bytes)),
            Fact::text("Pixels", pixels),
            Fact::text("Format", row.format.as_ref().map(|format| format.to_uppercase())),
            Fact::text("Classified", row.classified_at.map(moment)).at(row.classified_at),
            Fact::text("Reviewed", row.reviewed_at.filter(|_| self.said().is_some()).map(moment))
                .at(row.reviewed_at),
            Fact::text("Rejected because of", row.reason_code.map(|code| code.to_string())).code(),
            Fact::text("Bucket", Some(row.bucket.clone())).code(),
            Fact::text("Key", Some(Shown(&row.key).to_string())).code(),
            Fact::text("Version", row.version_id.clone()).code(),
            Fact::text("Model", row.model_id.clone()).code(),
            Fact::text("Recipe", row.recipe.clone()).code(),
            Fact::text("Software", Some(row.software.clone())),
            Fact::text("SHA-256", row.content_sha256.clone()).code(),
        ];
        facts.into_iter().flatten().collect()
    }
}

impl Fact {
    fn text(name: &'static str, value: Option<String>) -> Option<Self> {
        let value = value.filter(|value| !value.is_empty())?;
        Some(Self { name, value, stamp: None, is_code: false })
    }
}

/// What more can be said of a fact that is there.
trait More {
    fn code(self) -> Self;
    fn at(self, time: Option<OffsetDateTime>) -> Self;
}

impl More for Option<Fact> {
    fn code(self) -> Self {
        self.map(|fact| Fact { is_code: true, ..fact })
    }

    fn at(self, time: Option<OffsetDateTime>) -> Self {
        self.map(|fact| Fact { stamp: time.map(stamp), ..fact })
    }
}
