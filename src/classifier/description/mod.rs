//! What a network cannot say about itself.

use std::fmt::Write as _;
use std::str::FromStr;
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::label::Label;
use crate::photo::{Filter, View};

/// A model's description: what its user says, else what the TOML file beside it says, else what the
/// model file itself says.
///
/// Every value is checked, so that whoever holds one need not check again.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// What people call the model.
    pub name: String,
    /// Where it comes from: data, training, licence. For people only.
    pub source: String,
    /// One for each output of the network, in its order: distinct, at least two.
    pub labels: Arc<[Label]>,
    /// A photo whose top label has a lower confidence goes to review; from 0 to 1.
    pub review_below: f32,
    /// What the network's numbers are.
    pub output: Output,
    /// Logits are divided by it before the softmax; finite and greater than 0, and 1 unless calibrated.
    pub temperature: f32,
    /// Which of several outputs has the scores, counted from 0; none, if there is only one.
    pub number: Option<usize>,
    /// How a photo becomes the network's input.
    pub input: Input,
}

/// What the numbers are that come out of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Output {
    /// Any numbers, of which a softmax makes probabilities.
    Logits,
    /// Probabilities already.
    Probabilities,
}

/// How a photo becomes a tensor of shape 1 × height × width × 3 (red, green, blue), or × 1 (grey).
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// In pixels, 1 to [`Input::MAX_SIDE`].
    pub width: u32,
    /// In pixels, 1 to [`Input::MAX_SIDE`].
    pub height: u32,
    /// How a photo of another shape is made to fit.
    pub resize: Resize,
    /// How pixels are computed from their neighbours.
    pub filter: Filter,
    /// In which order the network takes colours.
    pub colours: Colours,
    /// For red, green and blue, whatever their order (for grey, the first). A value `v` from 0 to 255 becomes
    /// `(v - mean) / std`.
    pub mean: [f32; 3],
    /// For red, green and blue; greater than 0.
    pub std: [f32; 3],
}

/// In which order a network takes colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colours {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red, as `OpenCV` and Caffe have them.
    Bgr,
}

impl Colours {
    /// Its name in settings and descriptions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rgb => "rgb",
            Self::Bgr => "bgr",
        }
    }
}

impl FromStr for Colours {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Rgb, Self::Bgr].into_iter().find(|colours| colours.name() == text).ok_or(())
    }
}

/// How a photo is made to fit the network's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resize {
    /// The whole photo, its sides scaled each for itself.
    Squash,
}

impl Input {
    /// The widest and highest input that a network may have, in pixels.
    pub const MAX_SIDE: u32 = lookbook_tflite::MAX_SIDE;

    /// How photos are looked at.
    #[must_use]
    pub fn view(&self) -> View {
        View { width: self.width, height: self.height, filter: self.filter }
    }
}

impl Description {
    /// The threshold for review of a model that says none.
    pub const REVIEW_BELOW: f32 = 0.5;

    /// All that can change scores or a shelf, as text, always in the same form.
    ///
    /// Comments, layout, [`name`](Self::name) and [`source`](Self::source) are not in it.
    #[must_use]
    pub fn canonical(&self) -> String {
        let Self { name: _, source: _, labels, review_below, output, temperature, number, input } =
            self;
        let Input { width, height, resize, filter, colours, mean, std } = input;
        let mut text = format!(
            "review_below={review_below:?}\noutput={output:?}\ntemperature={temperature:?}\n\
             input={width}x{height} {resize:?} {filter:?} mean={mean:?} std={std:?}\n"
        );
        // Writing to a `String` cannot fail; a label has no line break in it. What most models have not
        // is not in their text, so that their recipes stay.
        if *colours != Colours::Rgb {
            let _ = writeln!(text, "colours={}", colours.name());
        }
        if let Some(number) = number {
            let _ = writeln!(text, "number={number}");
        }
        for label in labels.iter() {
            let _ = writeln!(text, "label={label}");
        }
        text
    }

    /// The SHA-256 of the [canonical text](Self::canonical).
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.canonical()).into()
    }
}

#[cfg(test)]
mod tests;
