//! `lookbook compare`: what another model would change.

mod model;
mod pair;
mod picture;
mod print;
mod report;
mod source;
mod tally;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use futures::StreamExt;
use serde::Serialize;

use self::model::Models;
use self::pair::Pair;
use self::report::{Comparison, Side, TruthFrom};
use self::source::{Photo, Photos};
use self::tally::Tally;
use super::args::{DirArgs, LookArgs};
use super::output::{self, Format};
use super::photos::{Failure, Studio};
use super::place::{self, Place};
use crate::bucket::S3;
use crate::object::S3Url;
use crate::settings::Confidence;

/// Photos fetched at a time, at the least: the bucket is further away than the threads.
const FETCHED: usize = 8;
/// How many photos that could not be looked at are named.
const NAMED: usize = 100;

/// Compare two models on the same photos: what would change shelf, and who is right
///
/// Shows photos to the model that is there and to one that may take its place, and says how often they
/// agree, what changes shelf, by label, how sure they are, and, where it is known what photos show, which
/// of the two is right. It writes nothing.
///
/// The photos are those in files and folders, or below `s3://BUCKET/PREFIX`: in the embedded bucket, or on AWS
/// with `--table` (with the usual AWS environment). What a photo shows is known in a folder with a label's
/// name (as `lookbook export` lays out reviewed photos), and in a bucket from people's reviews in the
/// table. With `--sample N`, N photos are taken, the same ones each time, and the reviewed ones beside them,
/// which count only for who is right. What a model needs to be told stands beside it, in a file that ends with
/// .toml.
///
/// The exit code is 1 if a photo could not be looked at, or fewer photos stay on their shelf than
/// `--fail-below` says.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lookbook compare --new my.tflite photos/validation\n  lookbook compare --old old.tflite --new new.tflite --plot moves.png s3://photos\n  lookbook compare --new s3://models/v2.tflite --new-sha256 $SHA256 \\\n    --table lookbook --sample 2000 s3://my-photos/products/\n  lookbook compare --new my.tflite --format json photos | jq .truth.better"
)]
pub struct Compare {
    /// Photos and folders of photos, or `s3://BUCKET/PREFIX`
    #[arg(required = true, value_name = "PHOTOS")]
    photos: Vec<PathBuf>,
    #[command(flatten)]
    models: Models,
    /// Look at N photos of many
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    #[command(flatten)]
    dir: DirArgs,
    /// A table on AWS, and a bucket beside it, instead of the embedded ones
    #[arg(long, value_name = "T", conflicts_with = "dir")]
    table: Option<String>,
    /// Do not read people's reviews, which takes a look at the whole index of the table
    #[arg(long)]
    no_reviews: bool,
    /// How many photos that change shelf are shown
    #[arg(long, value_name = "N", default_value_t = 10)]
    show: usize,
    /// Exit with 1 if a smaller share of the photos stays on its shelf
    #[arg(long, value_name = "0..1")]
    fail_below: Option<Confidence>,
    /// Draw what goes from which shelf to which, and how sure the models are, into this PNG file
    #[arg(long, value_name = "FILE.png")]
    plot: Option<PathBuf>,
    /// How to print the results
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    looks: LookArgs,
}

#[derive(Debug, Serialize)]
struct Results {
    #[serde(flatten)]
    comparison: Comparison,
    /// How many photos could not be looked at.
    failed: usize,
    /// The first of them.
    errors: Vec<Unseen>,
}

#[derive(Debug, Serialize)]
struct Unseen {
    image: String,
    error: Failure,
}

