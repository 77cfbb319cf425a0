//! Loops over samples, compiled twice: for any processor, and for those with AVX2, picked when the
//! program runs. The loops are plain ones, of which a compiler makes instructions for several samples
//! at once; with AVX2 for twice as many, and with a multiplication that older ones do not have.

use fearless_simd::Level;
#[cfg(target_arch = "x86_64")]
use fearless_simd::Simd as _;

/// What there is for the loops of a file: found out once.
#[derive(Clone, Copy)]
pub(super) struct Wide(Level);

impl Wide {
    pub(super) fn new() -> Self {
        Self(Level::new())
    }

    /// Does some work. What it calls must be inlined into it, or is compiled for any processor.
    #[inline]
    pub(super) fn run<R>(self, work: impl FnOnce() -> R) -> R {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = self.0.as_avx2() {
            return avx2.vectorize(work);
        }
        let _ = self.0;
        work()
    }

    /// Without any of it, to compare with.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self(Level::baseline())
    }
}
