//! `lookbook export`: reviewed photos as a training folder.

mod folder;
mod names;
mod plan;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use futures::stream::{self, StreamExt};
use serde::Serialize;
use tokio::sync::Semaphore;

use self::folder::{Folder, OnDisk};
use self::plan::{Content, LeftOut, Photo, Plan};
use super::args::DirArgs;
use super::listing::check_shelf;
use super::output::{self, Format};
use super::place::{self, Place};
use super::sheet;
use crate::bucket::{Bucket, S3};
use crate::catalogue::{DynamoDb, Listing, Shelf};
use crate::label::Label;

/// Photos fetched at a time.
const AT_A_TIME: usize = 16;
/// What may be in memory of photos at a time, in units of `UNIT` bytes: 256 MiB.
const ROOM: u32 = 256 * 1024;
const UNIT: u64 = 1024;

/// Lay out reviewed photos as a training folder
///
/// Each photo that a person gave a label becomes DIR/LABEL/SHA256.jpg (or .png, ...), with its bytes as
/// they are in the bucket; model/training/run.sh takes such a folder, and so does `lookbook evaluate`
/// for a model that has these labels. A label that is no folder's name is written as in a URL (`a/b` as
/// a%2Fb). Rejected photos are left out, and so is a photo that was replaced or removed since it was
/// reviewed. What is there already is not fetched again; a photo of another label now is moved.
/// DIR/labels.csv lists the photos with what the model said of them. It reads the whole index. The exit
/// code is 1 if a photo could not be fetched: run it again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lookbook export reviewed\n  lookbook export reviewed --shelf hat\n  lookbook export reviewed --table lookbook && model/training/run.sh reviewed my-model"
)]
pub struct Export {
    /// The folder to fill; it is made if there is none
    #[arg(value_name = "DIR")]
    into: PathBuf,
    #[command(flatten)]
    dir: DirArgs,
    /// A table on AWS, instead of the embedded one
    #[arg(long, value_name = "T", conflicts_with = "dir")]
    table: Option<String>,
    /// Only photos that people put on this shelf
    #[arg(long, value_name = "S")]
    shelf: Option<Shelf>,
    /// How to print what was done
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// What became of a photo.
enum Done {
    OnDisk(OnDisk),
    Fetched,
    /// It is not in the bucket any more.
    Removed,
    /// Another photo is there under its name.
    Replaced,
    Failed,
}

/// What was done, as `export` prints it. Names and meanings are public.
#[derive(Debug, Default, Serialize)]
struct Summary {
    /// Photos in the folder by people's labels: those of the next three counts.
    labels: BTreeMap<Label, u64>,
    /// They were fetched now.
    fetched: u64,
    /// They were there already.
    there: u64,
    /// They were there under another label.
    moved: u64,
    /// Left out: people said that they are not to be shown.
    rejected: u64,
    /// Left out: another photo is under their name since the review.
    replaced: u64,
    /// Left out: they are not in the bucket any more.
    removed: u64,
    /// Left out: lookbook cannot read them.
    unreadable: u64,
    /// Left out: their content is that of another photo.
    duplicates: u64,
    /// Contents of which people said different things under different names: the latest word counts.
    disputed: u64,
    /// They could not be fetched.
    failed: u64,
    /// Photos of earlier exports in the folder that are none of this one.
    left_over: usize,
}

impl Export {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let place = Place::open(self.table.as_deref(), &self.dir.dir).await?;
        let summary = self.export(&place).await;
        place::close(place).await;
        let summary = summary?;
        match self.format {
            Format::Json => output::json(&summary)?,
            Format::Table => summary.print(&self.into)?,
        }
        Ok(if summary.failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    async fn export(&self, place: &Place) -> anyhow::Result<Summary> {
        let (photos, left_out) = self.plan(place.table()).await?;
        let folder = Arc::new(Folder::open(&self.into)?);
        let bucket = place.bucket();
        let room = Semaphore::new(ROOM as usize);
        let bar = output::progress(photos.len(), "exporting");
        let mut summary = Summary::of(left_out);
        let mut exported = Vec::new();
        let mut settled = stream::iter(&photos)
            .map(async |photo| (photo, settle(photo, &folder, &bucket, &room).await))
            .buffer_unordered(AT_A_TIME);
        while let Some((photo, done)) = settled.next().await {
            bar.inc(1);
            let done = done?.unwrap_or_else(|why| {
                bar.suspend(|| eprintln!("error: {}", output::shown(&why)));
                Done::Failed
            });
            if summary.count(photo, &done) {
                exported.push(photo);
            }
        }
        bar.finish_and_clear();
        folder.tidy();
        // With a shelf, the other folders are not this export's.
        let folders = photos.iter().map(|photo| photo.folder.as_str()).collect();
        let within = self.shelf.as_ref().map(|_| &folders);
        folder.write(names::LIST, &listed(&exported, &folder, within)?)?;
        summary.left_over = folder.left_over(&photos, within);
        Ok(summary)
    }

    /// The photos to lay down, as the rows say now.
    async fn plan(&self, table: &DynamoDb) -> anyhow::Result<(Vec<Photo>, LeftOut)> {
        let (mut plan, mut found) = (Plan::of(self.shelf.clone()), false);
        let each = |row: Listing| {
            found |= self.shelf.as_ref() == Some(&row.shelf);
            plan.add(&row);
            ControlFlow::Continue(())
        };
        let skipped = table.scan(each).await?;
        if let (false, Some(shelf)) = (found, &self.shelf) {
            check_shelf(table, shelf).await?;
        }
        if let Some(words) = skipped.words() {
            eprintln!("{words}");
        }
        Ok(plan.finish())
    }
}

/// Sees to it that a photo is in the folder. The inner error is of this photo alone, in words.
async fn settle(
    photo: &Photo,
    folder: &Arc<Folder>,
    bucket: &S3,
    room: &Semaphore,
) -> anyhow::Result<Result<Done, String>> {
    let (there, wanted) = (Arc::clone(folder), photo.clone());
    let on_disk = tokio::task::spawn_blocking(move || there.settle(&wanted)).await??;
    if on_disk != OnDisk::Missing {
        return Ok(Ok(Done::OnDisk(on_disk)));
    }
    let object = match bucket.get(&photo.object).await {
        Ok(Some(object)) => object,
        Ok(None) => return Ok(Ok(Done::Removed)),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let size = object.meta.size;
    let Some(units) = u32::try_from(size.div_ceil(UNIT)).ok().filter(|units| *units <= ROOM) else {
        return Ok(Err(format!("s3://{} has {size} bytes: too many to be fetched", photo.object)));
    };
    let _room = room.acquire_many(units).await?;
    let bytes = match object.body.read(size).await {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(format!("s3://{}: {error}", photo.object))),
    };
    let (folder, photo) = (Arc::clone(folder), photo.clone());
    let put = move || {
        if Content::of(&bytes) != photo.content {
            return Ok(Done::Replaced);
        }
        folder.put(&photo, &bytes).map(|()| Done::Fetched)
    };
    tokio::task::spawn_blocking(put).await?.map(Ok)
}

/// The list of the photos in the folder. What it said of folders that are not among those of this
/// export stays.
fn listed(
    exported: &[&Photo],
    folder: &Folder,
    within: Option<&BTreeSet<&str>>,
) -> anyhow::Result<Vec<u8>> {
    let mut lines = BTreeMap::new();
    if let Some(folders) = within {
        let is_other =
            |file: &str| file.split_once('/').is_some_and(|(label, _)| !folders.contains(label));
        let text = folder.read(names::LIST)?;
        let earlier = sheet::read(&text)
            .filter_map(|line| <[String; NAMES.len()]>::try_from(line).ok())
            .filter(|line| is_other(&line[0]) && folder.has(&line[0]));
        lines.extend(earlier.map(|line| (line[0].clone(), line)));
    }
    for photo in exported {
        let line = line_of(photo);
        lines.insert(line[0].clone(), line);
    }
    let mut text = sheet::line(NAMES);
    for line in lines.values() {
        text.extend(sheet::line(line.iter().map(String::as_str)));
    }
    Ok(text)
}

/// What the list says of a photo.
const NAMES: [&str; 6] = ["file", "image", "label", "content_sha256", "model_label", "confidence"];

fn line_of(photo: &Photo) -> [String; NAMES.len()] {
    [
        format!("{}/{}", photo.folder, photo.name),
        photo.object.to_string(),
        photo.label.to_string(),
        photo.content.to_string(),
        photo.model_label.as_ref().map(ToString::to_string).unwrap_or_default(),
        photo.confidence.map(|confidence| confidence.to_string()).unwrap_or_default(),
    ]
}

impl Summary {
    fn of(left_out: LeftOut) -> Self {
        let LeftOut { rejected, unreadable, duplicates, disputed } = left_out;
        Self { rejected, unreadable, duplicates, disputed, ..Self::default() }
    }

