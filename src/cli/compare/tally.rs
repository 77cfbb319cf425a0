//! What two models say of the same photos, counted: pure functions over their answers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::report::{
    Became, Better, Bin, ByLabel, Comparison, Confidence, Example, Move, Shown, Side, Truth,
    TruthFrom, Verdict,
};
use crate::catalogue::{Shelf, at_least};
use crate::cli::evaluation::share;
use crate::label::Label;

/// Bins of confidence, of equal width.
const BINS: usize = 10;
/// A confidence that moves by less than this counts as the same.
const MOVED: f32 = 0.01;

/// What one model says of a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    pub label: Label,
    pub confidence: f32,
    pub shelf: Shelf,
}

impl Said {
    /// The shelf follows from the threshold, as the function puts photos on shelves.
    pub fn new(label: Label, confidence: f32, review_below: f32) -> Self {
        let unsure = confidence < review_below;
        let shelf = if unsure { Shelf::Review } else { Shelf::Label(label.clone()) };
        Self { label, confidence, shelf }
    }

    fn shown(&self) -> Shown {
        Shown {
            label: self.label.to_string(),
            confidence: self.confidence,
            shelf: self.shelf.to_string(),
        }
    }
}

/// What is known of a photo: a label, or that it is none that the website is to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    Label(Label),
    Rejected,
}

impl Known {
    fn is(&self, label: &Label) -> bool {
        matches!(self, Self::Label(known) if known == label)
    }
}

/// Counts photos. Its memory grows with the labels, and not with the photos.
#[derive(Debug)]
pub struct Tally {
    photos: u64,
    same_label: u64,
    same_shelf: u64,
    shelves: BTreeMap<(Shelf, Shelf), u64>,
    labels: BTreeMap<(Label, Label), u64>,
    bins: [[u64; 2]; BINS],
    sums: [f64; 2],
    rose: u64,
    fell: u64,
    known: Sides,
    examples: Vec<Example>,
    /// How many examples are kept.
    show: usize,
}

/// What is right, of the photos of which it is known.
#[derive(Debug, Default)]
struct Sides {
    photos: u64,
    right: [u64; 2],
    shown: [u64; 2],
    shown_wrong: [u64; 2],
    both: u64,
    only_old: u64,
    only_new: u64,
}

impl Tally {
    /// Nothing counted yet; so many examples are kept.
    pub fn new(show: usize) -> Self {
        Self {
            photos: 0,
            same_label: 0,
            same_shelf: 0,
            shelves: BTreeMap::new(),
            labels: BTreeMap::new(),
            bins: [[0; 2]; BINS],
            sums: [0.0; 2],
            rose: 0,
            fell: 0,
            known: Sides::default(),
            examples: Vec::new(),
            show,
        }
    }

    /// Counts a photo: what the models agree on.
    pub fn add(&mut self, image: &str, old: &Said, new: &Said) {
        self.photos += 1;
        self.same_label += u64::from(old.label == new.label);
        self.same_shelf += u64::from(old.shelf == new.shelf);
        *self.shelves.entry((old.shelf.clone(), new.shelf.clone())).or_default() += 1;
        *self.labels.entry((old.label.clone(), new.label.clone())).or_default() += 1;
        for (side, said) in [old, new].into_iter().enumerate() {
            self.bins[bin_of(said.confidence)][side] += 1;
            self.sums[side] += f64::from(said.confidence);
        }
        self.rose += u64::from(new.confidence - old.confidence >= MOVED);
        self.fell += u64::from(old.confidence - new.confidence >= MOVED);
        if old.shelf != new.shelf {
            self.exemplify(image, old, new);
        }
    }

    /// Keeps the photos that change shelf of which the new model is surest.
    fn exemplify(&mut self, image: &str, old: &Said, new: &Said) {
        let is_surer = |kept: &Example| kept.new.confidence >= new.confidence;
        let place = self.examples.partition_point(is_surer);
        if place < self.show {
            let (old, new) = (old.shown(), new.shown());
            self.examples.insert(place, Example { image: image.to_owned(), old, new });
            self.examples.truncate(self.show);
        }
    }

