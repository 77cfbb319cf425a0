//! The review queue: photo by photo, by the keyboard.

use askama::Template;

use super::Html;
use super::agreement::Agreement;
use super::keys::assign;
use super::path::shelf_path;
use super::site::{Count, Site, title};
use crate::catalogue::Shelf;
use crate::label::Label;

/// `GET /review`, and `GET /review?shelf=hat`.
#[derive(Debug, Clone, Template)]
#[template(path = "review.html")]
pub struct ReviewPage {
    /// What all pages share.
    pub site: Site,
    /// The shelf whose photos are looked at.
    pub shelf: Shelf,
    /// What a person can say of a photo.
    pub labels: Vec<Label>,
    /// How often the model was right, where people looked.
    pub agreement: Option<Agreement>,
}

impl ReviewPage {
    /// The page.
    pub fn html(&self) -> Html {
        self.render()
    }

    fn keys(&self) -> Vec<(&str, Option<char>)> {
        let labels = || self.labels.iter().map(Label::as_str);
        labels().zip(assign(labels())).collect()
    }

    fn count(&self) -> Count {
        self.site.count(&self.shelf)
    }

    fn title(&self) -> &str {
        title(&self.shelf)
    }

    fn shelf_path(&self) -> String {
        shelf_path(&self.shelf)
    }

    fn is_review(&self) -> bool {
        self.shelf == Shelf::Review
    }
}
