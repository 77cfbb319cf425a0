//! How many photos are on which shelf.

use serde::Serialize;
use utoipa::ToSchema;

use crate::catalogue::Shelf;

/// A shelf, and how much is on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShelfCount {
    /// Its name.
    #[schema(value_type = String, example = "dress")]
    pub name: Shelf,
    /// What it is.
    pub kind: Kind,
    /// How many photos are on it; up to 1,000 are counted.
    #[schema(example = 12)]
    pub count: u64,
    /// Whether there are more than `count`.
    pub more: bool,
}

/// What a shelf is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A label's.
    Label,
    /// Of photos that a person should look at.
    Review,
    /// Of what is no usable photo.
    Rejected,
}

impl Kind {
    /// What this shelf is.
    pub fn of(shelf: &Shelf) -> Self {
        match shelf {
            Shelf::Label(_) => Self::Label,
            Shelf::Review => Self::Review,
            Shelf::Rejected => Self::Rejected,
        }
    }
}

/// The answer of `GET /api/shelves`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShelfCounts {
    /// Labels by name, then `review`, then `rejected`.
    pub shelves: Vec<ShelfCount>,
}