impl Compare {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let results = match self.url()? {
            None => {
                let pair = Arc::new(self.models.load(self.models.choices()?, None).await?);
                let photos = source::in_files(&self.photos, &labels(&pair), self.sample)?;
                self.compare(pair, photos, None, TruthFrom::Folders).await?
            }
            Some(url) => {
                let place = Place::open_to_read(self.table.as_deref(), &self.dir.dir).await?;
                let results = Box::pin(self.compare_in(&place, &url)).await;
                place::close(place).await;
                results?
            }
        };
        match self.format {
            Format::Json => output::json(&results)?,
            Format::Table => print::print(&results.comparison, self.sample.is_some())?,
        }
        if self.format == Format::Table {
            print_unseen(&results)?;
        }
        if let Some(file) = &self.plot {
            let png = picture::draw(&results.comparison).map_err(anyhow::Error::msg);
            png.and_then(|png| Ok(fs::write(file, png)?))
                .with_context(|| format!("the picture {} cannot be written", file.display()))?;
        }
        let stays = results.comparison.shelf_agreement;
        let is_below =
            |least: Confidence| stays.is_some_and(|stays| stays < f64::from(least.get()));
        let failed = results.failed > 0 || self.fail_below.is_some_and(is_below);
        Ok(if failed { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    /// The bucket that is named, if it is one, and then nothing else may be.
    fn url(&self) -> anyhow::Result<Option<S3Url>> {
        let urls: Vec<&str> = self.photos.iter().filter_map(|path| path.to_str()).collect();
        match (&self.photos[..], urls.iter().find(|text| text.starts_with("s3://"))) {
            (_, None) => Ok(None),
            ([_], Some(url)) => Ok(Some(url.parse().with_context(|| (*url).to_owned())?)),
            _ => anyhow::bail!("name one s3://BUCKET/PREFIX, or files and folders"),
        }
    }

    async fn compare_in(&self, place: &Place, url: &S3Url) -> anyhow::Result<Results> {
        let bucket = place.bucket();
        let pair = self.models.load(self.models.choices()?, Some(&bucket)).await?;
        let reviews = if self.no_reviews {
            BTreeMap::new()
        } else {
            source::reviews(place.table(), url).await?
        };
        let photos = source::in_bucket(&bucket, url, reviews, self.sample).await?;
        self.compare(Arc::new(pair), photos, Some(&bucket), TruthFrom::Reviews).await
    }

    /// Shows the photos to both models. The answers come in the order of the photos.
    async fn compare(
        &self,
        pair: Arc<Pair>,
        photos: Photos,
        bucket: Option<&S3>,
        from: TruthFrom,
    ) -> anyhow::Result<Results> {
        let studio = Studio::new(&self.looks.rules()?);
        let bar = match photos.count {
            Some(count) => output::progress(count, "comparing"),
            None => output::counter("comparing"),
        };
        let ahead = if bucket.is_some() { studio.ahead().max(FETCHED) } else { studio.ahead() };
        let look = async |photo: anyhow::Result<Photo>| {
            let photo = photo?;
            let seen = Arc::clone(&pair).look(photo.clone(), bucket, &studio).await;
            anyhow::Ok((photo, seen))
        };
        let mut seen = std::pin::pin!(photos.photos.map(look).buffered(ahead));
        let mut tally = Tally::new(self.show);
        let (mut failed, mut errors) = (0, Vec::new());
        while let Some(answered) = seen.next().await {
            let (photo, seen) = answered?;
            bar.inc(1);
            let image = photo.place.shown();
            match seen {
                Ok(seen) => {
                    let [old, new] = &seen.said;
                    if photo.counts {
                        tally.add(&image, old, new);
                    }
                    if let Some(known) = &seen.known {
                        tally.add_known(known, old, new);
                    }
                }
                Err(error) => {
                    failed += 1;
                    if errors.len() < NAMED {
                        errors.push(Unseen { image, error });
                    }
                }
            }
        }
        bar.finish_and_clear();
        let [old, new] = &pair.models;
        let [below, new_below] = pair.review_below;
        let sides = (Side::new(old, new, below), Side::new(new, old, new_below));
        let comparison = tally.comparison(sides.0, sides.1, from);
        anyhow::ensure!(
            comparison.photos > 0 || comparison.truth.is_some() || failed > 0,
            "there are no photos"
        );
        Ok(Results { comparison, failed, errors })
    }
}

/// The labels of both models.
fn labels(pair: &Pair) -> BTreeSet<crate::label::Label> {
    let both = pair.models.iter();
    both.flat_map(|model| model.description().labels.iter().cloned()).collect()
}

fn print_unseen(results: &Results) -> std::io::Result<()> {
    for Unseen { image, error } in &results.errors {
        output::line(&output::shown(&format!("{image}: {}", error.message)))?;
    }
    match results.failed - results.errors.len() {
        0 => Ok(()),
        more => output::line(&format!("and {more} more that could not be looked at")),
    }
}
