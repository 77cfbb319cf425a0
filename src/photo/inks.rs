//! Four inks to sRGB, by the ICC profile of a printer.
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
            let srgb = ColorProfile::new_srgb();
            // Four bytes a pixel have one name, whatever they are.
            let transform =
                profile.create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgb, colour::options());
            Some(Self(transform.ok()?))
        })
    }

    /// Pixels of four inks, each as the amount that is printed, to those of sRGB. None if the
    /// profile's tables fail.
    pub(super) fn rgb(&self, mut pixels: Vec<u8>) -> Option<Vec<u8>> {
        const MANY: usize = 4096;

        let count = pixels.len() / 4;
        let mut inks = Vec::with_capacity(MANY * 4);
        for start in (0..count).step_by(MANY) {
            let end = count.min(start + MANY);
            inks.clear();
            inks.extend_from_slice(&pixels[start * 4..end * 4]);
            // Never beyond the inks that are already copied.
            self.0.transform(&inks, &mut pixels[start * 3..end * 3]).ok()?;
        }
        pixels.truncate(count * 3);
        Some(pixels)
    }
}
