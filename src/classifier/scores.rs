//! What a network thinks of a photo.

use std::sync::Arc;

use super::ClassifyError;
use crate::label::Label;

/// One probability per label, in the model's order.
///
/// There is at least one label, and every probability is a number from 0 to 1. A clone is two
/// pointers.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    labels: Arc<[Label]>,
    /// As many as `labels`.
    probabilities: Arc<[f32]>,
    /// The index of the greatest probability; the first, if there are several.
    top: usize,
}

impl Scores {
    /// How far outside 0 to 1 a probability may lie, for what rounding does to it.
    const TOLERANCE: f32 = 1e-3;

    /// Scores from probabilities, one per label and in the same order.
    ///
    /// # Errors
    ///
    /// [`ClassifyError::Count`] if there is not one probability for each label, or no label;
    /// [`ClassifyError::NotFinite`] if one is not a number or infinite;
    /// [`ClassifyError::NotProbabilities`] if one is less than 0 or greater than 1 by more than
    /// rounding explains.
    pub fn new(labels: Arc<[Label]>, probabilities: &[f32]) -> Result<Self, ClassifyError> {
        check(&labels, probabilities)?;
        for (label, probability) in labels.iter().zip(probabilities) {
            within(label, *probability)?;
        }
        let probabilities: Arc<[f32]> = probabilities.iter().map(|p| p.clamp(0.0, 1.0)).collect();
        let mut top = 0;
        for (index, probability) in probabilities.iter().enumerate() {
            if *probability > probabilities[top] {
                top = index;
            }
        }
        Ok(Self { labels, probabilities, top })
    }

    /// Makes sure that what a network says of the last label is a probability.
    pub(super) fn check_probability(labels: &[Label], value: f32) -> Result<(), ClassifyError> {
        let Some(label) = labels.last() else { return Ok(()) };
        if value.is_finite() {
            return within(label, value);
        }
        Err(ClassifyError::NotFinite { label: label.clone(), value })
    }

    /// Scores from logits: the softmax of `logits / temperature`.
    ///
    /// # Errors
    ///
    /// [`ClassifyError::Count`] and [`ClassifyError::NotFinite`], as in [`Scores::new`].
    pub(super) fn from_logits(
        labels: Arc<[Label]>,
        logits: &[f32],
        temperature: f32,
    ) -> Result<Self, ClassifyError> {
        check(&labels, logits)?;
        Self::new(labels, &softmax(logits, temperature))
    }

    /// The label with the greatest probability, and that probability.
    #[must_use]
    pub fn top(&self) -> (&Label, f32) {
        (&self.labels[self.top], self.probabilities[self.top])
    }

    /// The top label's probability.
    #[must_use]
    pub fn confidence(&self) -> f32 {
        self.probabilities[self.top]
    }

    /// The `n` best labels, or all if there are fewer, best first; equals stay in the model's order.
    #[must_use]
    pub fn best(&self, n: usize) -> Vec<(&Label, f32)> {
        let mut all: Vec<_> = self.iter().collect();
        all.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        all.truncate(n);
        all
    }

    /// All labels with their probabilities, in the model's order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Label, f32)> {
        self.labels.iter().zip(self.probabilities.iter().copied())
    }

    /// A label's probability, if the model has the label.
    #[must_use]
    pub fn get(&self, label: &str) -> Option<f32> {
        self.iter().find(|(known, _)| known.as_str() == label).map(|(_, probability)| probability)
    }
}

/// Refuses what is less than 0 or greater than 1 by more than rounding explains.
fn within(label: &Label, value: f32) -> Result<(), ClassifyError> {
    if (-Scores::TOLERANCE..=1.0 + Scores::TOLERANCE).contains(&value) {
        return Ok(());
    }
    Err(ClassifyError::NotProbabilities { label: label.clone(), value })
}

/// One finite value for each of at least one label.
fn check(labels: &[Label], values: &[f32]) -> Result<(), ClassifyError> {
    if labels.is_empty() || labels.len() != values.len() {
        return Err(ClassifyError::Count { labels: labels.len(), values: values.len() });
    }
    match labels.iter().zip(values).find(|(_, value)| !value.is_finite()) {
        Some((label, &value)) => Err(ClassifyError::NotFinite { label: label.clone(), value }),
        None => Ok(()),
    }
}

