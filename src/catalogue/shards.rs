//! A shelf that is spread over several partitions of the index.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest, Sha256};

/// Over how many partitions of the index each shelf is spread: 1 to [`Shards::MOST`].
///
/// A shelf is one partition of `by-shelf`, and a partition takes about 1,000 writes of a row a second;
/// what is more is throttled, in the table too (Amazon `DynamoDB` developer guide, "Best practices for
/// designing and using partition keys effectively in `DynamoDB`" and "Using write sharding to
/// distribute workloads evenly in your `DynamoDB` table"). Over `n` partitions it takes `n` times as
/// many, and a page takes `n` queries at the same time.
///
/// In the table, the shelf of a row in shard 0 is the shelf's name, as it is where nothing is spread.
/// In another shard a U+001F and the shard's number follow it, which no label can hold. Whatever reads
/// rows takes them off again: they are nowhere else. The shard follows from a hash of the row's key, so
/// that a row stays where it is when it is written anew.
///
/// The number only grows. A reader must look into all shards that are written to, so when it is raised,
/// the readers come first, and then the writers. Rows that were written before stay where they are, and
/// are found there. It may only be lowered once all rows have been written anew with the lower number,
/// and the readers come last then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shards(NonZeroU16);

/// A text that is no number of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number from 1 to {most}", most = Shards::MOST)]
pub struct ShardsError;

/// What stands between a shelf's name and the number of the shard.
const MARK: char = '\u{1f}';

impl Shards {
    /// The most there may be.
    pub const MOST: u16 = 32;

    /// How many.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0.get()
    }

    /// The shard of a row, by its key.
    fn of(self, image: &str) -> u16 {
        let hash = Sha256::digest(image);
        let number = hash.iter().take(4).fold(0, |number, byte| (number << 8) | u32::from(*byte));
        u16::try_from(number % u32::from(self.get())).unwrap_or_default()
    }

    /// A row's shelf as the table has it.
    pub(super) fn spread(self, shelf: &str, image: &str) -> AttributeValue {
        in_shard(shelf, self.of(image))
    }
}

/// The partition of a shelf's shard.
pub(super) fn in_shard(shelf: &str, shard: u16) -> AttributeValue {
    AttributeValue::S(match shard {
        0 => shelf.to_owned(),
        shard => format!("{shelf}{MARK}{shard}"),
    })
}

/// Takes the shard's number off the shelf of an item, if there is one.
pub(super) fn gather(item: &mut HashMap<String, AttributeValue>) {
    let Some(AttributeValue::S(shelf)) = item.get_mut("shelf") else { return };
    let end = shelf.split_once(MARK).and_then(|(name, number)| {
        let shard: u16 = number.parse().ok()?;
        // As it is written, and in no other way.
        (shard.to_string() == number && (1..Shards::MOST).contains(&shard)).then_some(name.len())
    });
    if let Some(end) = end {
        shelf.truncate(end);
    }
}

impl Default for Shards {
    fn default() -> Self {
        Self(NonZeroU16::MIN)
    }
}

impl fmt::Display for Shards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Shards {
    type Err = ShardsError;

    fn from_str(text: &str) -> Result<Self, ShardsError> {
        let number: NonZeroU16 = text.parse().map_err(|_| ShardsError)?;
        if number.get() <= Self::MOST { Ok(Self(number)) } else { Err(ShardsError) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn shards(number: u16) -> Shards {
        number.to_string().parse().unwrap()
    }

    fn gathered(shelf: AttributeValue) -> String {
        let mut item = HashMap::from([("shelf".to_owned(), shelf)]);
        gather(&mut item);
        item["shelf"].as_s().unwrap().clone()
    }

    #[test]
    fn there_are_1_to_32() {
        for text in ["1", "8", "32"] {
            assert_eq!(text.parse::<Shards>().unwrap().to_string(), text);
        }
        for text in ["0", "33", "", "-1", "1.0", "two", "99999"] {
            assert_eq!(text.parse::<Shards>(), Err(ShardsError), "{text}");
        }
        assert_eq!(Shards::default().get(), 1);
    }

    #[test]
    fn the_form_in_the_table_stays() {
        let spread = |number: u16| shards(number).spread("hat", "shop/a.jpg");
        let text = |text: &str| AttributeValue::S(text.to_owned());
        assert_eq!(spread(1), text("hat"));
        assert_eq!([spread(8), spread(32)], [text("hat\u{1f}3"), text("hat\u{1f}19")]);
    }

    #[test]
    fn rows_are_spread_evenly() {
        let mut rows: BTreeMap<u16, u32> = BTreeMap::new();
        for row in 0..3200 {
            *rows.entry(shards(32).of(&format!("shop/{row}.jpg"))).or_default() += 1;
        }
        assert_eq!(rows.len(), 32);
        assert!(rows.values().all(|rows| (60..140).contains(rows)), "{rows:?}");
    }

    proptest! {
        #[test]
        fn what_is_spread_is_gathered_again(
            shelf in "[^\\pC]{1,50}", image in "\\PC{1,50}", number in 1..=32_u16,
        ) {
            prop_assert_eq!(gathered(shards(number).spread(&shelf, &image)), shelf);
        }
    }

    #[test]
    fn what_looks_like_a_shard_and_is_none_stays() {
        for shelf in [
            "hat\u{1f}",
            "hat\u{1f}0",
            "hat\u{1f}01",
            "hat\u{1f}32",
            "hat\u{1f}+1",
            "a\u{1f}1\u{1f}1",
        ] {
            assert_eq!(gathered(AttributeValue::S(shelf.to_owned())), shelf);
        }
        let mut without = HashMap::new();
        gather(&mut without);
        assert!(without.is_empty());
    }
}
