//! A shelf in memory whose shards are read as the table's server answers queries.

use proptest::prelude::*;

use super::*;

/// A row: its shard, when it was added, its number, and when it went.
#[derive(Debug, Clone)]
struct Row {
    shard: u16,
    added: u8,
    number: u32,
}

impl Row {
    fn added_at(&self) -> String {
        format!("{:03}", self.added)
    }

    fn image(&self) -> String {
        format!("shop/{}", self.number)
    }

    /// The order of all; within a shard, rows of the same time stand in an order that only the index
    /// knows.
    fn rank(&self) -> (Reverse<u8>, u16, u32) {
        (Reverse(self.added), self.shard, index_order(&self.image()))
    }
}

fn index_order(image: &str) -> u32 {
    image.bytes().fold(7, |hash: u32, byte| hash.wrapping_mul(31) ^ u32::from(byte))
}

/// What the server gives of a shard: at most `limit` rows, or fewer if it cuts the page, which it may
/// also say after the last row.
fn query(rows: &[Row], shard: u16, start: Start, limit: u16, cut: u8) -> Part<u32> {
    let mut rows: Vec<&Row> = rows.iter().filter(|row| row.shard == shard).collect();
    rows.sort_by_key(|row| row.rank());
    rows.retain(|row| match start {
        Start::Newest => true,
        Start::Before(time) => row.added_at().as_str() < time,
        Start::UpTo(time) => row.added_at().as_str() <= time,
        Start::After(cursor) => {
            let after = |added_at: String, image: &str| (Reverse(added_at), index_order(image));
            let here = after(row.added_at(), &row.image());
            here > after(cursor.added_at().to_owned(), cursor.image())
        }
    });
    let most = usize::from(if cut.is_multiple_of(4) { limit.div_ceil(2) } else { limit });
    let there = rows.len();
    rows.truncate(most);
    let is_cut = there > rows.len() || cut.is_multiple_of(3);
    let place = |row: &Row| Place { added_at: row.added_at(), image: row.image() };
    let cut = rows.last().filter(|_| is_cut).map(|row| place(row));
    Part { items: rows.iter().map(|row| (place(row), row.number)).collect(), cut }
}

/// One page: the numbers of its rows, and where the next one begins.
fn page(
    rows: &[Row],
    shards: u16,
    cursor: Option<&Cursor>,
    limit: u16,
    cuts: &mut impl Iterator<Item = u8>,
) -> (Vec<u32>, Option<Cursor>) {
    let share = share(limit, shards);
    let part =
        |shard| query(rows, shard, Start::of(shard, cursor), share, cuts.next().unwrap_or(1));
    let parts = (0..shards).map(part).collect();
    let mut page = Vec::new();
    let next = merge(parts, limit, |number| {
        page.push(number);
        true
    });
    let shelf = "hat".parse().unwrap();
    let next = next.map(|(shard, place)| {
        let cursor = Cursor::after(&shelf, &place.added_at, &place.image).in_shard(shard);
        // As it comes back from a website.
        cursor.to_string().parse().unwrap()
    });
    (page, next)
}

/// Rows of few times, so that many are of the same.
fn rows(shards: u16, first: u32, most: usize) -> impl Strategy<Value = Vec<Row>> {
    proptest::collection::vec((0..shards, 0..6_u8), 0..=most).prop_map(move |rows| {
        (first..).zip(rows).map(|(number, (shard, added))| Row { shard, added, number }).collect()
    })
}

/// What a case is made of: the number of shards, rows that are there, rows that come between pages,
/// which rows go between pages, the pages' limits, and what the server cuts.
type Case = (u16, Vec<Row>, Vec<Row>, Vec<u8>, Vec<u16>, Vec<u8>);

fn case() -> impl Strategy<Value = Case> {
    prop_oneof![Just(1_u16), Just(2), Just(8)].prop_flat_map(|shards| {
        (
            Just(shards),
            rows(shards, 0, 60),
            rows(shards, 1000, 20),
            proptest::collection::vec(any::<u8>(), 1..20),
            proptest::collection::vec(1..12_u16, 1..10),
            proptest::collection::vec(any::<u8>(), 1..50),
        )
    })
}

