//! `lookbook demo`: the main job at once, on this machine.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use clap::Args;
use futures::stream::{self, StreamExt};
use tokio::sync::Notify;

use super::args::{DirArgs, RuleArgs};
use super::output::{self, Format};
use super::program::{dir_flag, program};
use super::samples::SAMPLES;
use super::{photos, place};
use crate::catalogue::Row;
use crate::handler::Handler;
use crate::local::{Options, Stack};
use crate::object::ObjectId;
use crate::pipeline::Outcome;

/// The prefix of the sample photos' keys: with a space and an accent, as real keys have them.
const SAMPLE_PREFIX: &str = "new in/été/";
/// Photos uploaded at a time.
const UPLOADS: usize = 4;

/// See it work: photos go into a bucket, through the function, into a table
///
/// Starts an embedded bucket and table, uploads the photos, waits until each has its row, and
/// prints the rows. Without PHOTO it uploads the sample photos, which are drawn, as 'new
/// in/été/...'. The bucket and the table stay in DIR, for the other commands. The exit code is 1 if
/// any photo could not be uploaded, or was rejected.
#[derive(Debug, Args)]
pub struct Demo {
    /// Photos, and folders of photos [default: the sample photos]
    #[arg(value_name = "PHOTO")]
    photos: Vec<PathBuf>,
    #[command(flatten)]
    dir: DirArgs,
    /// How to print the rows
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    rules: RuleArgs,
}

/// What is uploaded: a key, and where its bytes come from.
struct Upload {
    key: String,
    content: Content,
}

enum Content {
    Sample(&'static [u8]),
    File(PathBuf),
}

/// How often a change may be tried again before the demo is over.
const TRIES: usize = 3;

impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let (uploads, mut errors) =
            if self.photos.is_empty() { (samples(), Vec::new()) } else { chosen(&self.photos) };
        if uploads.is_empty()
            && let Some(error) = errors.pop()
        {
            return Err(error);
        }
        let rules = self.rules.rules()?;
        let (dir, max_bytes) = (self.dir.dir.clone(), rules.limits.max_bytes);
        let options = Options { dir, max_bytes, ..Options::default() };
        let stack = place::start(options).await?;
        let table = place::table_of(&stack);
        let handler = Handler::open(stack.s3(), table.clone(), &rules).await?;
        let keys: Vec<String> = uploads.iter().map(|upload| upload.key.clone()).collect();

        let bar = output::progress(uploads.len(), "classifying");
        let (tried, gave_up) = (Mutex::new(BTreeMap::new()), Notify::new());
        let handler = |event| {
            place::handle(&handler, event, |line| {
                bar.inc(1);
                if let Outcome::Retry(cause) = &line.outcome {
                    bar.suspend(|| eprintln!("trying again: {}", cause.message));
                    let mut tried = tried.lock().unwrap_or_else(PoisonError::into_inner);
                    let times: &mut usize = tried.entry(line.image.clone()).or_default();
                    *times += 1;
                    if *times == TRIES {
                        gave_up.notify_one();
                    }
                }
            })
        };
        let done = async {
            errors.extend(upload(&stack, uploads).await);
            tokio::select! {
                () = stack.idle() => {}
                () = gave_up.notified() => {}
            }
        };
        stack.watch(handler, done).await?;
        bar.finish_and_clear();

