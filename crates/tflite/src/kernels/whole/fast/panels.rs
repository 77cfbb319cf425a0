//! Weights in the order in which tiles read them.

use super::steps::{Step, Steps};
use super::windows::Windows;
use crate::kernels::aligned::Aligned;
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
        let (mut each, mut at) = (vec![], (0, 0));
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
                    weights: at.0,
                    steps: at.1,
                };
                at.0 += windows.offsets.len() * groups * vectors * form.lanes * form.group;
                at.1 += vectors * form.record;
                done += panel.channels;
                each.push(panel);
            }
        }
        let (mut weights, mut written) = (Aligned::zeros(at.0), Aligned::zeros(at.1));
        for panel in &each {
            let weights = &mut weights[panel.weights..];
            match form.group {
                4 => panel.pack::<4>(form.lanes, conv, windows, weights),
                2 => panel.pack::<2>(form.lanes, conv, windows, weights),
                _ => panel.pack::<1>(form.lanes, conv, windows, weights),
            }
            let written = written[panel.steps..].chunks_exact_mut(form.record);
            for (vector, to) in (0..panel.vectors).zip(written) {
                let of = (0..form.lanes).map(|lane| match channel(panel.vectors, vector, lane) {
                    within if within < panel.channels => steps.at(panel.channel + within),
                    _ => Step::default(),
                });
                (form.write)(&of.collect::<Vec<_>>(), to);
            }
        }
        Self { each, weights, steps: written, groups }
    }
}

impl Panel {
    /// Writes the panel's weights, in groups of `GROUP`.
    fn pack<const GROUP: usize>(
        &self,
        lanes: usize,
        conv: &Conv,
        windows: &Windows,
        to: &mut [i8],
    ) {
        let all = windows.run * windows.offsets.len();
        // Where the weights of each lane's channel begin; none behind the last channel.
        let channels = (0..self.vectors * lanes).map(|slot| {
            let within = channel(self.vectors, slot / lanes, slot % lanes);
            (within < self.channels).then_some((self.channel + within) * all)
        });
        let channels: Vec<Option<usize>> = channels.collect();
        let mut rows = to.chunks_exact_mut(channels.len() * GROUP);
        for segment in 0..windows.offsets.len() {
            for first in (0..windows.run).step_by(GROUP) {
                let Some(row) = rows.next() else { return };
                let left = (windows.run - first).min(GROUP);
                for (to, start) in row.as_chunks_mut::<GROUP>().0.iter_mut().zip(&channels) {
                    let Some(start) = start else { continue };
                    let from = &conv.weights[start + segment * windows.run + first..];
                    match from.first_chunk::<GROUP>() {
                        Some(from) if left == GROUP => *to = *from,
                        _ => to[..left].copy_from_slice(&from[..left]),
                    }
                }
            }
        }
    }
}