/// The softmax of finite logits. In double precision, so that neither large logits nor a small
/// temperature overflow.
fn softmax(logits: &[f32], temperature: f32) -> Vec<f32> {
    let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f64> = logits
        .iter()
        .map(|logit| ((f64::from(*logit) - f64::from(greatest)) / f64::from(temperature)).exp())
        .collect();
    // At least 1, the weight of the greatest.
    let sum: f64 = weights.iter().sum();
    #[allow(clippy::cast_possible_truncation)] // From 0 to 1: it rounds, and cannot overflow.
    weights.iter().map(|weight| (weight / sum) as f32).collect()
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // What goes in comes out, to the bit.
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(n: usize) -> Arc<[Label]> {
        (0..n).map(|i| Label::parse(&format!("label-{i}")).unwrap()).collect()
    }

    fn scores(probabilities: &[f32]) -> Scores {
        Scores::new(labels(probabilities.len()), probabilities).unwrap()
    }

    #[test]
    fn the_best_come_first_and_equals_stay_in_order() {
        let scores = scores(&[0.1, 0.4, 0.1, 0.4]);
        assert_eq!((scores.top().0.as_str(), scores.top().1), ("label-1", 0.4));
        assert_eq!(scores.confidence(), 0.4);
        let best: Vec<_> = scores.best(3).iter().map(|(label, _)| label.as_str()).collect();
        assert_eq!(best, ["label-1", "label-3", "label-0"]);
        assert_eq!(scores.best(9).len(), 4);
        assert_eq!(scores.get("label-2"), Some(0.1));
        assert_eq!(scores.get("label-9"), None);
    }

    #[test]
    fn what_are_no_scores() {
        let code = |values: &[f32]| Scores::new(labels(2), values).unwrap_err().code();
        assert_eq!(code(&[0.5]), "count");
        assert_eq!(code(&[0.5, f32::NAN]), "not_finite");
        assert_eq!(code(&[f32::INFINITY, 0.5]), "not_finite");
        assert_eq!(code(&[0.5, 1.1]), "not_probabilities");
        assert_eq!(code(&[-0.1, 0.5]), "not_probabilities");
        assert_eq!(Scores::new(labels(0), &[]).unwrap_err().code(), "count");
        assert_eq!(scores(&[-1e-9, 1.000_000_1]).confidence(), 1.0);
        let nan = Scores::from_logits(labels(2), &[0.0, f32::NEG_INFINITY], 1.0).unwrap_err();
        assert_eq!(nan.code(), "not_finite");
    }

    #[test]
    fn a_temperature_above_one_lowers_the_confidence() {
        let at = |t| Scores::from_logits(labels(2), &[2.0, 0.0], t).unwrap().confidence();
        assert!((at(1.0) - 0.880_797).abs() < 1e-6);
        assert!((at(2.0) - 0.731_058_6).abs() < 1e-6);
        assert_eq!(at(f32::MIN_POSITIVE), 1.0);
    }

    proptest! {
        #[test]
        fn a_softmax_sums_to_one_keeps_the_order_and_is_always_a_number(
            logits in prop::collection::vec(prop::num::f32::NORMAL | prop::num::f32::ZERO, 1..40),
            temperature in 1e-3_f32..1e3,
        ) {
            let scores = Scores::from_logits(labels(logits.len()), &logits, temperature).unwrap();
            let values: Vec<f32> = scores.iter().map(|(_, probability)| probability).collect();
            let sum: f64 = values.iter().map(|p| f64::from(*p)).sum();
            prop_assert!((sum - 1.0).abs() < 1e-5, "{sum}");
            for (a, pa) in logits.iter().zip(&values) {
                prop_assert!((0.0..=1.0).contains(pa));
                for (b, pb) in logits.iter().zip(&values) {
                    prop_assert!(a < b || pa >= pb);
                }
            }
        }

        #[test]
        fn a_softmax_does_not_see_a_shift(
            logits in prop::collection::vec(-20.0_f32..20.0, 2..12),
            shift in -100.0_f32..100.0,
        ) {
            let shifted: Vec<f32> = logits.iter().map(|logit| logit + shift).collect();
            for (a, b) in softmax(&logits, 1.0).iter().zip(softmax(&shifted, 1.0)) {
                prop_assert!((a - b).abs() < 1e-4);
            }
        }
    }
}
