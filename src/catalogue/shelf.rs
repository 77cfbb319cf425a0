//! Where a row stands for the website.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A label's name, `review`, or `rejected`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Shelf {
    /// The website shows it under this label.
    Label(String),
    /// The model is not sure: a person should look.
    Review,
    /// It is not a usable photo.
    Rejected,
}

impl Shelf {
    /// Its name in the table.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Label(label) => label,
            Self::Review => "review",
            Self::Rejected => "rejected",
        }
    }
}

impl From<String> for Shelf {
    fn from(name: String) -> Self {
        match name.as_str() {
            "review" => Self::Review,
            "rejected" => Self::Rejected,
            _ => Self::Label(name),
        }
    }
}

impl From<Shelf> for String {
    fn from(shelf: Shelf) -> Self {
        shelf.as_str().to_owned()
    }
}

impl fmt::Display for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
