//! What was found out about an object, and by whom: all that a row is made of beside the object
//! itself.

use crate::code::{Code, Rejection};
use crate::label::Label;

/// What was found out about an object's content.
#[derive(Debug, Clone, PartialEq)]
pub enum Judgement {
    /// It is a photo, and the model has an opinion.
    Classified {
        /// The top label.
        label: Label,
        /// Its probability.
        confidence: f32,
        /// All labels with their probabilities, the best first.
        scores: Vec<(Label, f32)>,
        /// Whether the confidence is below the review threshold.
        unsure: bool,
        /// Pixels across, upright.
        width: u32,
        /// Pixels down, upright.
        height: u32,
        /// The image format.
        format: &'static str,
        /// SHA-256 of the content, in hex.
        content_sha256: String,
    },
    /// It is not a usable photo.
    Rejected {
        /// Why not.
        rejection: Rejection,
        /// SHA-256 of the content in hex, if it was fetched.
        content_sha256: Option<String>,
    },
}

impl Judgement {
    /// A rejection of an object that S3 does not hand out, since it is in an archive.
    #[must_use]
    pub fn archived(why: &dyn std::fmt::Display) -> Self {
        let rejection = Rejection::new(Code::Archived, why.to_string());
        Self::Rejected { rejection, content_sha256: None }
    }

    /// The SHA-256 of the content in hex, if it was fetched.
    #[must_use]
    pub fn content_sha256(&self) -> Option<&str> {
        match self {
            Self::Classified { content_sha256, .. } => Some(content_sha256),
            Self::Rejected { content_sha256, .. } => content_sha256.as_deref(),
        }
    }

    /// Whether it is one of those.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        matches!(self, Self::Rejected { rejection, .. } if rejection.code == Code::Archived)
    }
}

/// Who makes rows: goes into each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    /// The model's id.
    pub model_id: String,
    /// The recipe's.
    pub recipe: String,
    /// Where the recipe stands among others: what a lower generation says of a content never takes
    /// the place of what a higher one said of it.
    pub generation: u32,
    /// The program's name and version.
    pub software: String,
}
