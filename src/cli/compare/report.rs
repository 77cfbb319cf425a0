//! What `compare` prints. The names in the JSON are public: programs read them.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::classifier::Classifier;
use crate::label::Label;

/// One of the two models.
#[derive(Debug, Clone, Serialize)]
pub struct Side {
    /// What people call it.
    pub name: String,
    /// Which it is.
    pub model_id: String,
    /// The confidence below which its photos go to review.
    pub review_below: f32,
    /// Its labels, in its order.
    #[serde(skip)]
    pub labels: Vec<Label>,
    /// Those of them that the other model does not have.
    pub only_here: Vec<Label>,
}

impl Side {
    /// A model beside another.
    pub fn new(model: &Classifier, other: &Classifier, review_below: f32) -> Self {
        let description = model.description();
        let labels = description.labels.to_vec();
        let others = &other.description().labels;
        Self {
            name: description.name.clone(),
            model_id: model.model_id().to_string(),
            review_below,
            only_here: labels.iter().filter(|label| !others.contains(label)).cloned().collect(),
            labels,
        }
    }
}

/// What two models say of the same photos.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The model that is there.
    pub old: Side,
    /// The one that may take its place.
    pub new: Side,
    /// Photos that both models looked at.
    pub photos: u64,
    /// Those of them that get the same label.
    pub same_label: u64,
    /// Their share; `null` of no photos, as everywhere here.
    pub label_agreement: Option<f64>,
    /// Those that stay on their shelf.
    pub same_shelf: u64,
    /// Their share.
    pub shelf_agreement: Option<f64>,
    /// The share that can be relied on for other such photos: the lower end of Wilson's interval.
    pub shelf_agreement_at_least: Option<f64>,
    /// How many photos go from which shelf to which, most first; those that stay are in it.
    pub moves: Vec<Move>,
    /// What becomes of each label's photos: the old model's labels in its order, then the new one's.
    #[serde(serialize_with = "in_order")]
    pub by_label: Vec<(String, ByLabel)>,
    /// How sure the models are.
    pub confidence: Confidence,
    /// Who is right, where it is known; `null` where it is of no photo.
    pub truth: Option<Truth>,
    /// Photos that change shelf: those of which the new model is surest.
    pub examples: Vec<Example>,
}

/// Photos that go from one shelf to another.
#[derive(Debug, Clone, Serialize)]
pub struct Move {
    /// The shelf that follows from the old model.
    pub from: String,
    /// The shelf that follows from the new model.
    pub to: String,
    /// How many.
    pub photos: u64,
}

/// The photos of one label.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ByLabel {
    /// Photos to which the old model gives it.
    pub old: u64,
    /// Photos to which the new model gives it.
    pub new: u64,
    /// Photos to which both do.
    pub same: u64,
    /// What the new model calls the others of the old model's, most first.
    pub became: Vec<Became>,
}

/// Photos that get another label.
#[derive(Debug, Clone, Serialize)]
pub struct Became {
    /// The new label.
    pub label: String,
    /// How many.
    pub photos: u64,
}

/// How sure the models are of the photos.
#[derive(Debug, Clone, Serialize)]
pub struct Confidence {
    /// The old model's mean confidence.
    pub old: Option<f64>,
    /// The new model's.
    pub new: Option<f64>,
    /// Photos of which the new model is surer, by at least 0.01.
    pub rose: u64,
    /// Photos of which it is less sure, by at least 0.01.
    pub fell: u64,
    /// From 0 to 1.
    pub bins: Vec<Bin>,
}

/// The photos whose confidence is at least `from` and below `to` (1 belongs to the last).
#[derive(Debug, Clone, Serialize)]
pub struct Bin {
    /// The bin's lower end.
    pub from: f64,
    /// The bin's upper end.
    pub to: f64,
    /// The old model's photos.
    pub old: u64,
    /// The new model's.
    pub new: u64,
}

/// Who says what photos show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TruthFrom {
    /// The folders that they are in.
    Folders,
    /// People's reviews in the table.
    Reviews,
}

/// Which model is right, of the photos of which it is known what they show.
#[derive(Debug, Clone, Serialize)]
pub struct Truth {
    /// Who knows.
    pub from: TruthFrom,
    /// Of how many photos.
    pub photos: u64,
    /// What the old model makes of them.
    pub old: Verdict,
    /// What the new model makes of them.
    pub new: Verdict,
    /// Photos on which both are right.
    pub both: u64,
    /// Photos on which only the old model is.
    pub only_old: u64,
    /// Photos on which only the new model is.
    pub only_new: u64,
    /// Photos on which both are wrong.
    pub neither: u64,
    /// Which model is better, as far as can be said.
    pub better: Better,
}

/// How right a model is.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Photos whose label is right.
    pub right: u64,
    /// Their share.
    pub share: f64,
    /// The share that can be relied on: the lower end of Wilson's interval.
    pub at_least: f64,
    /// Photos that go to a label's shelf, and not to review.
    pub shown: u64,
    /// Those of them whose label is wrong.
    pub shown_wrong: u64,
}

/// Which model is better on the photos that only one of them gets right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// The old one, in 19 cases of 20.
    Old,
    /// The new one, in 19 cases of 20.
    New,
    /// It cannot be said of so few, or they are too much alike.
    Undecided,
}

/// A photo that changes shelf.
#[derive(Debug, Clone, Serialize)]
pub struct Example {
    /// Its file, or `bucket/key`.
    pub image: String,
    /// What the old model says of it.
    pub old: Shown,
    /// What the new model says of it.
    pub new: Shown,
}

/// What a model says of a photo.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// Its top label.
    pub label: String,
    /// That label's probability.
    pub confidence: f32,
    /// The shelf that follows.
    pub shelf: String,
}

fn in_order<S: Serializer>(labels: &[(String, ByLabel)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(labels.len()))?;
    for (label, own) in labels {
        map.serialize_entry(label, own)?;
    }
    map.end()
}
