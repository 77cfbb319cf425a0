//! A photo among others.

use super::path::{photo_path, picture_path};
use super::words::{Shown, bar, file_name, percent};
use crate::catalogue::{Listing, Review, Shelf};

/// What a card says of a row.
pub(super) struct Card<'a> {
    row: &'a Listing,
}

impl<'a> Card<'a> {
    /// The card of a row, as a listing has it.
    pub(super) fn new(row: &'a Listing) -> Self {
        Self { row }
    }

    /// `bucket/key`, which names the card.
    pub(super) fn image(&self) -> &str {
        &self.row.image
    }

    /// The path of the photo's page.
    pub(super) fn path(&self) -> String {
        photo_path(&self.row.bucket, &self.row.key)
    }

    /// The path of the picture, at most that many pixels wide.
    pub(super) fn picture(&self, width: u32) -> String {
        picture_path(&self.row.bucket, &self.row.key, width, self.row.content_sha256.as_deref())
    }

    /// Whether there is a picture: what the model could not look at, a browser cannot show.
    pub(super) fn has_picture(&self) -> bool {
        self.row.reason_code.is_none()
    }

    /// Pixels across and down.
    pub(super) fn size(&self) -> Option<(u32, u32)> {
        self.row.width.zip(self.row.height)
    }

    /// Whether it is wider than it is high.
    pub(super) fn is_wide(&self) -> bool {
        self.size().is_some_and(|(width, height)| width > height)
    }

    /// The name of its file.
    pub(super) fn name(&self) -> String {
        Shown(file_name(&self.row.key)).to_string()
    }

    /// What it shows: what a person said, or else what the model did.
    pub(super) fn what(&self) -> String {
        match (self.said(), &self.row.label) {
            (Some(Review::Label(label)), _) => label.to_string(),
            (Some(Review::Rejected), _) => Shelf::Rejected.to_string(),
            (None, Some(label)) => label.to_string(),
            (None, None) => self.row.shelf.to_string(),
        }
    }

    /// The picture in words.
    pub(super) fn alt(&self) -> String {
        format!("{}, {}", self.what(), self.name())
    }

    /// The model's confidence in its own label, if there is one.
    pub(super) fn confidence(&self) -> Option<String> {
        self.row.confidence.map(percent)
    }

    /// The confidence as the length of a bar.
    pub(super) fn bar(&self) -> String {
        bar(self.row.confidence.unwrap_or_default())
    }

    /// Why the model does not show it.
    pub(super) fn reason(&self) -> Option<String> {
        let reason = self.row.reason.as_deref()?;
        Some(Shown(without_code(reason)).to_string())
    }

    /// Who decided where it stands, in words.
    pub(super) fn decided(&self) -> String {
        match (self.said(), &self.row.label) {
            (None, None) => String::from("could not be read"),
            (None, Some(_)) if self.row.shelf == Shelf::Review => String::from("not sure"),
            (None, Some(_)) => String::from("by the model"),
            (Some(Review::Label(said)), Some(label)) if said != *label => {
                format!("by a person, model: {label}")
            }
            (Some(Review::Rejected), Some(label)) => format!("by a person, model: {label}"),
            (Some(_), _) => String::from("by a person"),
        }
    }

    pub(super) fn by_person(&self) -> bool {
        self.said().is_some()
    }

    /// What a person said, as text; empty if nobody did.
    pub(super) fn said_text(&self) -> String {
        self.said().map(|said| said.to_string()).unwrap_or_default()
    }

    /// The fingerprint of the content, which a review must name; empty if it is not known.
    pub(super) fn content(&self) -> &str {
        self.row.content_sha256.as_deref().unwrap_or_default()
    }

    fn said(&self) -> Option<Review> {
        self.row.review()
    }
}

/// A reason without the code before it, which is for programs.
pub(super) fn without_code(reason: &str) -> &str {
    reason
        .split_once(": ")
        .filter(|(code, _)| !code.contains(' '))
        .map_or(reason, |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::super::tests::listing;
    use super::*;

    #[test]
    fn a_card_says_who_decided() {
        let mut row = listing("new in/hat-1.jpg", "hat");
        let card = Card::new(&row);
        assert_eq!((card.what().as_str(), card.decided().as_str()), ("hat", "by the model"));
        assert_eq!(card.alt(), "hat, hat-1.jpg");

        row.shelf = Shelf::Review;
        assert_eq!(Card::new(&row).decided(), "not sure");

        (row.reviewed_label, row.reviewed_sha256) =
            (Some("skirt".into()), row.content_sha256.clone());
        let card = Card::new(&row);
        assert_eq!((card.what().as_str(), card.said_text().as_str()), ("skirt", "skirt"));
        assert_eq!(card.decided(), "by a person, model: hat");

        row.reviewed_label = Some("rejected".into());
        assert_eq!(Card::new(&row).what(), "rejected");

        // What was said of other content says nothing of this one.
        row.reviewed_sha256 = Some("other".into());
        assert!(!Card::new(&row).by_person());
    }

    #[test]
    fn a_reason_is_told_without_its_code() {
        assert_eq!(without_code("corrupt: it ends too early"), "it ends too early");
        assert_eq!(without_code("it is odd: yes"), "it is odd: yes");
        assert_eq!(without_code("odd"), "odd");
    }
}
