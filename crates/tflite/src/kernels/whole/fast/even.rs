//! What becomes of many sums that all go through the same step.

use fearless_simd::Level;

use super::steps::{Ends, Step};

/// How many sums are turned into numbers at a time.
pub(super) const MANY: usize = 256;

/// A step for all sums, made ready for an instruction set.
#[derive(Clone, Debug)]
pub(super) struct Even {
    level: Vectors,
    record: Vec<i32>,
    ends: Ends,
}

/// The instruction sets that have a kernel.
#[derive(Clone, Copy, Debug)]
enum Vectors {
    #[cfg(target_arch = "x86_64")]
    Avx512(fearless_simd::Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(fearless_simd::Avx2),
    #[cfg(target_arch = "aarch64")]
    Neon(fearless_simd::Neon),
}

impl Even {
    /// `None` if `level` has no kernel.
    pub(super) fn new(level: Level, step: Step, ends: Ends) -> Option<Self> {
        let (level, lanes, record, write) = vectors(level)?;
        let mut made = Self { level, record: vec![0; record], ends };
        write(&vec![step; lanes], &mut made.record);
        Some(made)
    }

    /// The numbers of as many sums. The sums' amounts are below 2^30.
    pub(super) fn run(&self, sums: &[i32; MANY], out: &mut [u8; MANY]) {
        match self.level {
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx512(s) => super::avx512::even(s, &self.record, self.ends, sums, out),
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx2(s) => super::avx2::even(s, &self.record, self.ends, sums, out),
            #[cfg(target_arch = "aarch64")]
            Vectors::Neon(s) => super::neon::even(s, &self.record, self.ends, sums, out),
        }
    }
}

/// The kernel of a level, its lanes, and how a step is written for it.
#[allow(clippy::type_complexity)] // Is taken apart at once.
fn vectors(level: Level) -> Option<(Vectors, usize, usize, fn(&[Step], &mut [i32]))> {
    #[cfg(target_arch = "x86_64")]
    if let Some(s) = level.as_avx512() {
        use super::avx512::{RECORD, write_steps};
        return Some((Vectors::Avx512(s), 16, RECORD, write_steps));
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(s) = level.as_avx2() {
        use super::avx2::{RECORD, write_steps};
        return Some((Vectors::Avx2(s), 8, RECORD, write_steps));
    }
    #[cfg(target_arch = "aarch64")]
    if let Some(s) = level.as_neon() {
        use super::neon::{RECORD, write_steps};
        return Some((Vectors::Neon(s), 4, RECORD, write_steps));
    }
    let _ = level;
    None
}