    /// Counts a photo of which it is known what it shows: what the models get right.
    pub fn add_known(&mut self, known: &Known, old: &Said, new: &Said) {
        let sides = &mut self.known;
        let right = [old, new].map(|said| known.is(&said.label));
        sides.photos += 1;
        for (side, said) in [old, new].into_iter().enumerate() {
            let is_shown = said.shelf != Shelf::Review;
            sides.right[side] += u64::from(right[side]);
            sides.shown[side] += u64::from(is_shown);
            sides.shown_wrong[side] += u64::from(is_shown && !right[side]);
        }
        match right {
            [true, true] => sides.both += 1,
            [true, false] => sides.only_old += 1,
            [false, true] => sides.only_new += 1,
            [false, false] => {}
        }
    }

    /// What follows from all that was counted. `from` says who knows what photos show.
    pub fn comparison(&self, old: Side, new: Side, from: TruthFrom) -> Comparison {
        let mean = |side: usize| (self.photos > 0).then(|| self.sums[side] / number(self.photos));
        let bin = |(place, [old, new]): (usize, &[u64; 2])| Bin {
            from: share(place, BINS),
            to: share(place + 1, BINS),
            old: *old,
            new: *new,
        };
        let moves = self.shelves.iter().map(|((from, to), photos)| Move {
            from: from.to_string(),
            to: to.to_string(),
            photos: *photos,
        });
        let mut moves: Vec<Move> = moves.collect();
        // By name where the numbers are the same.
        moves.sort_by_key(|one| Reverse(one.photos));
        Comparison {
            by_label: self.by_label(&old, &new),
            old,
            new,
            photos: self.photos,
            same_label: self.same_label,
            label_agreement: ratio(self.same_label, self.photos),
            same_shelf: self.same_shelf,
            shelf_agreement: ratio(self.same_shelf, self.photos),
            shelf_agreement_at_least: (self.photos > 0)
                .then(|| at_least(self.same_shelf, self.photos)),
            moves,
            confidence: Confidence {
                old: mean(0),
                new: mean(1),
                rose: self.rose,
                fell: self.fell,
                bins: self.bins.iter().enumerate().map(bin).collect(),
            },
            truth: (self.known.photos > 0).then(|| self.known.truth(from)),
            examples: self.examples.clone(),
        }
    }

    /// Each label of either model: the old one's in its order, and then those that are new.
    fn by_label(&self, old: &Side, new: &Side) -> Vec<(String, ByLabel)> {
        let mut seen = BTreeSet::new();
        let labels = old.labels.iter().chain(&new.labels).filter(|label| seen.insert(*label));
        let of = |label: &Label| {
            let mut own = ByLabel::default();
            for ((from, to), photos) in &self.labels {
                own.old += if from == label { *photos } else { 0 };
                own.new += if to == label { *photos } else { 0 };
                if from == label && to == label {
                    own.same = *photos;
                } else if from == label {
                    own.became.push(Became { label: to.to_string(), photos: *photos });
                }
            }
            own.became.sort_by_key(|one| Reverse(one.photos));
            (label.to_string(), own)
        };
        labels.map(of).collect()
    }
}

impl Sides {
    fn truth(&self, from: TruthFrom) -> Truth {
        let verdict = |side: usize| Verdict {
            right: self.right[side],
            share: ratio(self.right[side], self.photos).unwrap_or_default(),
            at_least: at_least(self.right[side], self.photos),
            shown: self.shown[side],
            shown_wrong: self.shown_wrong[side],
        };
        Truth {
            from,
            photos: self.photos,
            old: verdict(0),
            new: verdict(1),
            both: self.both,
            only_old: self.only_old,
            only_new: self.only_new,
            neither: self.photos - self.both - self.only_old - self.only_new,
            better: better(self.only_old, self.only_new),
        }
    }
}

