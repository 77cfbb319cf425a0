//! A convolution of each channel alone.
//!
//! A vector holds, for each of its channels, the numbers of a few rows of the input one above the other, as
//! many as the instruction set multiplies and adds at once. So the rows that a few rows of the result need
//! are first laid between each other, with the padding beside them; every tap of a window is then one load.
//! This is done for a few channels at a time, so that it stays in the nearest cache.

use fearless_simd::Level;

use super::deep_form::{Form, Line, Rows};
use super::packed::{Packed8, Scratch};
use super::steps::{Ends, Step, Steps};
use super::windows::reach;
use crate::kernels::Geometry;
use crate::kernels::aligned::{Aligned, aligned};
use crate::kernels::whole::conv::depthwise as twin;
use crate::kernels::whole::sums::Conv;

/// A convolution of each channel alone, made ready for an instruction set.
#[derive(Clone, Debug)]
pub(crate) struct Deep8(Way);

/// How it is computed.
#[derive(Clone, Debug)]
enum Way {
    /// As its twin does it.
    Plain(Box<Conv>),
    /// As one in groups of channels, for each of the input's gives several of the result's.
    Groups(Packed8),
    #[cfg(target_arch = "x86_64")]
    Avx512(fearless_simd::Avx512, Box<Ready>),
    #[cfg(target_arch = "x86_64")]
    Avx2(fearless_simd::Avx2, Box<Ready>),
    #[cfg(target_arch = "aarch64")]
    Neon(fearless_simd::Neon, Box<Ready>),
}

/// What all instruction sets need.
#[derive(Clone, Debug)]
struct Ready {
    form: Form,
    geometry: Geometry,
    input_zero: u8,
    /// The rows of the result that are computed from the same rows of the input: 1 or 2.
    rows: usize,
    /// How many groups of rows of the input they need.
    groups: usize,
    /// How often windows are passed over: twice if weights less their zero do not fit 8 bits, and are
    /// split into two that do.
    passes: usize,
    /// The columns of the input with their padding, as far as windows reach.
    columns: usize,
    blocks: Vec<Block>,
    /// For each block, from a window's first column to each of its taps, in the order of its weights.
    taps: Vec<Vec<usize>>,
    /// For each block, each row of the result, each pass, each column of the window and each group of rows.
    weights: Aligned<i8>,
    steps: Aligned<i32>,
    ends: Ends,
}

/// A few channels.
#[derive(Clone, Copy, Debug)]
struct Block {
    channel: usize,
    channels: usize,
    vectors: usize,
    weights: usize,
    steps: usize,
}

impl Deep8 {
    /// Makes `conv` ready. It is computed by its twin ([`twin`]) where `level` has
    /// no kernel of ours, or where its numbers are beyond what vectors hold.
    pub(crate) fn new(level: Level, conv: &Conv) -> Self {
        Self(Way::new(level, conv).unwrap_or_else(|| Way::Plain(Box::new(conv.clone()))))
    }

    /// Computes it. `x` has rows, columns and channels of the geometry's input, `out` those of its output.
    pub(crate) fn run(&self, x: &[u8], out: &mut [u8], scratch: &mut Scratch) {
        match &self.0 {
            Way::Plain(conv) => twin(conv, x, out),
            Way::Groups(packed) => packed.run(x, out, scratch),
            #[cfg(target_arch = "x86_64")]
            Way::Avx512(s, ready) => {
                let Scratch { bytes, zeros, .. } = scratch;
                let lay = |vectors, rows: &Rows<'_>, to: &mut [u8]| {
                    super::deep512::lay(*s, vectors, rows, to);
                };
                let line = |vectors, line: &Line<'_, u8>, out: &mut [u8]| {
                    super::deep512::line(*s, vectors, line, out);
                };
                ready.run(x, bytes, zeros, lay, line, out);
            }
            #[cfg(target_arch = "x86_64")]
            Way::Avx2(s, ready) => {
                let Scratch { wide, zeros, .. } = scratch;
                let lay = |vectors, rows: &Rows<'_>, to: &mut [i16]| {
                    super::deep2::lay(*s, vectors, rows, to);
                };
                let line = |vectors, line: &Line<'_, i16>, out: &mut [u8]| {
                    super::deep2::line(*s, vectors, line, out);
                };
                ready.run(x, wide, zeros, lay, line, out);
            }
            #[cfg(target_arch = "aarch64")]
            Way::Neon(s, ready) => {
                let Scratch { wide, zeros, .. } = scratch;
                let lay = |_, rows: &Rows<'_>, to: &mut [i16]| super::deep_neon::lay(*s, rows, to);
                let line =
                    |_, line: &Line<'_, i16>, out: &mut [u8]| super::deep_neon::line(*s, line, out);
                ready.run(x, wide, zeros, lay, line, out);
            }
        }
    }
}

