//! Where a row stands for the website.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::label::{Label, LabelError};

/// A label's name, `review`, or `rejected`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Shelf {
    /// The website shows it under this label.
    Label(Label),
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
            Self::Label(label) => label.as_str(),
            Self::Review => "review",
            Self::Rejected => "rejected",
        }
    }
}

impl FromStr for Shelf {
    type Err = LabelError;

    fn from_str(name: &str) -> Result<Self, LabelError> {
        match name {
            "review" => Ok(Self::Review),
            "rejected" => Ok(Self::Rejected),
            label => Ok(Self::Label(Label::parse(label)?)),
        }
    }
}

impl TryFrom<String> for Shelf {
    type Error = LabelError;

    fn try_from(name: String) -> Result<Self, LabelError> {
        name.parse()
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