/// How often it may be chance that the model which seems better is not.
const DOUBT: f64 = 0.05;

/// Which model is better, by the photos that only one of them gets right (the exact sign test, as
/// `McNemar` has it): if models of the same worth had so many of them at most once in 20 times.
fn better(only_old: u64, only_new: u64) -> Better {
    let of = only_old + only_new;
    match (chance(only_old, of) <= DOUBT, chance(only_new, of) <= DOUBT) {
        (true, _) => Better::Old,
        (_, true) => Better::New,
        _ => Better::Undecided,
    }
}

/// How likely at least `k` of `n` thrown coins show heads; 1 if that is half of them or less.
fn chance(k: u64, n: u64) -> f64 {
    // Beyond the middle, what is too small for a number is the sum's end, and not its beginning.
    if k <= n / 2 {
        return 1.0;
    }
    // In logarithms, which do not vanish: n choose k, of 2^n.
    let ways: f64 = (1..=n - k).map(|i| (number(k + i) / number(i)).ln()).sum();
    let mut part = (ways - number(n) * std::f64::consts::LN_2).exp();
    let mut sum = 0.0;
    for i in k..=n {
        sum += part;
        part *= number(n - i) / number(i + 1);
    }
    sum
}

/// The bin of a confidence: 0 to 0.1, 0.1 to 0.2, ..., the lower end included, and 1 in the last.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 1, times 10
fn bin_of(confidence: f32) -> usize {
    ((confidence * 10.0).max(0.0) as usize).min(BINS - 1)
}

/// A part's share of a whole; none of nothing.
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| number(part) / number(whole))
}

