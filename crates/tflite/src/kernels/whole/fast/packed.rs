//! A convolution over all channels.

use fearless_simd::{Level, dispatch};

use super::panels::{Form, Panel, Panels};
use super::steps::{Ends, Steps};
use super::tile::Job;
use super::windows::Windows;
use crate::kernels::whole::conv::conv as twin;
use crate::kernels::whole::sums::Conv;

/// Numbers that a kernel keeps aside while it runs; they may be used by one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    pub(super) bytes: Vec<u8>,
    pub(super) wide: Vec<i16>,
    #[cfg(target_arch = "aarch64")]
    pub(super) signed: Vec<i8>,
    pub(super) zeros: Vec<u8>,
    pub(super) sums: Vec<i32>,
}

/// A convolution over all channels, or in groups of them, made ready for an instruction set. A dense layer
/// is one of one place.
#[derive(Clone, Debug)]
pub(crate) struct Packed8(Way);

/// How it is computed.
#[derive(Clone, Debug)]
enum Way {
    /// As its twin does it.
    Plain(Box<Conv>),
    #[cfg(target_arch = "x86_64")]
    Avx512(fearless_simd::Avx512, Box<Ready>),
    #[cfg(target_arch = "x86_64")]
    Avx2(fearless_simd::Avx2, Box<Ready>),
    #[cfg(target_arch = "aarch64")]
    Neon(fearless_simd::Neon, Box<Ready>),
}

/// How kernels read the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)] // Each is one instruction set's.
enum Read {
    /// As it is.
    Plain,
    /// As numbers of 16 bits.
    Wide,
    /// Moved down by 128.
    Signed,
}

/// What all instruction sets need.
#[derive(Clone, Debug)]
struct Ready {
    level: Level,
    panels: Panels,
    windows: Windows,
    ends: Ends,
    input_zero: u8,
    weights_zero: i32,
    places: usize,
    /// The channels of the result.
    line: usize,
}

impl Packed8 {
    /// Makes `conv` ready. It is computed by its twin ([`twin`]) where `level` has no
    /// kernel of ours, or where its numbers are beyond what vectors hold.
    pub(crate) fn new(level: Level, conv: &Conv) -> Self {
        Self(Way::new(level, conv).unwrap_or_else(|| Way::Plain(Box::new(conv.clone()))))
    }

    /// Whether it is computed on vectors.
    pub(super) fn is_fast(&self) -> bool {
        !matches!(self.0, Way::Plain(_))
    }

    /// Computes it. `x` has rows, columns and channels of the geometry's input, `out` those of its output.
    pub(crate) fn run(&self, x: &[u8], out: &mut [u8], scratch: &mut Scratch) {
        match &self.0 {
            Way::Plain(conv) => twin(conv, x, out),
            #[cfg(target_arch = "x86_64")]
            Way::Avx512(s, ready) => {
                let Scratch { bytes, sums, .. } = scratch;
                let x = if ready.windows.copied {
                    ready.windows.pad(x, ready.input_zero, bytes, |x| x);
                    bytes
                } else {
                    x
                };
                let tile =
                    |panel: &Panel, places, job: &Job<'_, u8>, starts: &_, add: &_, out: &mut _| {
                        super::avx512::tile(*s, panel.vectors, places, job, starts, add, out);
                    };
                ready.run(x, 4, super::avx512::most, tile, sums, out);
            }
            #[cfg(target_arch = "x86_64")]
            Way::Avx2(s, ready) => {
                let Scratch { wide, sums, .. } = scratch;
                ready.windows.pad(x, ready.input_zero, wide, i16::from);
                let tile = |panel: &Panel,
                            places,
                            job: &Job<'_, i16>,
                            starts: &_,
                            add: &_,
                            out: &mut _| {
                    super::avx2::tile(*s, panel.vectors, places, job, starts, add, out);
                };
                ready.run(wide, 2, super::avx2::most, tile, sums, out);
            }
            #[cfg(target_arch = "aarch64")]
            Way::Neon(s, ready) => {
                let Scratch { signed, sums, .. } = scratch;
                ready.windows.pad(x, ready.input_zero, signed, |x| (x ^ 0x80).cast_signed());
                let tile =
                    |_: &Panel, places, job: &Job<'_, i8>, starts: &_, add: &_, out: &mut _| {
                        super::neon::tile(*s, places, job, starts, add, out);
                    };
                ready.run(signed, 2, super::neon::most, tile, sums, out);
            }
        }
    }
}

