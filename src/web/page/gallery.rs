//! The first page: every shelf with its newest photos.

use askama::Template;

use super::Html;
use super::card::Card;
use super::site::{Count, ShelfCount, Site};
use super::words::counted;
use crate::catalogue::{Listing, Shelf};

/// `GET /`.
#[derive(Debug, Clone, Template)]
#[template(path = "gallery.html")]
pub struct Gallery {
    /// What all pages share.
    pub site: Site,
    /// The shelves that have photos, each with its newest few.
    pub strips: Vec<Strip>,
    /// Where photos can be copied to, as people name it: a folder, or a bucket. For who comes to an
    /// empty catalogue.
    pub folder: Option<String>,
}

/// A shelf with its newest photos.
#[derive(Debug, Clone)]
pub struct Strip {
    /// The shelf.
    pub shelf: ShelfCount,
    /// Its newest photos, newest first.
    pub images: Vec<Listing>,
}

impl Gallery {
    /// The page.
    pub fn html(&self) -> Html {
        self.render()
    }

    fn is_empty(&self) -> bool {
        self.strips.is_empty() && self.site.total() == Count::default()
    }

    /// How many shelves have photos, in words.
    fn shelves(&self) -> String {
        let filled = self.site.labels().filter(|shelf| !shelf.is_empty()).count();
        counted(filled as u64, "shelf", "shelves")
    }
}

impl Strip {
    fn cards(&self) -> impl Iterator<Item = Card<'_>> {
        self.images.iter().map(Card::new)
    }

    /// Whether photos stand there that are not shown.
    fn has_more(&self) -> bool {
        self.shelf.count.more || self.shelf.count.number > self.images.len() as u64
    }

    fn is_review(&self) -> bool {
        self.shelf.shelf == Shelf::Review
    }
}
