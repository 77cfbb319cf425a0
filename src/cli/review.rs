//! `lookbook review`: a person's word on a photo.

use std::process::ExitCode;

use clap::Args;

use super::args::DirArgs;
use super::output::{self, Format};
use super::place::{self, Place};
use super::query::print_row;
use crate::catalogue::{DynamoDb, Review as Word, ReviewError, review};
use crate::label::Label;
use crate::object::ObjectId;

/// Say what is on a photo
///
/// Your word stands: the photo goes to the shelf that you name, and no classification moves it. It
/// is said of the photo's content. Another photo under the same name is judged anew, and when the
/// same content comes back, under that name, so does your word. Prints the row as it is then. The
/// exit code is 1 if there is no such photo.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  lookbook query --shelf review\n  lookbook review 'photos/new in/été/hat-1.jpg' hat\n  lookbook review photos/blurred.jpg --reject\n  lookbook review photos/blurred.jpg --clear"
)]
pub struct Review {
    /// The photo
    #[arg(value_name = "BUCKET/KEY")]
    image: ObjectId,
    /// What it shows
    #[arg(value_name = "LABEL", required_unless_present_any = ["reject", "clear"])]
    label: Option<Label>,
    /// It is not to be shown: the shelf `rejected`
    #[arg(long, conflicts_with_all = ["label", "clear"])]
    reject: bool,
    /// Take back what was said: the photo goes where the model put it
    #[arg(long, conflicts_with = "label")]
    clear: bool,
    /// Only if the photo's content still has this SHA-256, in hex [default: whatever is there now]
    #[arg(long, value_name = "SHA256")]
    content: Option<String>,
    #[command(flatten)]
    dir: DirArgs,
    /// A table on AWS, instead of the embedded one
    #[arg(long, value_name = "T", conflicts_with = "dir")]
    table: Option<String>,
    /// How to print the row
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Review {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let place = Place::open(self.table.as_deref(), &self.dir.dir).await?;
        let code = self.write(place.table()).await;
        place::close(place).await;
        code
    }

    async fn write(&self, table: &DynamoDb) -> anyhow::Result<ExitCode> {
        let word = match &self.label {
            Some(label) => Some(Word::Label(label.clone())),
            None => self.reject.then_some(Word::Rejected),
        };
        let content = match &self.content {
            Some(content) => Some(content.to_ascii_lowercase()),
            None => table.row(&self.image).await?.and_then(|row| row.content_sha256),
        };
        let Some(content) = content else {
            eprintln!("no photo {}, or its content is not known", self.image);
            return Ok(ExitCode::from(1));
        };
        match review(table, &self.image, word.as_ref(), &content).await {
            Ok(row) => match self.format {
                Format::Json => output::json(&row)?,
                Format::Table => print_row(&row)?,
            },
            Err(error @ (ReviewError::Gone(_) | ReviewError::Replaced(_))) => {
                eprintln!("{error}");
                return Ok(ExitCode::from(1));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(ExitCode::SUCCESS)
    }
}
