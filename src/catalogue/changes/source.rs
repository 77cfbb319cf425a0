//! What is asked of a stream, whoever answers.

use super::{Changed, ChangesError};

/// A stream, by its two names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// What requests name it by.
    pub arn: String,
    /// What no other stream of the table has.
    pub label: String,
}

/// The shards of a stream, those that are closed too, as long as it keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Whether what is written to the table still goes there.
    pub is_on: bool,
    /// In no order.
    pub shards: Vec<Shard>,
}

/// A shard of a stream: one partition of the table, for some hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shard {
    pub id: String,
    /// The shard that was closed when this one was opened.
    pub parent: Option<String>,
}

/// Where an iterator begins in its shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin<'a> {
    /// With the first record that is kept.
    First,
    /// Just after that sequence number.
    After(&'a str),
    /// After all that is there now.
    Last,
}

/// What follows an iterator.
#[derive(Debug)]
pub(super) struct Batch {
    pub entries: Vec<Entry>,
    /// The iterator that goes on; none if the shard is closed and has been read to its end.
    pub next: Option<String>,
}

/// A record of a stream.
#[derive(Debug)]
pub(super) struct Entry {
    /// The number of the record in its shard.
    pub sequence: String,
    /// When it was written: seconds since the epoch.
    pub created: i64,
    /// What it says; none if it is of no photo.
    pub change: Option<Changed>,
}

/// Why no batch was read.
#[derive(Debug)]
pub(super) enum Unread {
    /// The iterator is too old, or none of this stream's.
    Stale,
    /// What it asks for may be gone.
    Failed(ChangesError),
}

/// A table's stream. Each call is one bounded request, but for [`shards`](Self::shards).
pub(super) trait Source: Send + Sync {
    /// The stream that the table has now.
    fn name(&self) -> impl Future<Output = Result<Named, ChangesError>> + Send;

    /// All shards of the stream: a request for each 100, and ten at most.
    fn shards(&self, arn: &str) -> impl Future<Output = Result<Listed, ChangesError>> + Send;

    /// An iterator of a shard.
    fn iterator(
        &self,
        arn: &str,
        shard: &str,
        begin: Begin<'_>,
    ) -> impl Future<Output = Result<String, ChangesError>> + Send;

    /// Up to `limit` records after an iterator. There may be none although more follow.
    fn records(
        &self,
        iterator: &str,
        limit: u16,
    ) -> impl Future<Output = Result<Batch, Unread>> + Send;
}

/// What follows a shard that has been read to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// These shards.
    Children(Vec<&'a str>),
    /// Nothing that is listed yet.
    NotYet,
    /// It cannot be told.
    Lost,
}

impl Listed {
    /// The shards that no other follows: those that are written to, and those that were closed just
    /// now.
    pub fn ends(&self) -> impl Iterator<Item = &str> {
        let has_child =
            |id: &str| self.shards.iter().any(|shard| shard.parent.as_deref() == Some(id));
        self.shards.iter().map(|shard| shard.id.as_str()).filter(move |id| !has_child(id))
    }

    /// What follows a shard that has been read to its end.
    pub fn after(&self, id: &str) -> Next<'_> {
        let children = self.shards.iter().filter(|shard| shard.parent.as_deref() == Some(id));
        let children: Vec<&str> = children.map(|shard| shard.id.as_str()).collect();
        match children.is_empty() {
            false => Next::Children(children),
            true if self.is_on && self.shards.iter().any(|shard| shard.id == id) => Next::NotYet,
            true => Next::Lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_follow_their_parents() {
        let shard = |(id, parent): (&str, Option<&str>)| Shard {
            id: id.to_owned(),
            parent: parent.map(str::to_owned),
        };
        // The first one's own parent is not kept any more.
        let shards = [("a", Some("0")), ("b", Some("a")), ("c", Some("a")), ("d", Some("c"))];
        let mut listed = Listed { is_on: true, shards: shards.map(shard).to_vec() };
        assert_eq!(listed.ends().collect::<Vec<_>>(), ["b", "d"]);
        assert_eq!(listed.after("a"), Next::Children(vec!["b", "c"]));
        assert_eq!(listed.after("0"), Next::Children(vec!["a"]));
        assert_eq!([listed.after("d"), listed.after("z")], [Next::NotYet, Next::Lost]);
        listed.is_on = false;
        assert_eq!(listed.after("d"), Next::Lost);
    }
}
