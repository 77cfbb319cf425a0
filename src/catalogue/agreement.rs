//! What people's reviews say of the model, and from which confidence on it can be left alone.
//!
//! On each photo that a person looked at, the model was right or wrong: `rejected` is a wrong answer
//! too. [`Tally`] counts that in one pass; [`Agreement`] is what follows. A review counts for the
//! content that is there, whatever the model said when it was made.
//!
//! # The advice
//!
//! Of the photos at or above a threshold, the share that was right is only known of those that
//! people looked at. All right of three photos says little, so what is held against the target is not
//! that share but the lower end of Wilson's interval for it: below this, what was seen happens by
//! chance at most once in 20 times. So a target of 98 % needs 133 reviewed photos at the least, and
//! with fewer there is no advice. Advised is the lowest threshold that meets the target, and never one
//! below which nobody looked.
//!
//! People mostly look at photos that the model was unsure of, or that caught their eye since they were
//! wrong. Such photos are more often wrong than others, and so the advice is rather too high than
//! too low. It takes for granted that photos are right at least as often where the model is surer:
//! whoever wants to be sure of that looks at some confident photos too.
//!
//! Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference"
//! (1927).

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::{Listing, Review};
use crate::label::Label;

/// Confidences are counted by the thousandth, which is how finely a threshold is advised. A
/// confidence of 1 has a step of its own.
const STEPS: u16 = 1000;

/// Where the bins of [`Agreement::by_confidence`] end, in steps: narrower where most photos are.
const ENDS: [u16; 13] = [100, 200, 300, 400, 500, 600, 700, 800, 900, 950, 980, 990, STEPS];

/// How many standard deviations the lower end of the interval lies below: the chance of less is 1 in 20.
const DEVIATIONS: f64 = 1.644_853_626_951_472_2;

/// The share of photos that are to be right without a person's look: above 0 and below 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Target(f64);

/// A text that is no such share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a share above 0 and below 1, as 0.98")]
pub struct TargetError;

impl Target {
    /// The share.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// With fewer reviewed photos than this, nothing can be said: it takes so many if all are right.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // it is not negative
    pub fn needed(self) -> u64 {
        (self.0 / (1.0 - self.0) * DEVIATIONS * DEVIATIONS).ceil() as u64
    }
}

