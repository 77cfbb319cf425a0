//! How often the model was right, where people looked.

use askama::Template;
use serde::Deserialize;

use super::words::{bar, counted, number, percent};

/// What people said of photos, held against what the model said of them.
#[derive(Debug, Clone, PartialEq, Template, Deserialize)]
#[template(path = "agreement.html")]
pub struct Agreement {
    /// Photos that people looked at.
    pub reviewed: u64,
    /// Those of them of which the model says the same.
    pub right: u64,
    /// The same by label.
    pub labels: Vec<LabelAgreement>,
    /// The same by confidence.
    pub confidences: Vec<Span>,
    /// Where the threshold could be; none if too few photos were looked at.
    pub advice: Option<Advice>,
    /// Rows that were read.
    pub rows: u64,
    /// Whether these are all rows.
    pub is_whole: bool,
}

/// What people said of the photos that the model gives one label.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LabelAgreement {
    /// The model's label.
    pub label: String,
    /// Photos with it that people looked at.
    pub reviewed: u64,
    /// Those of them that do show it.
    pub right: u64,
    /// What people said of the others, the most frequent first.
    #[serde(default)]
    pub instead: Vec<Said>,
}

/// What people said in place of the model's label.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Said {
    /// A label, or `rejected`.
    pub said: String,
    /// How often.
    pub count: u64,
}

/// Photos of a span of confidences.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Span {
    /// The least confidence.
    pub from: f32,
    /// The confidence that they are below.
    pub to: f32,
    /// Photos that people looked at.
    pub reviewed: u64,
    /// Those of them of which the model is right.
    pub right: u64,
}

/// Where the threshold of the review could be.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Advice {
    /// The confidence below which a person should look.
    pub review_below: f32,
    /// The share of all photos that would go to review.
    pub share_to_review: f32,
    /// Photos that this rests on.
    pub rests_on: u64,
    /// The share of the others that is to be right.
    pub target: f32,
}

impl Agreement {
    fn summary(&self) -> String {
        match self.reviewed {
            0 => String::from("Nobody has looked at a photo yet."),
            reviewed => format!(
                "The model was right about {} of {} that people looked at: {}.",
                number(self.right),
                counted(reviewed, "photo", "photos"),
                share(self.right, reviewed)
            ),
        }
    }

    /// What was read, where it was not all.
    fn extent(&self) -> Option<String> {
        let rows = counted(self.rows, "row", "rows");
        (!self.is_whole).then(|| format!("This rests on {rows}, not on all."))
    }
}

impl LabelAgreement {
    fn share(&self) -> String {
        share(self.right, self.reviewed)
    }

    fn bar(&self) -> String {
        bar(part(self.right, self.reviewed))
    }

    fn of(&self) -> String {
        format!("{} of {}", number(self.right), number(self.reviewed))
    }

    /// What people said in place of it: `dress (3), skirt`.
    fn instead(&self) -> String {
        let said = self.instead.iter().take(3).map(|other| match other.count {
            1 => other.said.clone(),
            count => format!("{} ({})", other.said, number(count)),
        });
        said.collect::<Vec<_>>().join(", ")
    }
}

impl Span {
    fn name(&self) -> String {
        format!("{:.0}–{:.0}%", f64::from(self.from) * 100.0, f64::from(self.to) * 100.0)
    }

    fn share(&self) -> String {
        share(self.right, self.reviewed)
    }

    fn bar(&self) -> String {
        bar(part(self.right, self.reviewed))
    }

    fn of(&self) -> String {
        format!("{} of {}", number(self.right), number(self.reviewed))
    }
}

impl Advice {
    fn words(&self) -> String {
        format!(
            "With a threshold of {:.2}, {} of the photos above it would be right, as far as {} that \
             people looked at can tell. {} of all photos would go to review.",
            self.review_below,
            percent(self.target),
            counted(self.rests_on, "photo", "photos"),
            percent(self.share_to_review)
        )
    }
}

fn share(right: u64, of: u64) -> String {
    if of == 0 { String::from("–") } else { percent(part(right, of)) }
}

// Shares are shown in tenths of a percent.
#[allow(clippy::cast_precision_loss)]
fn part(right: u64, of: u64) -> f32 {
    if of == 0 { 0.0 } else { right as f32 / of as f32 }
}
