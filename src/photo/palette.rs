//! The colours that a PNG's pixels are indices of. There may be fewer than indices: browsers show
//! those beyond the last as the last, so the palette is filled up with it.

/// What is known of the palette so far.
#[derive(Default)]
pub(super) struct Palette {
    /// How many indices there are; none if pixels are no indices.
    room: usize,
    /// How many colours the file has.
    colours: Option<usize>,
    filled: bool,
    transparency: bool,
}

impl Palette {
    /// The one that a header asks for, by its bits a sample and its kind of pixels.
    pub(super) fn new(header: &[u8]) -> Self {
        let room = match (header.get(8), header.get(9)) {
            (Some(bits @ (1 | 2 | 4 | 8)), Some(3)) => 1 << bits,
            _ => 0,
        };
        Self { room, ..Self::default() }
    }

    /// Whether there is a palette, which pixels in colour may have, too.
    pub(super) fn is_there(&self) -> bool {
        self.colours.is_some()
    }

    /// Takes in the colours. What the decoder should see in their place, if it is not them.
    pub(super) fn colours(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        let (colours, rest) = payload.as_chunks::<3>();
        let is_first = self.colours.replace(colours.len()).is_none();
        let last = colours.last().filter(|_| is_first && self.room > 0)?;
        if colours.len() >= self.room && rest.is_empty() {
            return None;
        }
        self.filled = true;
        // A part of a colour is none.
        let mut all = colours.to_vec();
        all.resize(self.room, *last);
        Some(chunk(*b"PLTE", all.as_flattened()))
    }

    /// Whether there is transparency for colours that are not there.
    pub(super) fn lacks(&self, transparency: &[u8]) -> bool {
        self.room > 0 && self.colours.is_some_and(|colours| transparency.len() > colours)
    }

    /// Takes in the transparency. What the decoder should see in its place, if it is not it.
    pub(super) fn transparency(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        let is_first = !std::mem::replace(&mut self.transparency, true);
        // If the last colour has none, those that repeat it have none either.
        let covers = self.colours == Some(payload.len());
        let last = payload.last().filter(|_| is_first && self.filled && covers)?;
        let mut all = payload.to_vec();
        all.resize(self.room, *last);
        Some(chunk(*b"tRNS", &all))
    }
}

/// A chunk as files have it.
fn chunk(name: [u8; 4], payload: &[u8]) -> Vec<u8> {
    // At most 256 colours.
    let [.., high, low] = payload.len().to_be_bytes();
    let mut crc = flate2::Crc::new();
    crc.update(&name);
    crc.update(payload);
    [&[0, 0, high, low], &name[..], payload, &crc.sum().to_be_bytes()].concat()
}
