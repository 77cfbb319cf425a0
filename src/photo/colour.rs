//! Colours of other spaces to sRGB, as browsers do it: by the ICC profile, or by the few numbers
//! that PNG and AVIF may have instead. A profile that is broken, or of another kind of pixels, is
//! ignored, which is what browsers do, too. Inks have a way of their own (`inks`).
//!
//! Bounds. A profile has at most [`MAX_PROFILE`] bytes and is tables of numbers: parsing it, and the
//! tables that are made of it, take a few times as many. Pixels are converted in place, a few
//! thousand at a time.

use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorPrimaries, ColorProfile, DataColorSpace,
    Layout, MatrixCoefficients, RenderingIntent, ToneReprCurve, TransferCharacteristics,
    TransformExecutor, TransformOptions,
};

/// The most bytes of a profile that is read. Those of printers have a megabyte or two.
pub(super) const MAX_PROFILE: usize = 4 << 20;

/// Gammas that leave something to see.
pub(super) const GAMMAS: RangeInclusive<f32> = 0.01..=100.0;

/// What reading a profile of so many bytes takes of memory: itself, perhaps twice; six tables of
/// colours, which may all be the same bytes, as numbers of four; and tables of 33 x 33 x 33 colours.
pub(super) fn memory(profile: usize) -> u64 {
    if profile == 0 || profile > MAX_PROFILE { 0 } else { profile as u64 * 32 + (2 << 20) }
}

/// Whether bytes are a profile at all, of whatever kind: what is none does not count.
pub(super) fn is_profile(icc: &[u8]) -> bool {
    icc.len() >= 128 && icc.get(36..40) == Some(b"acsp")
}

/// How pixels become sRGB.
pub(super) struct Profile(Kind);

enum Kind {
    Rgb([Arc<dyn TransformExecutor<u8> + Send + Sync>; 2]),
    Grey(Box<[[u8; 3]; 256]>),
}

/// How the curve of video (BT.709 and its like) is shown: browsers differ by the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Video {
    /// As sRGB: an AVIF's.
    Srgb,
    /// By the gamma of a television (BT.1886): a PNG's.
    Gamma,
}

const VIDEO_GAMMA: f32 = 2.4;

/// Colours that go beyond what a screen of sRGB can show.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hdr;

impl Profile {
    /// The profile in the bytes. None if there is nothing to do.
    pub(super) fn from_icc(icc: &[u8]) -> Option<Self> {
        if icc.is_empty() || icc.len() > MAX_PROFILE {
            return None;
        }
        sound(|| {
            let profile = ColorProfile::new_from_slice(icc).ok()?;
            match profile.color_space {
                DataColorSpace::Rgb => Self::of_rgb(&profile),
                DataColorSpace::Gray => Self::of_grey(&profile),
                _ => None,
            }
        })
    }

    /// The profile of code points (ITU-T H.273). None if there is nothing to do, or they are not
    /// known.
    pub(super) fn from_code_points(
        primaries: u8,
        transfer: u8,
        video: Video,
    ) -> Result<Option<Self>, Hdr> {
        // Perceptual quantiser, and hybrid log-gamma.
        if matches!(transfer, 16 | 18) {
            return Err(Hdr);
        }
        // A number without a meaning: sRGB, too, but in a PNG, where such points say nothing.
        let senseless = video == Video::Srgb && transfer > 18;
        let transfer = if senseless { 13 } else { transfer };
        let gamma = video == Video::Gamma && matches!(transfer, 1 | 6 | 14 | 15);
        let transfer = if matches!(transfer, 1 | 2 | 6 | 14 | 15) { 13 } else { transfer };
        if !gamma && matches!(primaries, 1 | 2) && transfer == 13 {
            return Ok(None);
        }
        let primaries = if primaries == 2 { 1 } else { primaries };
        Ok(sound(|| {
            let mut profile = ColorProfile::new_from_cicp(CicpProfile {
                color_primaries: CicpColorPrimaries::try_from(primaries).ok()?,
                transfer_characteristics: TransferCharacteristics::try_from(transfer).ok()?,
                matrix_coefficients: MatrixCoefficients::Identity,
                full_range: true,
            });
            // Nothing was set for points that are not known.
            profile.red_trc.as_ref()?;
            if gamma {
                profile.cicp = None;
                set_curve(&mut profile, VIDEO_GAMMA);
            }
            Self::of_rgb(&profile)
        }))
    }

    /// The profile of a gamma (as light is encoded: 0.45) and the chromaticities of white, red, green
    /// and blue; what is not known is that of sRGB.
    pub(super) fn from_gamma(
        gamma: Option<f32>,
        chromaticities: Option<[[f32; 2]; 4]>,
    ) -> Option<Self> {
        let gamma = gamma.filter(|gamma| GAMMAS.contains(gamma));
        // As in browsers, chromaticities alone say nothing.
        let gamma = gamma?;
        sound(|| {
            let mut profile = ColorProfile::new_srgb();
            profile.cicp = None;
            if let Some([white, red, green, blue]) = chromaticities {
                let point = |[x, y]: [f32; 2]| Chromaticity::new(x, y);
                if [white, red, green, blue].iter().any(|[x, y]| x + y > 1.0 || *y < 1e-3) {
                    return None;
                }
                let primaries =
                    ColorPrimaries { red: point(red), green: point(green), blue: point(blue) };
                profile.update_rgb_colorimetry(point(white).to_xyyb(), primaries);
            }
            set_curve(&mut profile, 1.0 / gamma);
            Self::of_rgb(&profile)
        })
    }

