//! What every page shows: the shelves, and what the visitor may do.

use std::fmt;

use super::path::{segment, shelf_path};
use super::words::{counted, number};
use crate::catalogue::Shelf;

/// What all pages share.
#[derive(Debug, Clone)]
pub struct Site {
    /// The shelves, in the order in which they are shown. Pages without them have none.
    pub shelves: Vec<ShelfCount>,
    /// What the visitor may do.
    pub visitor: Visitor,
    /// How the page learns what changes.
    pub updates: Updates,
    /// Whether photos can be added here at all.
    pub uploads: bool,
    /// The page's own path and query: where signing in leads back to.
    pub here: String,
}

/// What a visitor may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visitor {
    /// Look, review and add photos.
    MayWrite,
    /// The same, by a token: they can sign out.
    SignedIn,
    /// Look, and sign in to do more.
    MaySignIn,
    /// Look.
    MayRead,
}

/// How a page learns what changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updates {
    /// It is told, by `GET /api/events`.
    Told,
    /// It asks now and then, by `GET /api/changes`.
    Asked,
    /// It does not.
    None,
}

/// A shelf and how many photos stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelfCount {
    /// The shelf.
    pub shelf: Shelf,
    /// How many photos stand there.
    pub count: Count,
}

/// How many there are, as far as they were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// As many as were counted.
    pub number: u64,
    /// Whether there are more.
    pub more: bool,
}

impl Site {
    /// For pages that know no shelves, such as that of an error.
    #[must_use]
    pub fn without_shelves(visitor: Visitor, here: &str) -> Self {
        Self {
            shelves: Vec::new(),
            visitor,
            updates: Updates::None,
            uploads: false,
            here: here.to_owned(),
        }
    }

    pub(super) fn may_write(&self) -> bool {
        matches!(self.visitor, Visitor::MayWrite | Visitor::SignedIn)
    }

    pub(super) fn is_signed_in(&self) -> bool {
        self.visitor == Visitor::SignedIn
    }

    pub(super) fn may_upload(&self) -> bool {
        self.may_write() && self.uploads
    }

    /// Where to sign in, if that is possible.
    pub(super) fn sign_in(&self) -> Option<String> {
        let possible = self.visitor == Visitor::MaySignIn;
        possible.then(|| format!("/sign-in?next={}", segment(&self.here)))
    }

    /// `told`, `asked` or `none`, for the scripts.
    pub(super) fn updates(&self) -> &'static str {
        match self.updates {
            Updates::Told => "told",
            Updates::Asked => "asked",
            Updates::None => "none",
        }
    }

    /// The shelves of labels.
    pub(super) fn labels(&self) -> impl Iterator<Item = &ShelfCount> {
        self.shelves.iter().filter(|shelf| matches!(shelf.shelf, Shelf::Label(_)))
    }

    /// The shelves set apart: `review` and `rejected`.
    pub(super) fn apart(&self) -> impl Iterator<Item = &ShelfCount> {
        self.shelves.iter().filter(|shelf| !matches!(shelf.shelf, Shelf::Label(_)))
    }

    /// How many photos stand on a shelf.
    pub(super) fn count(&self, shelf: &Shelf) -> Count {
        let found = self.shelves.iter().find(|other| other.shelf == *shelf);
        found.map(|found| found.count).unwrap_or_default()
    }

    pub(super) fn to_review(&self) -> Count {
        self.count(&Shelf::Review)
    }

    pub(super) fn rejected(&self) -> Count {
        self.count(&Shelf::Rejected)
    }

    /// How many photos there are on all shelves.
    pub(super) fn total(&self) -> Count {
        self.shelves.iter().fold(Count::default(), |total, shelf| Count {
            number: total.number + shelf.count.number,
            more: total.more || shelf.count.more,
        })
    }

    /// Whether the page is at this path.
    pub(super) fn is_at(&self, path: &str) -> bool {
        self.here.split('?').next() == Some(path)
    }
}

impl ShelfCount {
    /// The path of the shelf's page.
    pub(super) fn path(&self) -> String {
        shelf_path(&self.shelf)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count.number == 0 && !self.count.more
    }

    /// Its name for people.
    pub(super) fn title(&self) -> &str {
        title(&self.shelf)
    }
}

/// A shelf's name for people: those that are set apart are no labels, and do not look like one.
pub(super) fn title(shelf: &Shelf) -> &str {
    match shelf {
        Shelf::Label(label) => label.as_str(),
        Shelf::Review => "To review",
        Shelf::Rejected => "Rejected",
    }
}

impl Count {
    /// `1 photo`, `1,000+ photos`.
    pub(super) fn photos(self) -> String {
        if self.more {
            return format!("{self} photos");
        }
        counted(self.number, "photo", "photos")
    }
}

/// `12`, or `1,000+` where there are more.
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", number(self.number), if self.more { "+" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_bound_says_so() {
        let count = |number, more| Count { number, more };
        assert_eq!(count(1000, true).photos(), "1,000+ photos");
        assert_eq!(count(1, false).photos(), "1 photo");
        let shelves = [("dress", count(1000, true)), ("review", count(3, false))];
        let shelves = shelves
            .map(|(name, count)| ShelfCount { shelf: name.parse().unwrap(), count })
            .to_vec();
        let site = Site { shelves, ..Site::without_shelves(Visitor::MaySignIn, "/a?b=c&d") };
        assert_eq!(site.total().to_string(), "1,003+");
        assert_eq!(site.to_review(), count(3, false));
        assert_eq!(site.count(&Shelf::Rejected), Count::default());
        assert_eq!(site.sign_in().unwrap(), "/sign-in?next=%2Fa%3Fb%3Dc%26d");
        assert!(site.is_at("/a") && !site.is_at("/"));
    }
}
