//! How good a model is on photos whose labels are known: pure functions over scores.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// Bins of the expected calibration error: equal widths, as in Guo et al., "On Calibration of
/// Modern Neural Networks" (2017).
const BINS: usize = 10;

/// Counts what a model gets right, photo by photo.
#[derive(Debug, Clone)]
pub struct Evaluation {
    labels: Vec<String>,
    /// `confusion[truth][answer]`.
    confusion: Vec<Vec<usize>>,
    in_top3: usize,
    bins: [Bin; BINS],
}

#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    photos: usize,
    right: usize,
    confidence: f64,
}

impl Bin {
    /// The bin at this place.
    fn summary(&self, place: usize) -> ReliabilityBin {
        let some = self.photos > 0;
        ReliabilityBin {
            from: share(place, BINS),
            to: share(place + 1, BINS),
            images: self.photos,
            confidence: some.then(|| self.confidence / count(self.photos)),
            accuracy: some.then(|| share(self.right, self.photos)),
        }
    }
}

/// The results, as `evaluate` prints them. Names and meanings are public.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Photos that have scores.
    pub images: usize,
    /// Share whose top label is right.
    pub accuracy: f64,
    /// Share whose label is among the three best.
    pub top3: f64,
    /// Expected calibration error, 10 equal-width bins.
    pub ece: f64,
    /// Each label's photos, in the model's order.
    #[serde(serialize_with = "in_order")]
    pub per_label: Vec<(String, LabelSummary)>,
    /// The labels, in the order of the rows and columns of `confusion`.
    pub labels: Vec<String>,
    /// How many photos of a label (row) got which answer (column).
    pub confusion: Vec<Vec<usize>>,
    /// How right the model is where it is how sure: the bins of `ece`, from 0 to 1.
    pub reliability: Vec<ReliabilityBin>,
}

/// The photos whose confidence is above `from` and at most `to` (0 belongs to the first).
#[derive(Debug, Clone, Serialize)]
pub struct ReliabilityBin {
    /// The bin's lower end.
    pub from: f64,
    /// The bin's upper end.
    pub to: f64,
    /// Photos in it.
    pub images: usize,
    /// Their mean confidence; `null` where there are none.
    pub confidence: Option<f64>,
    /// Share of them whose top label is right; `null` where there are none.
    pub accuracy: Option<f64>,
}

/// One label's results.
#[derive(Debug, Clone, Serialize)]
pub struct LabelSummary {
    /// Photos of this label.
    pub images: usize,
    /// Share of them that got this label; `null` where there are none.
    pub recall: Option<f64>,
    /// Share of the photos that got this label which are of it; `null` where there are none.
    pub precision: Option<f64>,
}

fn in_order<S: Serializer>(
    labels: &[(String, LabelSummary)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(labels.len()))?;
    for (label, summary) in labels {
        map.serialize_entry(label, summary)?;
    }
    map.end()
}

impl Evaluation {
    /// Nothing counted yet. `labels` is the model's order.
    pub fn new(labels: Vec<String>) -> Self {
        let n = labels.len();
        Self { labels, confusion: vec![vec![0; n]; n], in_top3: 0, bins: [Bin::default(); BINS] }
    }

    /// Counts one photo: the place of its true label, and its scores in the labels' order.
    pub fn add(&mut self, truth: usize, scores: &[f32]) {
        let Some(own) = scores.get(truth) else { return };
        let better = |i: usize, s: f32| s > *own || (s.total_cmp(own).is_eq() && i < truth);
        let rank = scores.iter().enumerate().filter(|&(i, &s)| better(i, s)).count();
        let first =
            |best: (usize, f32), (i, &s): (usize, &f32)| if s > best.1 { (i, s) } else { best };
        let (answer, confidence) = scores.iter().enumerate().fold((0, f32::NEG_INFINITY), first);
        self.confusion[truth][answer] += 1;
        self.in_top3 += usize::from(rank < 3);
        let bin = &mut self.bins[bin_of(confidence)];
        bin.photos += 1;
        bin.right += usize::from(answer == truth);
        bin.confidence += f64::from(confidence);
    }