    fn of_rgb(profile: &ColorProfile) -> Option<Self> {
        let make = |layout| transform(profile, layout, layout);
        let this = Self(Kind::Rgb([make(Layout::Rgb)?, make(Layout::Rgba)?]));
        // Most profiles are that of sRGB.
        let steps = [0, 24, 64, 96, 128, 170, 212, 255];
        let mut probe = Vec::new();
        for red in steps {
            for green in steps {
                probe.extend(steps.iter().flat_map(|blue| [red, green, *blue]));
            }
        }
        let mut shown = probe.clone();
        this.rgb(&mut shown);
        let same = probe.iter().zip(&shown).all(|(one, other)| one.abs_diff(*other) <= 1);
        (!same).then_some(this)
    }

    fn of_grey(profile: &ColorProfile) -> Option<Self> {
        let transform = transform(profile, Layout::Gray, Layout::Rgb)?;
        let levels: Vec<u8> = (0..=255).collect();
        let mut shown = vec![0; 256 * 3];
        transform.transform(&levels, &mut shown).ok()?;
        let mut table = Box::new([[0; 3]; 256]);
        table.copy_from_slice(shown.as_chunks().0);
        Some(Self(Kind::Grey(table)))
    }

    /// Pixels in RGB form to sRGB, if the profile is one of such pixels: grey ones, or colours.
    pub(super) fn apply(&self, rgb: &mut [u8], is_grey: bool) {
        match &self.0 {
            Kind::Rgb(_) => self.rgb(rgb),
            Kind::Grey(_) if is_grey => self.grey_pixels(rgb),
            Kind::Grey(_) => {}
        }
    }

    /// RGB pixels to sRGB.
    pub(super) fn rgb(&self, pixels: &mut [u8]) {
        if let Kind::Rgb([transform, _]) = &self.0 {
            convert::<3>(&**transform, pixels);
        }
    }

    /// The same with transparency, which stays.
    pub(super) fn rgba(&self, pixels: &mut [u8]) {
        if let Kind::Rgb([_, transform]) = &self.0 {
            convert::<4>(&**transform, pixels);
        }
    }

    /// Grey pixels, in RGB form, to sRGB.
    pub(super) fn grey_pixels(&self, rgb: &mut [u8]) {
        let grey = self.grey();
        for pixel in rgb.as_chunks_mut::<3>().0 {
            *pixel = grey[usize::from(pixel[0])];
        }
    }

    /// What each level of grey becomes.
    pub(super) fn grey(&self) -> Box<[[u8; 3]; 256]> {
        match &self.0 {
            Kind::Grey(table) => table.clone(),
            Kind::Rgb(_) => {
                let mut levels: Vec<u8> = (0..=255).flat_map(|level| [level; 3]).collect();
                self.rgb(&mut levels);
                let mut table = Box::new([[0; 3]; 256]);
                table.copy_from_slice(levels.as_chunks().0);
                table
            }
        }
    }
}

/// Gives all channels the same curve.
fn set_curve(profile: &mut ColorProfile, gamma: f32) {
    let curve = ToneReprCurve::Parametric(vec![gamma]);
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
}

/// What is done to pixels, as browsers do it: by the table that is meant for photos, else by the one
/// for measured colours.
pub(super) fn transform(
    profile: &ColorProfile,
    from: Layout,
    to: Layout,
) -> Option<Arc<dyn TransformExecutor<u8> + Send + Sync>> {
    let srgb = ColorProfile::new_srgb();
    [RenderingIntent::Perceptual, RenderingIntent::RelativeColorimetric].into_iter().find_map(
        |rendering_intent| {
            let options = TransformOptions {
                rendering_intent,
                allow_use_cicp_transfer: false,
                ..TransformOptions::default()
            };
            profile.create_transform_8bit(from, &srgb, to, options).ok()
        },
    )
}

/// Converts in place, by way of a small copy.
fn convert<const N: usize>(transform: &dyn TransformExecutor<u8>, pixels: &mut [u8]) {
    let mut before = Vec::with_capacity(4096 * N);
    for part in pixels.chunks_mut(4096 * N) {
        before.clear();
        before.extend_from_slice(part);
        if transform.transform(&before, part).is_err() {
            part.copy_from_slice(&before);
        }
    }
}

/// What is made of a profile, if nothing panics over it: it is ignored then, like a broken one.
pub(super) fn sound<T>(make: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(make)).ok().flatten()
}
