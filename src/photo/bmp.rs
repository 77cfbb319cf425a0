//! What of a bitmap its decoder does not see: a colour profile, and transparency that a header of the
//! later kinds announces beside plain pixels.

use super::pieces::Pieces;

/// Where the second header begins, and what stands in it.
const HEADER: usize = 14;
const BITS: usize = HEADER + 14;
const COMPRESSION: usize = HEADER + 16;
const MASKS: usize = HEADER + 40;
const SPACE: usize = HEADER + 56;
const PROFILE: usize = HEADER + 112;

/// The masks of plain pixels of 32 bits: red, green, blue and transparency.
const PLAIN: [u32; 4] = [0xFF_0000, 0xFF00, 0xFF, 0xFF00_0000];

/// The file as its decoder should see it.
///
/// The decoder takes plain pixels for opaque; browsers look at the mask of transparency, if a header
/// has one. So such pixels are said to be masked, by the masks that plain ones have.
pub(super) fn contents(bytes: &[u8]) -> Pieces<'_> {
    let plain = number(bytes, BITS).is_some_and(|bits| bits & 0xFFFF == 32)
        && number(bytes, COMPRESSION) == Some(0)
        && matches!(number(bytes, HEADER), Some(108 | 124))
        && number(bytes, MASKS + 12) == Some(PLAIN[3]);
    let parts = bytes.split_at_checked(COMPRESSION).zip(bytes.get(MASKS + 16..));
    match parts {
        Some(((start, _), rest)) if plain => {
            let masks = PLAIN.map(u32::to_le_bytes).concat();
            let sizes = &bytes[COMPRESSION + 4..MASKS];
            let middle = [&3_u32.to_le_bytes()[..], sizes, &masks].concat();
            Pieces::new(vec![start.into(), middle.into(), rest.into()])
        }
        _ => Pieces::new(vec![bytes.into()]),
    }
}

/// The colour profile that the last kind of header may announce.
pub(super) fn profile(bytes: &[u8]) -> Option<&[u8]> {
    // "MBED", embedded, as a number.
    let embedded = bytes.get(SPACE..SPACE + 4) == Some(b"DEBM");
    if number(bytes, HEADER) != Some(124) || !embedded {
        return None;
    }
    let place = |at| usize::try_from(number(bytes, at)?).ok();
    let start = place(PROFILE)?.checked_add(HEADER)?;
    bytes.get(start..start.checked_add(place(PROFILE + 4)?)?)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}
