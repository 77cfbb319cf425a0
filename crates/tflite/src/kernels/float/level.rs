//! Instruction sets.

use fearless_simd::{Level, Simd, SimdBase};

/// Runs an expression with the instruction set of a level: as `fearless_simd::dispatch`, but without code
/// for SSE4.2, which has nothing that SSE2 lacks for floats of 32 bits.
macro_rules! dispatch {
    ($level:expr, $s:ident => $run:expr) => {{
        use fearless_simd::Simd as _;
        let level: fearless_simd::Level = $level;
        #[cfg(target_arch = "x86_64")]
        if let Some($s) = level.as_avx512() {
            $s.vectorize(
                #[inline(always)]
                || $run,
            )
        } else if let Some($s) = level.as_avx2() {
            $s.vectorize(
                #[inline(always)]
                || $run,
            )
        } else if let Some($s) = fearless_simd::Level::baseline().as_sse2() {
            $s.vectorize(
                #[inline(always)]
                || $run,
            )
        } else {
            unreachable!("x86-64 without SSE2")
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            fearless_simd::dispatch!(level, $s => $run)
        }
    }};
}
pub(super) use dispatch;

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
    #[cfg(target_arch = "x86_64")]
    let more = best.as_avx2().map(Level::Avx2);
    #[cfg(not(target_arch = "x86_64"))]
    let more = None;
    [best, Level::baseline()].into_iter().chain(more).collect()
}
