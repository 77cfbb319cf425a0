//! A shelf: its photos, page by page.

use askama::Template;

use super::Html;
use super::card::Card;
use super::path::{segment, shelf_path};
use super::site::{Site, title};
use crate::catalogue::{Cursor, Listing, Shelf};
use crate::label::Label;

/// `GET /shelves/{shelf}`.
#[derive(Debug, Clone, Template)]
#[template(path = "shelf.html")]
pub struct ShelfPage {
    /// What all pages share.
    pub site: Site,
    /// The shelf.
    pub shelf: Shelf,
    /// The photos of this page, newest first. There may be none, and still more to come.
    pub images: Vec<Listing>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Cursor>,
    /// Whether this is the first page.
    pub is_first: bool,
    /// Which photos are asked for.
    pub filter: Filter,
    /// What a person can say of a photo.
    pub labels: Vec<Label>,
}

/// Which photos of a shelf are asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// Those of at least this confidence, 0 to 1.
    pub min_confidence: Option<f32>,
    /// Those whose key or label has this text.
    pub text: Option<String>,
}

impl ShelfPage {
    /// The page.
    pub fn html(&self) -> Html {
        self.render()
    }

    fn cards(&self) -> impl Iterator<Item = Card<'_>> {
        self.images.iter().map(Card::new)
    }

    fn title(&self) -> &str {
        title(&self.shelf)
    }

    fn path(&self) -> String {
        shelf_path(&self.shelf)
    }

    /// The path of the page that shows this shelf's photos one by one.
    fn review_path(&self) -> String {
        match self.shelf {
            Shelf::Review => String::from("/review"),
            _ => format!("/review?shelf={}", segment(self.shelf.as_str())),
        }
    }

    /// How many photos stand on the shelf, in words.
    fn photos(&self) -> String {
        self.site.count(&self.shelf).photos()
    }

    /// The least confidence, as the form has it.
    fn least(&self) -> String {
        format!("{:.2}", self.filter.min_confidence.unwrap_or_default())
    }

    /// The least confidence, as people read it.
    fn least_in_words(&self) -> String {
        match self.filter.min_confidence {
            Some(least) if least > 0.0 => format!("{:.0}%", f64::from(least) * 100.0),
            _ => String::from("any"),
        }
    }

    fn text(&self) -> &str {
        self.filter.text.as_deref().unwrap_or_default()
    }

    /// The path of the next page, with what is asked for.
    fn next_path(&self) -> Option<String> {
        let cursor = self.next.as_ref()?;
        let least = self.filter.min_confidence.map(|least| format!("&min_confidence={least}"));
        let text = self.filter.text.as_ref().map(|text| format!("&text={}", segment(text)));
        let (least, text) = (least.unwrap_or_default(), text.unwrap_or_default());
        Some(format!("{}?cursor={cursor}{least}{text}", self.path()))
    }

    /// Whether only some of the shelf's photos are asked for.
    fn is_filtered(&self) -> bool {
        self.filter != Filter::default()
    }

    fn is_rejected(&self) -> bool {
        self.shelf == Shelf::Rejected
    }
}