#[allow(clippy::cast_precision_loss)] // photos are fewer than 2^52
fn number(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn label(name: &str) -> Label {
        Label::parse(name).unwrap()
    }

    fn said(name: &str, confidence: f32) -> Said {
        Said::new(label(name), confidence, 0.5)
    }

    fn side(labels: &[&str]) -> Side {
        Side {
            name: "m".to_owned(),
            model_id: "id".to_owned(),
            review_below: 0.5,
            labels: labels.iter().map(|name| label(name)).collect(),
            only_here: Vec::new(),
        }
    }

    fn compared(tally: &Tally) -> Comparison {
        tally.comparison(side(&["hat", "cap"]), side(&["hat", "shoe"]), TruthFrom::Folders)
    }

    #[test]
    fn counts_by_hand() {
        let mut tally = Tally::new(2);
        tally.add("a", &said("hat", 0.9), &said("hat", 0.95)); // the same
        tally.add("b", &said("hat", 0.9), &said("hat", 0.4)); // goes to review
        tally.add("c", &said("cap", 0.3), &said("shoe", 0.8)); // comes from review
        tally.add("d", &said("cap", 0.7), &said("hat", 0.6)); // another label
        tally.add("e", &said("cap", 0.1), &said("hat", 0.105)); // another label, still in review
        let all = compared(&tally);
        assert_eq!((all.photos, all.same_label, all.same_shelf), (5, 2, 2));
        let moves: Vec<(&str, &str, u64)> =
            all.moves.iter().map(|m| (m.from.as_str(), m.to.as_str(), m.photos)).collect();
        assert_eq!(
            moves,
            [
                ("cap", "hat", 1),
                ("hat", "hat", 1),
                ("hat", "review", 1),
                ("review", "shoe", 1),
                ("review", "review", 1)
            ]
        );
        let names: Vec<&str> = all.by_label.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["hat", "cap", "shoe"]);
        let cap = &all.by_label[1].1;
        assert_eq!((cap.old, cap.new, cap.same), (3, 0, 0));
        assert_eq!((cap.became[0].label.as_str(), cap.became[0].photos), ("hat", 2));
        // d, e: 0.7 to 0.6 is a fall; 0.1 to 0.105 is none.
        assert_eq!((all.confidence.rose, all.confidence.fell), (2, 2));
        assert_eq!((all.confidence.bins[9].old, all.confidence.bins[9].new), (2, 1));
        // The two surest of those that change shelf.
        let shown: Vec<&str> = all.examples.iter().map(|e| e.image.as_str()).collect();
        assert_eq!(shown, ["c", "d"]);
        assert!(all.truth.is_none());
    }

    #[test]
    fn who_is_right_is_counted_in_pairs() {
        let mut tally = Tally::new(0);
        let hat = Known::Label(label("hat"));
        tally.add_known(&hat, &said("hat", 0.9), &said("hat", 0.9));
        tally.add_known(&hat, &said("cap", 0.9), &said("hat", 0.3));
        tally.add_known(&Known::Rejected, &said("hat", 0.9), &said("hat", 0.2));
        let truth = compared(&tally).truth.unwrap();
        assert_eq!((truth.old.right, truth.new.right), (1, 2));
        assert_eq!((truth.old.shown, truth.old.shown_wrong), (3, 2));
        assert_eq!((truth.new.shown, truth.new.shown_wrong), (1, 0));
        assert_eq!((truth.both, truth.only_old, truth.only_new, truth.neither), (1, 0, 1, 1));
        // One photo says nothing.
        assert_eq!(truth.better, Better::Undecided);
        assert!(truth.new.at_least < 0.3, "{}", truth.new.at_least);
    }

    #[test]
    fn a_model_is_better_if_chance_does_not_explain_it() {
        assert_eq!(better(0, 0), Better::Undecided);
        assert_eq!(better(0, 2), Better::Undecided);
        assert_eq!(better(0, 4), Better::Undecided);
        assert_eq!(better(0, 5), Better::New);
        assert_eq!(better(100_000, 200_000), Better::New);
        assert_eq!(better(200_000, 100_000), Better::Old);
        assert_eq!(better(150_000, 150_000), Better::Undecided);
        assert!((chance(2, 3) - 0.5).abs() < 1e-12 && (chance(0, 7) - 1.0).abs() < 1e-12);
        assert!((chance(9, 10) - 11.0 / 1024.0).abs() < 1e-12);
        assert_eq!(better(30, 40), Better::Undecided);
        assert_eq!(better(40, 20), Better::Old);
    }

    #[test]
    fn nothing_counted_is_no_error() {
        let none = compared(&Tally::new(3));
        assert_eq!((none.photos, none.label_agreement, none.confidence.old), (0, None, None));
    }

    proptest! {
        /// Each photo is in one cell, and the cells add up, whatever the models say.
        #[test]
        fn the_counts_add_up(photos in prop::collection::vec((0..3_usize, 0.0..=1.0_f32, 0..3_usize, 0.0..=1.0_f32), 0..50)) {
            let names = ["hat", "cap", "shoe"];
            let mut tally = Tally::new(5);
            for (old, sure, new, surer) in &photos {
                tally.add("x", &said(names[*old], *sure), &said(names[*new], *surer));
            }
            let all = tally.comparison(side(&names), side(&names), TruthFrom::Reviews);
            let n = photos.len() as u64;
            prop_assert_eq!(all.moves.iter().map(|m| m.photos).sum::<u64>(), n);
            let stays = all.moves.iter().filter(|m| m.from == m.to).map(|m| m.photos).sum::<u64>();
            prop_assert_eq!(stays, all.same_shelf);
            prop_assert_eq!(all.by_label.iter().map(|(_, l)| l.same).sum::<u64>(), all.same_label);
            for (_, label) in &all.by_label {
                let became: u64 = label.became.iter().map(|b| b.photos).sum();
                prop_assert_eq!(label.same + became, label.old);
            }
            prop_assert_eq!(all.confidence.bins.iter().map(|b| b.old).sum::<u64>(), n);
            prop_assert_eq!(all.confidence.bins.iter().map(|b| b.new).sum::<u64>(), n);
            prop_assert!(all.examples.is_sorted_by(|a, b| a.new.confidence >= b.new.confidence));
            prop_assert_eq!(all.examples.len() as u64, (n - all.same_shelf).min(5));
        }
    }
}