impl Default for Target {
    fn default() -> Self {
        Self(0.98)
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let share = text.parse().ok().filter(|share: &f64| *share > 0.0 && *share < 1.0);
        share.map(Self).ok_or(TargetError)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Counts photos and their reviews, in any order.
///
/// Its memory grows with the labels that the model and people use, and not with the photos.
#[derive(Debug, Clone)]
pub struct Tally {
    /// One for each thousandth, and one for 1.
    steps: Vec<Step>,
    labels: BTreeMap<Label, Own>,
    models: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Step {
    photos: u64,
    reviewed: u64,
    right: u64,
    /// The sum of the reviewed photos' confidences, in whole parts of 2^-32, so that no order of them
    /// changes it.
    confidence: u64,
}

#[derive(Debug, Clone, Default)]
struct Own {
    photos: u64,
    reviewed: u64,
    right: u64,
    instead: BTreeMap<String, u64>,
}

impl Default for Tally {
    fn default() -> Self {
        let steps = vec![Step::default(); usize::from(STEPS) + 1];
        Self { steps, labels: BTreeMap::new(), models: BTreeSet::new() }
    }
}

impl Tally {
    /// Counts one photo. What the model did not classify is passed over.
    pub fn add(&mut self, row: &Listing) {
        let (Some(label), Some(confidence)) = (&row.label, row.confidence) else { return };
        let Some(step) = step_of(confidence) else { return };
        let step = &mut self.steps[usize::from(step)];
        let own = self.labels.entry(label.clone()).or_default();
        step.photos += 1;
        own.photos += 1;
        if let Some(model) = row.model_id.as_ref().filter(|model| !self.models.contains(*model)) {
            self.models.insert(model.clone());
        }
        let Some(review) = row.review() else { return };
        let is_right = matches!(&review, Review::Label(said) if said == label);
        step.reviewed += 1;
        step.right += u64::from(is_right);
        step.confidence += parts(confidence);
        own.reviewed += 1;
        own.right += u64::from(is_right);
        if !is_right {
            *own.instead.entry(review.to_string()).or_default() += 1;
        }
    }

    /// What follows from all that was counted.
    #[must_use]
    pub fn agreement(&self, target: Target) -> Agreement {
        let all = self.sum(0, STEPS + 1);
        let starts = std::iter::once(0).chain(ENDS);
        // The last bin has 1 itself.
        let bins = starts.zip(ENDS).map(|(from, to)| (from, to, to + u16::from(to == STEPS)));
        let bin = |(from, to, end)| {
            let Step { photos, reviewed, right, confidence } = self.sum(from, end);
            ConfidenceBin {
                from: edge(from),
                to: edge(to),
                photos,
                reviewed,
                right,
                share: share(right, reviewed),
                confidence: share(confidence, reviewed).map(|sum| sum / PARTS),
            }
        };
        Agreement {
            photos: all.photos,
            reviewed: all.reviewed,
            right: all.right,
            share: share(all.right, all.reviewed),
            models: self.models.len() as u64,
            by_label: self.labels.iter().map(|(label, own)| own.summary(label)).collect(),
            by_confidence: bins.map(bin).collect(),
            target,
            advice: self.advice(all, target),
        }
    }

    /// The steps from one up to another, together.
    fn sum(&self, from: u16, end: u16) -> Step {
        let steps = &self.steps[usize::from(from)..usize::from(end)];
        steps.iter().fold(Step::default(), |sum, step| Step {
            photos: sum.photos + step.photos,
            reviewed: sum.reviewed + step.reviewed,
            right: sum.right + step.right,
            confidence: sum.confidence + step.confidence,
        })
    }

    fn advice(&self, all: Step, target: Target) -> Advice {
        let too_few = Advice::TooFew { reviewed: all.reviewed, needed: target.needed() };
        if all.reviewed < target.needed() {
            return too_few;
        }
        let (mut lowest, mut best): (Option<Threshold>, Option<Threshold>) = (None, None);
        let mut above = Step::default();
        for (place, step) in (0..=STEPS).zip(&self.steps).rev() {
            above.photos += step.photos;
            above.reviewed += step.reviewed;
            above.right += step.right;
            // Where nobody looked, nothing is known.
            if step.reviewed == 0 {
                continue;
            }
            let to_review = all.photos - above.photos;
            let threshold = Threshold {
                review_below: edge(place),
                reviewed: above.reviewed,
                right: above.right,
                share: ratio(above.right, above.reviewed),
                at_least: at_least(above.right, above.reviewed),
                to_review,
                to_review_share: ratio(to_review, all.photos),
            };
            if best.as_ref().is_none_or(|best| threshold.at_least >= best.at_least) {
                best = Some(threshold.clone());
            }
            if threshold.at_least >= target.get() {
                lowest = Some(threshold);
            }
        }
        let advice = lowest.map(Advice::ReviewBelow);
        advice.or(best.map(Advice::OutOfReach)).unwrap_or(too_few)
    }
}

impl Own {
    fn summary(&self, label: &Label) -> LabelAgreement {
        let said = |(said, photos): (&String, &u64)| Said { said: said.clone(), photos: *photos };
        let mut instead: Vec<Said> = self.instead.iter().map(said).collect();
        // By name where the numbers are the same.
        instead.sort_by_key(|said| Reverse(said.photos));
        LabelAgreement {
            label: label.clone(),
            photos: self.photos,
            reviewed: self.reviewed,
            right: self.right,
            share: share(self.right, self.reviewed),
            instead,
        }
    }
}

/// What people's reviews say of the model. Names and meanings are public.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// Photos that the model classified, reviewed or not.
    pub photos: u64,
    /// Those of them whose content a person looked at.
    pub reviewed: u64,
    /// Those of these whose label is what the person said.
    pub right: u64,
    /// Their share of the reviewed ones; `null` where there are none.
    pub share: Option<f64>,
    /// How many models classified the photos: of more than one, the confidences are mixed.
    pub models: u64,
    /// By the label that the model gave, in the labels' order.
    pub by_label: Vec<LabelAgreement>,
    /// By confidence, from 0 to 1.
    pub by_confidence: Vec<ConfidenceBin>,
    /// The share of photos that are to be right without a person's look.
    pub target: Target,
    /// From which confidence on this is so.
    pub advice: Advice,
}

/// The photos to which the model gave one label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelAgreement {
    /// The model's label.
    pub label: Label,
    /// Photos that have it, reviewed or not.
    pub photos: u64,
    /// Those of them that a person looked at.
    pub reviewed: u64,
    /// Those of these that a person called the same.
    pub right: u64,
    /// Their share of the reviewed ones; `null` where there are none.
    pub share: Option<f64>,
    /// What people said instead, most often first.
    pub instead: Vec<Said>,
}

/// What people said instead of the model's label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// A label, or `rejected`.
    pub said: String,
    /// Of how many photos.
    pub photos: u64,
}