    /// The results so far.
    pub fn summary(&self) -> Summary {
        let images: usize = self.confusion.iter().flatten().sum();
        let right: usize = (0..self.labels.len()).map(|i| self.confusion[i][i]).sum();
        let gap = |bin: &Bin| (count(bin.right) - bin.confidence).abs();
        let per_label = self.labels.iter().enumerate().map(|(i, label)| {
            let own: usize = self.confusion[i].iter().sum();
            let answered: usize = self.confusion.iter().map(|row| row[i]).sum();
            let right = self.confusion[i][i];
            let summary = LabelSummary {
                images: own,
                recall: (own > 0).then(|| share(right, own)),
                precision: (answered > 0).then(|| share(right, answered)),
            };
            (label.clone(), summary)
        });
        Summary {
            images,
            accuracy: share(right, images),
            top3: share(self.in_top3, images),
            ece: self.bins.iter().map(gap).sum::<f64>() / count(images.max(1)),
            per_label: per_label.collect(),
            labels: self.labels.clone(),
            confusion: self.confusion.clone(),
            reliability: self.bins.iter().enumerate().map(|(i, bin)| bin.summary(i)).collect(),
        }
    }
}

/// The bin of a confidence: 0 to 0.1, 0.1 to 0.2, ..., the upper end included.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 1, times 10
fn bin_of(confidence: f32) -> usize {
    let bin = (f64::from(confidence) * 10.0).ceil() - 1.0;
    (bin.max(0.0) as usize).min(BINS - 1)
}

/// A part's share of a whole; 0 of nothing.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { count(part) / count(whole) }
}

/// A count as a number to compute with.
#[allow(clippy::cast_precision_loss)] // photos are fewer than 2^52
pub(super) fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluation() -> Evaluation {
        Evaluation::new(vec!["a".into(), "b".into(), "c".into(), "d".into()])
    }

    #[test]
    fn counts_by_hand() {
        let mut m = evaluation();
        m.add(0, &[0.75, 0.25, 0.0, 0.0]); // right
        m.add(0, &[0.25, 0.75, 0.0, 0.0]); // b for a, but second
        m.add(3, &[0.5, 0.3, 0.2, 0.0]); // a for d, not in the top three
        m.add(1, &[0.05, 0.95, 0.0, 0.0]); // right
        let s = m.summary();
        assert_eq!((s.images, s.accuracy, s.top3), (4, 0.5, 0.75));
        assert_eq!(s.confusion[0], [1, 1, 0, 0]);
        assert_eq!(s.per_label[0].1.recall, Some(0.5));
        assert_eq!(s.per_label[1].1.precision, Some(0.5));
        assert_eq!(s.per_label[2].1.recall, None);
        // Bins: 0.7-0.8 two photos, one right: |1 - 1.5|; 0.4-0.5: |0 - 0.5|; 0.9-1: |1 - 0.95|.
        assert!((s.ece - (0.5 + 0.5 + 0.05) / 4.0).abs() < 1e-6, "{}", s.ece);
        let bin = &s.reliability[7];
        assert_eq!((bin.from, bin.to, bin.images), (0.7, 0.8, 2));
        assert_eq!((bin.confidence, bin.accuracy), (Some(0.75), Some(0.5)));
        assert_eq!((s.reliability[0].images, s.reliability[0].accuracy), (0, None));
    }

    #[test]
    fn ties_go_to_the_first_label() {
        let mut m = evaluation();
        m.add(1, &[0.25; 4]);
        assert_eq!(m.summary().confusion[1], [1, 0, 0, 0]);
        assert!((m.summary().top3 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_counted_is_no_error() {
        let s = evaluation().summary();
        assert_eq!((s.images, s.accuracy, s.ece), (0, 0.0, 0.0));
    }

    #[test]
    fn bins_include_their_upper_end() {
        for (confidence, bin) in [(0.0, 0), (0.05, 0), (0.15, 1), (0.55, 5), (1.0, 9)] {
            assert_eq!(bin_of(confidence), bin, "{confidence}");
        }
    }
}