        let mut rows = Vec::new();
        for key in keys {
            let object = ObjectId::new(stack.bucket(), &key)?;
            match table.row(&object).await? {
                Some(row) => rows.push(row),
                None => errors.push(anyhow::anyhow!("{key} has no row")),
            }
        }
        self.print(&rows, &stack)?;
        stack.shutdown().await;
        for error in &errors {
            eprintln!("error: {}", output::shown(&format!("{error:#}")));
        }
        let rejected = rows.iter().any(|row| row.reason.is_some());
        Ok(if errors.is_empty() && !rejected { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    fn print(&self, rows: &[Row], stack: &Stack) -> std::io::Result<()> {
        if self.format == Format::Json {
            return rows.iter().try_for_each(output::json);
        }
        let mut table = output::wrapped(&["photo", "label", "confidence", "shelf"]);
        for row in rows {
            let label = row.label.as_ref().map(ToString::to_string);
            let reason = row.reason.as_deref().map(|reason| output::clip(reason, 60));
            table.add_row(vec![
                output::shown(&row.key).into(),
                label.or(reason).unwrap_or_default().into(),
                row.confidence.map(output::probability).unwrap_or_default().into(),
                output::standing(row.shelf.as_ref().map_or("", |shelf| shelf.as_str())),
            ]);
        }
        output::print_table(&table)?;
        let (program, dir) = (program(), dir_flag(&self.dir.dir));
        let commands = [
            (format!("open{dir}"), "look at the catalogue in the browser"),
            (format!("query{dir} --shelf hat"), "what the website would read"),
            (format!("local{dir}"), "keep it running, and copy photos into the folder"),
            (format!("demo{dir} PHOTO..."), "your own photos"),
        ];
        let width = commands.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
        let lines: Vec<String> = commands
            .iter()
            .map(|(command, what)| format!("  {program} {command:width$}   {what}"))
            .collect();
        output::line(&format!(
            "\nThe bucket is the folder {}. Try next:\n{}",
            stack.bucket_dir().display(),
            lines.join("\n")
        ))
    }
}

fn samples() -> Vec<Upload> {
    let upload = |&(name, bytes): &(&str, &'static [u8])| Upload {
        key: format!("{SAMPLE_PREFIX}{name}"),
        content: Content::Sample(bytes),
    };
    SAMPLES.iter().map(upload).collect()
}

/// The keys of chosen files: their names, or their paths within a chosen folder. Where two are the
/// same, the later one gets a number. What cannot be uploaded is an error of its own.
fn chosen(paths: &[PathBuf]) -> (Vec<Upload>, Vec<anyhow::Error>) {
    let mut taken = HashSet::new();
    let (mut uploads, mut errors) = (Vec::new(), Vec::new());
    for path in paths {
        let parent = if path.is_dir() { Some(path.as_path()) } else { path.parent() };
        let files = match photos::find(std::slice::from_ref(path)) {
            Ok(files) if files.is_empty() => {
                errors.push(anyhow::anyhow!("{} has no photos in it", path.display()));
                continue;
            }
            Ok(files) => files,
            Err(error) => {
                let error = anyhow::Error::new(error);
                errors.push(error.context(format!("{} cannot be read", path.display())));
                continue;
            }
        };
        for file in files {
            let name = match key_of(&file, parent) {
                Ok(name) => name,
                Err(error) => {
                    errors.push(error);
                    continue;
                }
            };
            let (mut key, mut n) = (name.clone(), 1);
            while taken.contains(&key) {
                n += 1;
                key = numbered(&name, n);
            }
            taken.insert(key.clone());
            uploads.push(Upload { key, content: Content::File(file) });
        }
    }
    (uploads, errors)
}

fn key_of(file: &Path, parent: Option<&Path>) -> anyhow::Result<String> {
    anyhow::ensure!(file.is_file(), "{} is not there, or is not a file", file.display());
    let name = parent.and_then(|parent| file.strip_prefix(parent).ok()).unwrap_or(file);
    let parts: Option<Vec<&str>> = name.components().map(|c| c.as_os_str().to_str()).collect();
    let parts = parts.with_context(|| format!("{} is not UTF-8, as keys are", file.display()))?;
    Ok(parts.join("/"))
}

/// `a/hat.jpg` becomes `a/hat-2.jpg`.
fn numbered(key: &str, n: u32) -> String {
    match key.rsplit_once('.') {
        Some((stem, extension)) if !extension.contains('/') => format!("{stem}-{n}.{extension}"),
        _ => format!("{key}-{n}"),
    }
}

/// Puts all photos through the S3 endpoint; gives what could not be put.
async fn upload(stack: &Stack, uploads: Vec<Upload>) -> Vec<anyhow::Error> {
    let put = |upload: Upload| async move {
        let body = match &upload.content {
            Content::Sample(bytes) => ByteStream::from_static(bytes),
            Content::File(path) => ByteStream::from_path(path)
                .await
                .with_context(|| format!("{} cannot be read", path.display()))?,
        };
        let request = stack.s3().put_object().bucket(stack.bucket()).key(&upload.key).body(body);
        request.send().await.map_err(|error| match (error.code(), error.message()) {
            (Some(code), Some(message)) => {
                anyhow::anyhow!("{} could not be uploaded: {message} ({code})", upload.key)
            }
            _ => anyhow::Error::new(error).context(format!("{} could not be uploaded", upload.key)),
        })?;
        Ok(())
    };
    stream::iter(uploads)
        .map(put)
        .buffer_unordered(UPLOADS)
        .filter_map(|done: anyhow::Result<()>| async { done.err() })
        .collect()
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_names_and_never_the_same() {
        assert_eq!(numbered("y/hat.jpg", 2), "y/hat-2.jpg");
        assert_eq!(numbered("y.d/hat", 3), "y.d/hat-3");
        let dir = tempfile::tempdir().unwrap();
        for folder in ["x/y", "z"] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        for name in ["x/y/a b.jpg", "x/hat.jpg", "z/hat.jpg"] {
            std::fs::write(dir.path().join(name), "photo").unwrap();
        }
        let given = ["x", "z/hat.jpg", "missing.jpg"].map(|name| dir.path().join(name));
        let (uploads, errors) = chosen(&given);
        let keys: Vec<String> = uploads.into_iter().map(|u| u.key).collect();
        assert_eq!(keys, ["hat.jpg", "y/a b.jpg", "hat-2.jpg"]);
        assert_eq!(errors.len(), 1);
        assert!(errors[0].to_string().contains("missing.jpg"));
    }
}
