//! Weights in the order in which tiles read them.

use super::aligned::Aligned;
use super::steps::{Step, Steps};
use super::windows::Windows;
use crate::kernels::whole::Conv;

/// How an instruction set multiplies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// The sums of a vector.
    pub(super) lanes: usize,
    /// The products that go into a sum at a time.
    pub(super) group: usize,
    /// The vectors that a panel may have, the most first.
    pub(super) vectors: &'static [usize],
    /// The numbers that a vector's steps take, and what writes them.
    pub(super) record: usize,
    pub(super) write: fn(&[Step], &mut [i32]),
}

/// A few channels of the result, whose sums a tile keeps in registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
    /// The first channel of the result.
    pub(super) channel: usize,
    /// How many there are.
    pub(super) channels: usize,
    /// The vectors that hold their sums.
    pub(super) vectors: usize,
    /// The first channel of the input.
    pub(super) from: usize,
    /// Where the panel's weights and steps begin.
    pub(super) weights: usize,
    pub(super) steps: usize,
}

/// All weights and steps.
#[derive(Clone, Debug)]
pub(super) struct Panels {
    pub(super) each: Vec<Panel>,
    pub(super) weights: Aligned<i8>,
    pub(super) steps: Aligned<i32>,
    /// The groups of a run.
    pub(super) groups: usize,
}

/// The channel of a panel that a lane of one of its vectors holds. Sums of 32 bits are packed to 8 within
/// parts of four lanes, and in this order they end as channels do.
pub(super) fn channel(vectors: usize, vector: usize, lane: usize) -> usize {
    4 * vectors * (lane / 4) + 4 * vector + lane % 4
}

impl Panels {
    /// `depth` of the input's channels go into each of the result's.
    pub(super) fn new(
        form: Form,
        conv: &Conv,
        depth: usize,
        windows: &Windows,
        steps: &Steps,
    ) -> Self {
        let (from, to) = (conv.geometry.input[2], conv.geometry.output[2]);
        let per_group = to * depth / from;
        let groups = windows.run.div_ceil(form.group);
        let mut made = Packer { each: vec![], weights: vec![], steps: vec![], groups };
        for first in (0..to).step_by(per_group.max(1)) {
            let mut done = 0;
            while done < per_group {
                let left = (per_group - done).div_ceil(form.lanes);
                let vectors = form.vectors.iter().find(|most| **most <= left);
                let vectors = vectors.or(form.vectors.last()).copied().unwrap_or(1);
                let panel = Panel {
                    channel: first + done,
                    channels: (per_group - done).min(vectors * form.lanes),
                    vectors,
                    from: first / per_group * depth,
                    weights: made.weights.len(),
                    steps: made.steps.len(),
                };
                made.push(form, conv, windows, steps, panel);
                done += panel.channels;
            }
        }
        Self {
            each: made.each,
            weights: Aligned::new(&made.weights),
            steps: Aligned::new(&made.steps),
            groups,
        }
    }
}

/// Panels in the making.
struct Packer {
    each: Vec<Panel>,
    weights: Vec<i8>,
    steps: Vec<i32>,
    groups: usize,
}

impl Packer {
    fn push(&mut self, form: Form, conv: &Conv, windows: &Windows, steps: &Steps, panel: Panel) {
        let (lanes, group, vectors) = (form.lanes, form.group, panel.vectors);
        let each = windows.run * windows.offsets.len();
        let start = self.weights.len();
        self.weights
            .resize(start + windows.offsets.len() * self.groups * vectors * lanes * group, 0);
        for vector in 0..vectors {
            let mut of = vec![Step::default(); lanes];
            for (lane, step) in of.iter_mut().enumerate() {
                let within = channel(vectors, vector, lane);
                if within >= panel.channels {
                    continue;
                }
                *step = steps.at(panel.channel + within);
                let weights = &conv.weights[(panel.channel + within) * each..][..each];
                for (segment, weights) in weights.chunks(windows.run).enumerate() {
                    for (row, weights) in weights.chunks(group).enumerate() {
                        let row = segment * self.groups + row;
                        let at = start + ((row * vectors + vector) * lanes + lane) * group;
                        self.weights[at..][..weights.len()].copy_from_slice(weights);
                    }
                }
            }
            let at = self.steps.len();
            self.steps.resize(at + form.record, 0);
            (form.write)(&of, &mut self.steps[at..]);
        }
        self.each.push(panel);
    }
}
