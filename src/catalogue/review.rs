//! What a person can say of a photo.

use std::fmt;
use std::str::FromStr;

use super::Shelf;
use crate::label::{Label, LabelError};

/// What a person said of a photo's content. Its text is the label, or `rejected`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Review {
    /// It shows this.
    Label(Label),
    /// It is not to be shown.
    Rejected,
}

impl Review {
    /// What a person said of the content that is there, if somebody did: `said` of the content with
    /// the hash `of`. What is said of other content says nothing of this one.
    pub(super) fn applying(
        said: Option<&str>,
        of: Option<&str>,
        content: Option<&str>,
    ) -> Option<Self> {
        said.filter(|_| of.is_some() && of == content)?.parse().ok()
    }
}

impl fmt::Display for Review {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Label(label) => label.fmt(f),
            Self::Rejected => f.write_str(Shelf::Rejected.as_str()),
        }
    }
}

impl FromStr for Review {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, LabelError> {
        if text == Shelf::Rejected.as_str() {
            return Ok(Self::Rejected);
        }
        Label::parse(text).map(Self::Label)
    }
}

impl From<Review> for Shelf {
    fn from(review: Review) -> Self {
        match review {
            Review::Label(label) => Self::Label(label),
            Review::Rejected => Self::Rejected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_a_label_or_a_rejection() {
        assert_eq!("rejected".parse(), Ok(Review::Rejected));
        let skirt: Review = " skirt ".parse().unwrap();
        assert_eq!(skirt.to_string(), "skirt");
        assert_eq!(Shelf::from(skirt), "skirt".parse().unwrap());
        assert!("review".parse::<Review>().is_err() && "".parse::<Review>().is_err());
    }
}
