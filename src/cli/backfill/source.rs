//! Where the objects come from: the bucket's listing, or the table's rows. Few of them are in memory:
//! whoever finds them waits for whoever works on them.

use futures::StreamExt;
use futures::stream;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::candidate::Candidate;
use crate::bucket::{Bucket, S3};
use crate::catalogue::{Census, DynamoDb, Segment, Standing};
use crate::cli::sample::Sample;
use crate::object::S3Url;

/// How many found objects may wait.
const WAITING: usize = 1000;
/// Parts of a table that are read side by side.
const SEGMENTS: u16 = 4;
/// Objects that are looked at side by side, to see whether they are there, in each of those parts.
const LOOKS: usize = 8;

/// Objects as they are found, or why no more are.
pub type Found = Receiver<anyhow::Result<Candidate>>;

/// All objects at a place whose keys are greater than `after`, in the order of their keys.
pub fn listed(s3: &S3, place: &S3Url, after: Option<&str>) -> Found {
    let (sender, found) = mpsc::channel(WAITING);
    let mut pages = s3.list(place, after);
    tokio::spawn(async move {
        loop {
            let page = match pages.next().await {
                Ok(Some(page)) => page,
                Ok(None) => return,
                Err(error) => return drop(sender.send(Err(error.into())).await),
            };
            for listed in page {
                let candidate =
                    Candidate { object: listed.object, size: Some(listed.size), is_gone: false };
                if sender.send(Ok(candidate)).await.is_err() {
                    return;
                }
            }
        }
    });
    found
}

/// The objects at a place whose rows are stale, in no order.
pub fn stale(table: &DynamoDb, place: &S3Url, recipe: &str, generation: u32) -> Found {
    let recipe = recipe.to_owned();
    scanned(table, place, move |rows, sender| {
        let stale: Vec<Candidate> = rows
            .into_iter()
            .filter(|row| row.is_stale(&recipe, generation))
            .map(|row| Candidate { object: row.object, size: row.size, is_gone: false })
            .collect();
        send_all(stale, sender)
    })
}

/// The objects of a bucket that have a row and are gone, or whose keys lie outside the place, in no
/// order.
pub fn swept(s3: &S3, table: &DynamoDb, place: &S3Url) -> anyhow::Result<Found> {
    let bucket = S3Url::new(place.bucket(), "")?;
    let (s3, prefix) = (s3.clone(), place.prefix().to_owned());
    Ok(scanned(table, &bucket, move |rows, sender| {
        let (s3, prefix) = (s3.clone(), prefix.clone());
        async move {
            let looked = stream::iter(rows).map(|row| look(&s3, &prefix, row));
            let mut looked = std::pin::pin!(looked.buffer_unordered(LOOKS));
            while let Some(found) = looked.next().await {
                let Some(found) = found else { continue };
                if sender.send(Ok(found)).await.is_err() {
                    return false;
                }
            }
            true
        }
    }))
}

/// The row's object, if it seems to be gone or lies outside the prefix. One that cannot be looked at
/// seems so too: whoever works on it looks again.
async fn look(s3: &S3, prefix: &str, row: Standing) -> Option<Candidate> {
    let is_outside = !row.object.key().starts_with(prefix);
    let is_gone = is_outside || !matches!(s3.head(&row.object).await, Ok(Some(_)));
    is_gone.then_some(Candidate { object: row.object, size: row.size, is_gone })
}

async fn send_all(candidates: Vec<Candidate>, sender: Sender<anyhow::Result<Candidate>>) -> bool {
    for candidate in candidates {
        if sender.send(Ok(candidate)).await.is_err() {
            return false;
        }
    }
    true
}

/// Reads a table's segments side by side, and gives each page to `each`, which says whether somebody
/// still wants more.
fn scanned<E, F>(table: &DynamoDb, place: &S3Url, each: E) -> Found
where
    E: Fn(Vec<Standing>, Sender<anyhow::Result<Candidate>>) -> F + Clone + Send + 'static,
    F: Future<Output = bool> + Send + 'static,
{
    let (sender, found) = mpsc::channel(WAITING);
    for number in 0..SEGMENTS {
        let census = table.census(place, Segment { number, of: SEGMENTS });
        tokio::spawn(segment(census, each.clone(), sender.clone()));
    }
    found
}

async fn segment<E, F>(mut census: Census, each: E, sender: Sender<anyhow::Result<Candidate>>)
where
    E: Fn(Vec<Standing>, Sender<anyhow::Result<Candidate>>) -> F,
    F: Future<Output = bool>,
{
    loop {
        let page = match census.next().await {
            Ok(Some(page)) => page,
            Ok(None) => return,
            Err(error) => return drop(sender.send(Err(error.into())).await),
        };
        if !each(page, sender.clone()).await {
            return;
        }
    }
}

/// A sample of what is found, in the order of its keys: those greater than `after`. All has to be
/// found for that.
pub async fn sampled(mut found: Found, size: usize, after: Option<&str>) -> anyhow::Result<Found> {
    let mut sample = Sample::of(size);
    while let Some(candidate) = found.recv().await {
        let candidate = candidate?;
        sample.offer(candidate.object.to_string().as_bytes(), candidate);
    }
    let mut drawn = sample.taken();
    drawn.retain(|candidate| after.is_none_or(|after| candidate.object.key() > after));
    let (sender, sampled) = mpsc::channel(WAITING);
    tokio::spawn(send_all(drawn, sender));
    Ok(sampled)
}
