//! Width and height.

use std::fmt;
use std::str::FromStr;

use super::Input;

/// The width and height of a network's input, in pixels: each from 1 to [`Input::MAX_SIDE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    width: u32,
    height: u32,
}

impl Size {
    /// A size, if both sides are within bounds.
    #[must_use]
    pub fn new(width: u32, height: u32) -> Option<Self> {
        let within = |side: u32| (1..=Input::MAX_SIDE).contains(&side);
        (within(width) && within(height)).then_some(Self { width, height })
    }

    /// In pixels.
    #[must_use]
    pub fn width(self) -> u32 {
        self.width
    }

    /// In pixels.
    #[must_use]
    pub fn height(self) -> u32 {
        self.height
    }

    /// The only size that a text names, as "224 x 224" in a sentence: none, if it names several.
    pub(super) fn named_in(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).collect();
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        // "224x224" in one word, or "224 x 224" in three.
        let mut named = words.iter().filter_map(|word| word.parse().ok()).collect::<Vec<Self>>();
        named.extend(words.windows(3).filter_map(|three| three.concat().parse::<Self>().ok()));
        named.retain(|size| size.width >= 8 && size.height >= 8);
        let only = *named.first()?;
        named.iter().all(|size| *size == only).then_some(only)
    }
}

impl FromStr for Size {
    type Err = ();

    /// `WxH`, as `224x192`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (width, height) = text.split_once(['x', 'X', '\u{d7}']).ok_or(())?;
        let side = |text: &str| text.parse::<u32>().map_err(|_| ());
        Self::new(side(width)?, side(height)?).ok_or(())
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_width_and_height() {
        let size: Size = "224x192".parse().unwrap();
        assert_eq!((size.width(), size.height(), size.to_string()), (224, 192, "224x192".into()));
        for none in ["", "224", "224x", "0x5", "224x4096", "-1x5", "224x224x3", "a x b"] {
            assert_eq!(none.parse::<Size>(), Err(()), "{none}");
        }
    }

    #[test]
    fn a_sentence_may_name_a_size() {
        let named = |text| Size::named_in(text).map(|size| size.to_string());
        let model_maker = "Input image to be classified. The expected image is 260 x 200, with three \
                           channels (red, blue, and green) per pixel.";
        assert_eq!(named(model_maker), Some("260x200".to_owned()));
        assert_eq!(named("A photo of (128x96) pixels"), Some("128x96".to_owned()));
        assert_eq!(named("RGB, 3 x 3 patches, 64 x 64"), Some("64x64".to_owned()));
        assert_eq!(named("224 x 224 or 192 x 192"), None);
        assert_eq!(named("a photo of any size"), None);
    }
}