impl Way {
    fn new(level: Level, conv: &Conv) -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if let Some(s) = level.as_avx512() {
            return Some(Self::Avx512(
                s,
                Box::new(Ready::new(level, super::avx512::FORM, Read::Plain, conv)?),
            ));
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(s) = level.as_avx2() {
            return Some(Self::Avx2(
                s,
                Box::new(Ready::new(level, super::avx2::FORM, Read::Wide, conv)?),
            ));
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(s) = level.as_neon() {
            return Some(Self::Neon(
                s,
                Box::new(Ready::new(level, super::neon::FORM, Read::Signed, conv)?),
            ));
        }
        let _ = (level, conv);
        None
    }
}

impl Ready {
    fn new(level: Level, form: Form, read: Read, conv: &Conv) -> Option<Self> {
        let depth = conv.depth()?;
        if !(-128..=127).contains(&conv.weights_zero) {
            return None;
        }
        let each = conv.weights.len() / conv.geometry.output[2];
        let sums = conv.weights.chunks_exact(each).map(|weights| sums(weights, conv.weights_zero));
        let moved = if read == Read::Signed { 128 } else { 0 };
        let steps = Steps::new(&conv.finish, i32::from(conv.input_zero) - moved, sums)?;
        let windows = Windows::new(
            &conv.geometry,
            depth,
            if read == Read::Plain { form.group } else { usize::MAX },
        )?;
        // Each group has panels of its own: many of few weights would take many times their memory.
        let groups = conv.geometry.input[2] / depth;
        let room = windows.offsets.len().checked_mul(windows.run.next_multiple_of(form.group))?;
        let room =
            room.checked_mul((conv.geometry.output[2] / groups).next_multiple_of(form.lanes))?;
        if room.checked_mul(groups)? > conv.weights.len().checked_mul(8)?.checked_add(1 << 24)? {
            return None;
        }
        Some(Self {
            level,
            panels: Panels::new(form, conv, depth, &windows, &steps),
            windows,
            ends: steps.ends,
            input_zero: conv.input_zero,
            weights_zero: conv.weights_zero,
            places: conv.geometry.places(),
            line: conv.geometry.output[2],
        })
    }

    /// Computes all tiles. `data` is the input as windows see it, read in groups of `group`; a tile has at
    /// most `most` places for the vectors of its panel.
    fn run<T: Copy + Into<i32>>(
        &self,
        data: &[T],
        group: usize,
        most: impl Fn(usize) -> usize,
        tile: impl Fn(&Panel, usize, &Job<'_, T>, &[usize; 8], &[i32; 8], &mut [u8]),
        sums: &mut Vec<i32>,
        out: &mut [u8],
    ) {
        let Panels { each: panels, weights, steps, groups } = &self.panels;
        let offsets = &self.windows.offsets;
        let products = offsets.len() * groups * group;
        // So many places that their windows and results stay near while all panels pass over them.
        let block = (NEAR / (products + self.line).max(1)).max(LEAST);
        let mut first = 0;
        while first < self.places {
            let behind =
                if self.places - first < block + block / 2 { self.places } else { first + block };
            let mut summed = usize::MAX;
            for (at, panel) in panels.iter().enumerate() {
                // All panels of a group of channels see the same windows.
                if self.weights_zero != 0 && summed != panel.from {
                    sums.resize(behind - first, 0);
                    dispatch!(self.level, _s => self.correct(&data[panel.from..], first, sums));
                    summed = panel.from;
                }
                let end = panels.get(at + 1);
                let job = Job {
                    data,
                    offsets,
                    groups: *groups,
                    weights: &weights[panel.weights..end.map_or(weights.len(), |end| end.weights)],
                    steps: &steps[panel.steps..end.map_or(steps.len(), |end| end.steps)],
                    ends: self.ends,
                    channels: panel.channels,
                    line: self.line,
                };
                let tiles = (behind - first).div_ceil(most(panel.vectors));
                let (each, more) = ((behind - first) / tiles, (behind - first) % tiles);
                let (mut place, mut windows) = (first, self.windows.starts(first));
                for of in 0..tiles {
                    let places = each + usize::from(of < more);
                    let (mut starts, mut add) = ([0; 8], [0; 8]);
                    for (start, of) in starts.iter_mut().take(places).zip(&mut windows) {
                        *start = of + panel.from;
                    }
                    if self.weights_zero != 0 {
                        add[..places].copy_from_slice(&sums[place - first..][..places]);
                    }
                    let out = &mut out[place * self.line + panel.channel..];
                    tile(panel, places, &job, &starts, &add, out);
                    place += places;
                }
            }
            first = behind;
        }
    }

    /// What the sums of places lack, from the first on: the numbers of their windows, times the weights' zero.
    #[inline(always)]
    #[allow(clippy::inline_always)] // Is compiled for each instruction set.
    fn correct<T: Copy + Into<i32>>(&self, data: &[T], first: usize, sums: &mut [i32]) {
        for (to, start) in sums.iter_mut().zip(self.windows.starts(first)) {
            let mut sum = 0_i32;
            for offset in &self.windows.offsets {
                for x in &data[start + offset..][..self.windows.run] {
                    sum = sum.wrapping_add((*x).into());
                }
            }
            *to = sum.wrapping_mul(-self.weights_zero);
        }
    }
}

/// The sum of weights less their zero, and the sum of their amounts.
fn sums(weights: &[i8], zero: i32) -> (i64, i64) {
    // So few that sums of 32 bits hold them.
    weights.chunks(1 << 20).fold((0, 0), |(sum, amount), weights| {
        let of = weights.iter().fold((0_i32, 0_i32), |(sum, amount), weight| {
            let weight = i32::from(*weight) - zero;
            (sum + weight, amount + weight.abs())
        });
        (sum + i64::from(of.0), amount + i64::from(of.1))
    })
}

/// The numbers that stay near, and the least places of a block.
const NEAR: usize = 64 * 1024;
const LEAST: usize = 24;
