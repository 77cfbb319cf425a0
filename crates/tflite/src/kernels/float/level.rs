//! Instruction sets.

use fearless_simd::{Level, Simd, SimdBase, dispatch};

/// How many floats a vector of this level has.
pub(crate) fn lanes(level: Level) -> usize {
    #[inline(always)]
    fn of<S: Simd>(_: S) -> usize {
        S::f32s::LEN
    }
    dispatch!(level, s => of(s))
}

/// Whether vectors of `lanes` floats come with 32 registers, and not 16.
#[inline(always)]
pub(crate) const fn many_registers(lanes: usize) -> bool {
    lanes == 16 || cfg!(target_arch = "aarch64")
}

/// All levels that this machine has.
#[cfg(test)]
pub(crate) fn levels() -> Vec<Level> {
    let best = Level::new();
    let mut all = vec![best, Level::baseline()];
    #[cfg(target_arch = "x86_64")]
    {
        all.extend(best.as_avx2().map(Level::Avx2));
        all.extend(best.as_sse4_2().map(Level::Sse4_2));
    }
    all
}
