//! Inks to sRGB, by the ICC profile of a printer.
//!
//! Nobody agrees on them. Firefox ignores such a profile; print shops and `LittleCMS` look up all four
//! inks; Chromium lays black ink on the others first, as if there were no profile, and then looks up
//! what is left as cyan, magenta and yellow. Here it is done as in Chromium, which is what most people
//! see: dark places are lighter than in print.
//!
//! Bounds. Tables of 17 x 17 x 17 x 17 colours are made of the profile; pixels are converted in
//! place, a few thousand at a time.

use std::sync::Arc;

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor};

use super::colour;

/// What making a profile of inks of so many bytes takes: beside what any does, three tables of
/// 17 x 17 x 17 x 17 entries, of four numbers at most.
pub(super) fn memory(profile: usize) -> u64 {
    match colour::memory(profile) {
        0 => 0,
        bytes => bytes + (6 << 20),
    }
}

/// How inks become sRGB.
pub(super) struct Inks(Arc<dyn TransformExecutor<u8> + Send + Sync>);

impl Inks {
    /// The profile in the bytes. None if it is broken, or not one of four inks.
    pub(super) fn from_icc(icc: &[u8]) -> Option<Self> {
        if icc.is_empty() || icc.len() > colour::MAX_PROFILE {
            return None;
        }
        colour::sound(|| {
            let profile = ColorProfile::new_from_slice(icc).ok()?;
            if profile.color_space != DataColorSpace::Cmyk {
                return None;
            }
            // Four bytes a pixel have one name, whatever they are.
            Some(Self(colour::transform(&profile, Layout::Rgba, Layout::Rgb)?))
        })
    }

    /// Pixels in RGB form, as the inks leave them of the light, to those of sRGB. None if the
    /// profile's tables fail.
    pub(super) fn apply(&self, rgb: &mut [u8]) -> Option<()> {
        const MANY: usize = 4096;

        let mut inks = Vec::with_capacity(MANY * 4);
        for part in rgb.chunks_mut(MANY * 3) {
            inks.clear();
            for [red, green, blue] in part.as_chunks::<3>().0 {
                // Black has its effect already.
                inks.extend([255 - red, 255 - green, 255 - blue, 0]);
            }
            self.0.transform(&inks, part).ok()?;
        }
        Some(())
    }
}