proptest! {
    #[test]
    fn pages_give_each_row_that_stays_once_and_in_order(
        (shards, there, come, go, limits, cuts) in case()
    ) {
        let mut now = there.clone();
        let (mut come, mut go) = (come.into_iter(), go.into_iter());
        let (mut limits, mut cuts) = (limits.into_iter().cycle(), cuts.into_iter().cycle());
        let (mut gone, mut read, mut cursor) = (Vec::new(), Vec::new(), None);
        for turn in 0.. {
            prop_assert!(turn < 1000, "no end");
            let limit = limits.next().unwrap();
            let (page, next) = page(&now, shards, cursor.as_ref(), limit, &mut cuts);
            prop_assert!(page.len() <= usize::from(limit));
            // A page that is not the last brings one on.
            prop_assert!(!page.is_empty() || next.is_none());
            read.extend(page);
            if next.is_none() {
                break;
            }
            cursor = next;
            now.extend(come.next());
            if let Some(number) = go.next().filter(|_| !now.is_empty()) {
                gone.push(now.remove(usize::from(number) % now.len()).number);
            }
        }
        let mut stay: Vec<&Row> = there.iter().filter(|row| !gone.contains(&row.number)).collect();
        stay.sort_by_key(|row| row.rank());
        let stay: Vec<u32> = stay.into_iter().map(|row| row.number).collect();
        let stayed: Vec<u32> = read.iter().copied().filter(|row| stay.contains(row)).collect();
        prop_assert_eq!(stayed, stay);
        let mut once = read.clone();
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(once.len(), read.len(), "a row came twice: {:?}", read);
    }
}

#[test]
fn what_is_behind_a_cut_is_waited_for() {
    let place =
        |added_at: &str| Place { added_at: added_at.to_owned(), image: "shop/a".to_owned() };
    let part = |times: &[&str], cut: Option<&str>| Part {
        items: times.iter().map(|time| (place(time), (*time).to_owned())).collect(),
        cut: cut.map(place),
    };
    let merged = |parts, limit| {
        let mut taken = Vec::new();
        let next = merge(parts, limit, |time| {
            taken.push(time);
            true
        });
        (taken.join(" "), next)
    };
    // The first shard may have more rows of 7, and of any time before.
    let parts = || vec![part(&["9", "7"], Some("7")), part(&["8", "7", "6"], None)];
    assert_eq!(merged(parts(), 9), ("9 8 7".to_owned(), Some((0, place("7")))));
    assert_eq!(merged(parts(), 2), ("9 8".to_owned(), Some((1, place("8")))));
    // The second has more rows of 7 at most: those of the first that are as old come before them.
    let parts = || vec![part(&["9", "7", "6"], None), part(&["8", "7"], Some("7"))];
    assert_eq!(merged(parts(), 9), ("9 8 7 7".to_owned(), Some((1, place("7")))));
    // A server that gives nothing and says that there is more is asked again from there.
    assert_eq!(
        merged(vec![part(&[], Some("5")), part(&["6", "4"], None)], 9).1,
        Some((0, place("5")))
    );
    // A page that is full just where all ends is the last.
    let parts = || vec![part(&["9"], None), part(&["8"], None)];
    assert_eq!(merged(parts(), 2), ("9 8".to_owned(), None));
}

#[test]
fn what_does_not_count_leaves_room() {
    let place =
        |added_at: &str| Place { added_at: added_at.to_owned(), image: "shop/a".to_owned() };
    let items = ["9", "8", "7", "6"].map(|time| (place(time), time));
    let mut taken = Vec::new();
    let next = merge(vec![Part { items: items.into(), cut: None }], 2, |time| {
        taken.push(time);
        time != "8"
    });
    assert_eq!((taken, next), (vec!["9", "8", "7"], Some((0, place("7")))));
}

#[test]
fn queries_ask_for_twice_their_part() {
    let shares = [(100, 1), (100, 2), (100, 8), (1, 8), (3, 32), (65535, 1), (65535, 3)];
    let shares = shares.map(|(limit, shards)| share(limit, shards));
    assert_eq!(shares, [100, 100, 27, 1, 3, 65535, 43692]);
}
