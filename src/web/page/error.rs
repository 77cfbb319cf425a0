//! What a visitor sees where there is no page, or none can be made.

use askama::Template;

use super::Html;
use super::site::Site;

/// The page of an error.
#[derive(Debug, Clone, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// What all pages share.
    pub site: Site,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong, in a few words.
    pub title: String,
    /// What went wrong, in a sentence.
    pub words: String,
    /// What the visitor can do.
    pub advice: String,
}

impl ErrorPage {
    /// The page.
    pub fn html(&self) -> Html {
        self.render()
    }
}