    /// Counts a photo; whether it is in the folder.
    fn count(&mut self, photo: &Photo, done: &Done) -> bool {
        let count = match done {
            Done::Fetched => &mut self.fetched,
            Done::OnDisk(OnDisk::There) => &mut self.there,
            Done::OnDisk(OnDisk::Moved) => &mut self.moved,
            Done::Removed => &mut self.removed,
            Done::Replaced => &mut self.replaced,
            Done::OnDisk(OnDisk::Missing) | Done::Failed => &mut self.failed,
        };
        *count += 1;
        let is_there = matches!(done, Done::Fetched | Done::OnDisk(OnDisk::There | OnDisk::Moved));
        if is_there {
            *self.labels.entry(photo.label.clone()).or_default() += 1;
        }
        is_there
    }

    fn print(&self, folder: &Path) -> std::io::Result<()> {
        let all: u64 = self.labels.values().sum();
        if all > 0 {
            let mut table = output::table(&["label", "photos"]);
            for (label, photos) in &self.labels {
                table.add_row(vec![output::shown(label), photos.to_string()]);
            }
            output::print_table(&table)?;
            output::line("")?;
        }
        let done = words(&[
            (self.fetched, "fetched"),
            (self.there, "there already"),
            (self.moved, "moved to another label"),
        ]);
        let done = done.map(|done| format!(" ({done})")).unwrap_or_default();
        let photos = if all == 1 { "photo is" } else { "photos are" };
        output::line(&format!("{all} reviewed {photos} in {}{done}", folder.display()))?;
        let left_out = words(&[
            (self.rejected, "rejected"),
            (self.replaced, "replaced by another photo since the review"),
            (self.removed, "removed since the review"),
            (self.unreadable, "not readable"),
            (self.duplicates, "with the content of another"),
            (self.failed, "failed: run it again"),
        ]);
        if let Some(left_out) = left_out {
            output::line(&format!("left out: {left_out}"))?;
        }
        if self.disputed > 0 {
            output::line(&format!(
                "people said different things of {} contents under different names: the latest counts",
                self.disputed
            ))?;
        }
        if self.left_over > 0 {
            output::line(&format!(
                "{} files in it are of earlier exports and of no photo of this one: delete them, or \
                 export into an empty folder",
                self.left_over
            ))?;
        }
        Ok(())
    }
}

/// The counts that are not zero.
fn words(counts: &[(u64, &str)]) -> Option<String> {
    let some = counts.iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = some.map(|(count, what)| format!("{count} {what}")).collect();
    (!words.is_empty()).then(|| words.join(", "))
}