/// The photos whose confidence is at least `from` and below `to` (1 belongs to the last).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfidenceBin {
    /// The bin's lower end.
    pub from: f64,
    /// The bin's upper end.
    pub to: f64,
    /// Photos in it, reviewed or not.
    pub photos: u64,
    /// Those of them that a person looked at.
    pub reviewed: u64,
    /// Those of these whose label was right.
    pub right: u64,
    /// Their share of the reviewed ones; `null` where there are none.
    pub share: Option<f64>,
    /// The mean confidence of the reviewed ones; `null` where there are none.
    pub confidence: Option<f64>,
}

/// From which confidence on the target is met.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Advice {
    /// From this one on, and from none that is lower.
    ReviewBelow(Threshold),
    /// It cannot be said of so few reviewed photos.
    TooFew {
        /// The reviewed photos.
        reviewed: u64,
        /// How many it takes at the least, if the model is right on all of them.
        needed: u64,
    },
    /// From none: this one comes nearest. More reviews may bring it nearer.
    OutOfReach(Threshold),
}

/// A threshold, and what is known of the photos at or above it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Threshold {
    /// The confidence below which a photo goes to review.
    pub review_below: f64,
    /// Reviewed photos at or above it: what the rest is said of.
    pub reviewed: u64,
    /// Those of them whose label was right.
    pub right: u64,
    /// Their share.
    pub share: f64,
    /// The share that can be relied on: the lower end of Wilson's interval.
    pub at_least: f64,
    /// Photos below the threshold, reviewed or not.
    pub to_review: u64,
    /// Their share of all photos that the model classified.
    pub to_review_share: f64,
}

impl Agreement {
    /// What the reviews among these photos say.
    pub fn of(listings: impl IntoIterator<Item = Listing>, target: Target) -> Self {
        let mut tally = Tally::default();
        listings.into_iter().for_each(|row| tally.add(&row));
        tally.agreement(target)
    }
}

/// The step of a confidence: the greatest whose edge is not above it, just as the pipeline compares a
/// confidence with a threshold. None of what is no confidence.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 1, times 1000
fn step_of(confidence: f32) -> Option<u16> {
    if !(0.0..=1.0).contains(&confidence) {
        return None;
    }
    let near = (f64::from(confidence) * f64::from(STEPS)) as u16;
    // An edge is the nearest number of 32 bits, which may lie below its text.
    let next = (near + 1).min(STEPS);
    let is_next = f32::from(next) / f32::from(STEPS) <= confidence;
    Some(if is_next { next } else { near })
}

/// The confidence at which a step begins.
fn edge(step: u16) -> f64 {
    f64::from(step) / f64::from(STEPS)
}

/// How many parts a confidence of 1 has in a sum.
const PARTS: f64 = 4_294_967_296.0;

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 1, times 2^32
fn parts(confidence: f32) -> u64 {
    (f64::from(confidence) * PARTS).round() as u64
}

/// A part's share of a whole; none of nothing.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| ratio(part, whole))
}

#[allow(clippy::cast_precision_loss)] // to be shown
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// The lower end of Wilson's interval for the share of which `right` of `n` were seen: in 19 cases of 20
/// it is not less.
#[must_use]
#[allow(clippy::cast_precision_loss)] // photos are fewer than 2^52
pub fn at_least(right: u64, n: u64) -> f64 {
    let (seen, n) = (ratio(right, n), n as f64);
    let square = DEVIATIONS * DEVIATIONS;
    let spread = DEVIATIONS * (seen * (1.0 - seen) / n + square / (4.0 * n * n)).sqrt();
    ((seen + square / (2.0 * n) - spread) / (1.0 + square / n)).max(0.0)
}
