//! The photos that two models are shown: in files, or in a bucket.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use anyhow::Context;
use futures::Stream;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::tally::Known;
use crate::bucket::{Listed, Pages, S3};
use crate::catalogue::{DynamoDb, Review};
use crate::cli::photos;
use crate::cli::sample::Sample;
use crate::label::Label;
use crate::object::{ObjectId, S3Url};

/// Rows in one page of reviews.
const PAGE: NonZeroU16 = NonZeroU16::new(1000).unwrap();
/// Storage classes whose objects must be restored before they can be read.
const ARCHIVES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];

/// A photo that is to be looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    pub place: Place,
    /// What is known of it.
    pub truth: Option<Truth>,
    /// Whether it counts for what the models agree on: it was not picked because somebody reviewed it.
    pub counts: bool,
}

/// Where a photo is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    File(PathBuf),
    Object(ObjectId),
}

/// What is known of a photo, and of which content.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    pub known: Known,
    /// The SHA-256 of the content of which it is known, in hex; any content, if there is none.
    pub content: Option<String>,
}

impl Place {
    /// As people are shown it.
    pub fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Object(object) => object.to_string(),
        }
    }
}

/// Photos, and how many there are, where that is known.
pub struct Photos {
    pub photos: BoxStream<'static, anyhow::Result<Photo>>,
    pub count: Option<usize>,
}

impl From<Vec<Photo>> for Photos {
    fn from(photos: Vec<Photo>) -> Self {
        let count = Some(photos.len());
        Self { photos: stream::iter(photos.into_iter().map(Ok)).boxed(), count }
    }
}

/// The photos in files and folders, or a sample of them. In a folder that is named, those in a folder with
/// a label's name show that label.
pub fn in_files(
    paths: &[PathBuf],
    labels: &BTreeSet<Label>,
    sample: Option<usize>,
) -> anyhow::Result<Photos> {
    let mut found = Vec::new();
    for path in paths {
        let files = photos::find(std::slice::from_ref(path));
        let files = files.with_context(|| format!("{} cannot be read", path.display()))?;
        found.extend(files.into_iter().map(|file| Photo {
            truth: folder_label(path, &file, labels).map(Truth::of_any_content),
            place: Place::File(file),
            counts: true,
        }));
    }
    let Some(size) = sample else { return Ok(found.into()) };
    let mut sample = Sample::of(size);
    for (number, photo) in found.iter().enumerate() {
        sample.offer(photo.place.shown().as_bytes(), number);
    }
    let taken: BTreeSet<usize> = sample.taken().into_iter().collect();
    let numbered = found.into_iter().enumerate();
    let sampled = numbered.filter(|(number, _)| taken.contains(number)).map(|(_, photo)| photo);
    Ok(sampled.collect::<Vec<_>>().into())
}

/// The label whose folder a file is in: the first one below the folder that was named.
fn folder_label(named: &Path, file: &Path, labels: &BTreeSet<Label>) -> Option<Label> {
    let below = file.strip_prefix(named).ok()?;
    let mut parts = below.components();
    let first = parts.next()?.as_os_str().to_str()?;
    // The file itself is no folder.
    parts.next()?;
    labels.iter().find(|label| label.as_str() == first).cloned()
}

/// The photos of a bucket whose keys begin with a prefix: all of them, or a sample and, beside it, those that
/// people reviewed.
pub async fn in_bucket(
    bucket: &S3,
    url: &S3Url,
    mut reviews: BTreeMap<ObjectId, Truth>,
    sample: Option<usize>,
) -> anyhow::Result<Photos> {
    let mut pages = bucket.list(url, None);
    let Some(size) = sample else {
        let photo = move |object: ObjectId| Photo {
            truth: reviews.get(&object).cloned(),
            place: Place::Object(object),
            counts: true,
        };
        let photos = listed(pages).map_ok(photo).boxed();
        return Ok(Photos { photos, count: None });
    };
    let mut sample = Sample::of(size);
    let mut reviewed = BTreeSet::new();
    while let Some(page) = pages.next().await? {
        for entry in page.into_iter().filter(is_photo) {
            if reviews.contains_key(&entry.object) {
                reviewed.insert(entry.object.clone());
            }
            let name = entry.object.key().to_owned();
            sample.offer(name.as_bytes(), entry.object);
        }
    }
    let taken = sample.taken().into_iter().map(|object| Photo {
        truth: reviews.remove(&object),
        place: Place::Object(object),
        counts: true,
    });
    let mut photos: Vec<Photo> = taken.collect();
    // What is gone or in an archive has a review, and cannot be shown to a model.
    reviews.retain(|object, _| reviewed.contains(object));
    photos.extend(reviews.into_iter().map(|(object, truth)| Photo {
        place: Place::Object(object),
        truth: Some(truth),
        counts: false,
    }));
    Ok(photos.into())
}

/// All photos of a listing, a page at a time.
fn listed(pages: Pages) -> impl Stream<Item = anyhow::Result<ObjectId>> + Send {
    let pages = stream::try_unfold(pages, |mut pages| async move {
        let page = pages.next().await?;
        anyhow::Ok(page.map(|page| (page, pages)))
    });
    pages
        .map_ok(|page| {
            let photos = page.into_iter().filter(is_photo);
            stream::iter(photos.map(|entry| anyhow::Ok(entry.object)).collect::<Vec<_>>())
        })
        .try_flatten()
}

/// Neither the marker of a folder nor in an archive.
fn is_photo(entry: &Listed) -> bool {
    let class = entry.storage_class.as_deref().unwrap_or_default();
    !entry.object.is_folder_marker() && !ARCHIVES.contains(&class)
}

/// What people said of the photos below a prefix. It reads the whole index.
pub async fn reviews(table: &DynamoDb, url: &S3Url) -> anyhow::Result<BTreeMap<ObjectId, Truth>> {
    let mut reviews = BTreeMap::new();
    let mut cursor = None;
    loop {
        let page = table.reviewed(cursor.as_ref(), PAGE).await?;
        for row in page.rows {
            let Some(review) = row.review() else { continue };
            if row.bucket != url.bucket() || !row.key.starts_with(url.prefix()) {
                continue;
            }
            let known = match review {
                Review::Label(label) => Known::Label(label),
                Review::Rejected => Known::Rejected,
            };
            let object = ObjectId::new(&row.bucket, &row.key)?;
            reviews.insert(object, Truth { known, content: row.content_sha256 });
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(reviews);
        }
    }
}

impl Truth {
    fn of_any_content(label: Label) -> Self {
        Self { known: Known::Label(label), content: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_a_labels_name_says_what_its_photos_show() {
        let labels = ["hat", "shoe"].map(|name| Label::parse(name).unwrap()).into();
        let of = |named: &str, file: &str| {
            folder_label(named.as_ref(), file.as_ref(), &labels).map(|label| label.to_string())
        };
        assert_eq!(of("in", "in/hat/a.jpg").as_deref(), Some("hat"));
        assert_eq!(of("in", "in/shoe/deep/a.jpg").as_deref(), Some("shoe"));
        for other in ["in/a.jpg", "in/hat", "in/other/hat/a.jpg", "in/other/a.jpg"] {
            assert_eq!(of("in", other), None, "{other}");
        }
        assert_eq!(of("in/hat/a.jpg", "in/hat/a.jpg"), None, "a file was named, no folder");
    }
}