impl Way {
    fn new(level: Level, conv: &Conv) -> Option<Self> {
        if !conv.is_depthwise() {
            return None;
        }
        if conv.geometry.input[2] != conv.geometry.output[2] {
            let packed = Packed8::new(level, &turned(conv));
            return packed.is_fast().then_some(Self::Groups(packed));
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(s) = level.as_avx512() {
            return Some(Self::Avx512(s, Box::new(Ready::new(super::deep512::FORM, conv)?)));
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(s) = level.as_avx2() {
            return Some(Self::Avx2(s, Box::new(Ready::new(super::deep2::FORM, conv)?)));
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(s) = level.as_neon() {
            return Some(Self::Neon(s, Box::new(Ready::new(super::deep_neon::FORM, conv)?)));
        }
        None
    }
}

/// The same as a convolution in groups of one channel each: its weights in the order of channels.
fn turned(conv: &Conv) -> Conv {
    let [rows, columns] = conv.geometry.size;
    let channels = conv.geometry.output[2];
    let weights = (0..channels)
        .flat_map(|channel| (0..rows * columns).map(move |tap| tap * channels + channel))
        .map(|at| conv.weights[at])
        .collect();
    Conv {
        geometry: conv.geometry.clone(),
        input_zero: conv.input_zero,
        weights,
        weights_zero: conv.weights_zero,
        finish: conv.finish.clone(),
    }
}

/// Whether a weight less the weights' zero is within 8 bits.
fn fits(conv: &Conv, weight: i8) -> bool {
    i8::try_from(i32::from(weight) - conv.weights_zero).is_ok()
}

impl Ready {
    fn new(form: Form, conv: &Conv) -> Option<Self> {
        let geometry = &conv.geometry;
        let height = geometry.size[0];
        let channels = geometry.output[2];
        if geometry.places() == 0 || !(-128..=127).contains(&conv.weights_zero) {
            return None;
        }
        let mut sums = vec![(0_i64, 0_i64); channels];
        for tap in conv.weights.chunks_exact(channels) {
            for ((sum, amount), weight) in sums.iter_mut().zip(tap) {
                let weight = i64::from(i32::from(*weight) - conv.weights_zero);
                *sum += weight;
                *amount += weight.abs();
            }
        }
        let steps = Steps::new(&conv.finish, conv.input_zero.into(), sums.into_iter())?;
        let one = height.div_ceil(form.group);
        let two = height.checked_add(geometry.stride[0])?.div_ceil(form.group);
        let together = if geometry.dilation[0] == 1 && two <= one { 2 } else { 1 };
        let columns = reach(geometry, 1)?;
        reach(geometry, 0)?.checked_add(geometry.stride[0].checked_mul(2)?)?;
        // Windows far wider or higher than their input are not worth laying it out.
        let laid = one.checked_mul(form.group)?.checked_mul(columns)?;
        let image = geometry.input[0].checked_mul(geometry.input[1])?;
        if laid > image.checked_mul(8)?.checked_add(1 << 12)?
            || columns > geometry.input[1].checked_mul(8)?.checked_add(64)?
        {
            return None;
        }
        let mut made = Self {
            form,
            geometry: geometry.clone(),
            input_zero: conv.input_zero,
            rows: together,
            groups: one,
            passes: if conv.weights.iter().all(|weight| fits(conv, *weight)) { 1 } else { 2 },
            columns,
            blocks: vec![],
            taps: vec![],
            weights: Aligned::new(&[]),
            steps: Aligned::new(&[]),
            ends: steps.ends,
        };
        let mut packed = (vec![], vec![]);
        let mut first = 0;
        while first < channels {
            let left = (channels - first) / form.lanes;
            let vectors = form.vectors.iter().find(|most| **most <= left);
            let vectors = vectors.or(form.vectors.last()).copied()?;
            let block = Block {
                channel: first,
                channels: (channels - first).min(vectors * form.lanes),
                vectors,
                weights: packed.0.len(),
                steps: packed.1.len(),
            };
            made.push(conv, &steps, block, &mut packed)?;
            first += block.channels;
        }
        (made.weights, made.steps) = (Aligned::new(&packed.0), Aligned::new(&packed.1));
        made.taps = made.blocks.iter().map(|block| made.taps_of(block)).collect();
        Some(made)
    }

    fn push(
        &mut self,
        conv: &Conv,
        steps: &Steps,
        block: Block,
        (weights, to_steps): &mut (Vec<i8>, Vec<i32>),
    ) -> Option<()> {
        let Form { lanes, group, record, write, .. } = self.form;
        let [height, width] = self.geometry.size;
        let all = self.geometry.output[2];
        let each = width * self.groups * block.vectors * lanes * group;
        weights.resize(block.weights + self.rows * self.passes * each, 0);
        // The channel of each lane of each vector; none behind the block's last.
        let slots = (0..block.vectors * lanes).map(|slot| {
            let within = (self.form.channel)(block.vectors, slot / lanes, slot % lanes);
            (within < block.channels).then_some(block.channel + within)
        });
        let slots: Vec<Option<usize>> = slots.collect();
        for (row, y) in (0..self.rows).flat_map(|row| (0..height).map(move |y| (row, y))) {
            let below = y + row * self.geometry.stride[0];
            for x in 0..width {
                let tap = &conv.weights[(y * width + x) * all..][..all];
                let at = (x * self.groups + below / group) * slots.len() * group + below % group;
                let at = block.weights + row * self.passes * each + at;
                for (slot, channel) in slots.iter().enumerate() {
                    let Some(channel) = channel else { continue };
                    let weight = i32::from(tap[*channel]) - conv.weights_zero;
                    // The rest is within 8 bits too: the weight is from -255 to 255.
                    let most = weight.clamp(-128, 127);
                    weights[at + slot * group] = i8::try_from(most).ok()?;
                    if self.passes == 2 {
                        weights[at + each + slot * group] = i8::try_from(weight - most).ok()?;
                    }
                }
            }
        }
        for slots in slots.chunks_exact(lanes) {
            let of =
                slots.iter().map(|slot| slot.map_or_else(Step::default, |slot| steps.at(slot)));
            let at = to_steps.len();
            to_steps.resize(at + record, 0);
            write(&of.collect::<Vec<_>>(), &mut to_steps[at..]);
        }
        self.blocks.push(block);
        Some(())
    }

    /// Computes all rows. `lay` lays rows between each other, `line` computes a row of the result, both for a
    /// block of so many vectors.
    fn run<T: Copy + Default + From<u8>>(
        &self,
        x: &[u8],
        laid: &mut Vec<T>,
        zeros: &mut Vec<u8>,
        lay: impl Fn(usize, &Rows<'_>, &mut [T]),
        line: impl Fn(usize, &Line<'_, T>, &mut [u8]),
        out: &mut [u8],
    ) {
        let Geometry { input: [height, width, channels], output, stride, dilation, before, .. } =
            self.geometry;
        let Form { lanes, group, .. } = self.form;
        zeros.clear();
        zeros.resize(width * channels, self.input_zero);
        let zero = T::from(self.input_zero);
        // As much of a row as windows reach.
        let left = before[1].min(self.columns);
        let across = width.min(self.columns - left);
        for (pair, out) in out.chunks_mut(self.rows * output[1] * channels).enumerate() {
            let first = pair * self.rows * stride[0];
            for (at, (block, taps)) in self.blocks.iter().zip(&self.taps).enumerate() {
                let place = block.vectors * lanes * group;
                let each = self.columns * place;
                let laid = aligned(laid, self.groups * each);
                for (of, to) in laid.chunks_exact_mut(each).enumerate() {
                    let mut rows = [&zeros[block.channel..]; 4];
                    for (row, from) in rows[..group].iter_mut().enumerate() {
                        let y = (first + (of * group + row) * dilation[0]).wrapping_sub(before[0]);
                        if y < height {
                            *from = &x[y * width * channels..][..width * channels][block.channel..];
                        }
                    }
                    let rows =
                        Rows { each: &rows[..group], all: channels, channels: block.channels };
                    to[..left * place].fill(zero);
                    lay(block.vectors, &rows, &mut to[left * place..][..across * place]);
                    to[(left + across) * place..].fill(zero);
                }
                let end = self.blocks.get(at + 1);
                let weights =
                    &self.weights[block.weights..end.map_or(self.weights.len(), |end| end.weights)];
                let steps = &self.steps[block.steps..end.map_or(self.steps.len(), |end| end.steps)];
                let weights = weights.chunks_exact(weights.len() / self.rows);
                for (out, weights) in out.chunks_mut(output[1] * channels).zip(weights) {
                    let of = Line {
                        data: laid,
                        taps,
                        along: if output[1] == 1 { 0 } else { stride[1] * place },
                        weights,
                        steps,
                        ends: self.ends,
                        places: output[1],
                        channels: block.channels,
                        all: channels,
                    };
                    line(block.vectors, &of, &mut out[block.channel..]);
                }
            }
        }
    }

    /// From a window's first column to each of its taps, for a block, in the order of its weights.
    fn taps_of(&self, block: &Block) -> Vec<usize> {
        let place = block.vectors * self.form.lanes * self.form.group;
        let along = self.geometry.dilation[1] * place;
        let once = (0..self.geometry.size[1]).flat_map(|tap| {
            (0..self.groups).map(move |of| of * self.columns * place + tap * along)
        });
        once.clone().chain(once.take_while(|_| self.passes == 2)).collect()
    }
}
