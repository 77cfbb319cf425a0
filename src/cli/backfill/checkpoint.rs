//! What a backfill writes down, so that another run can go on where it was.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// The version of the file's form.
const VERSION: u32 = 2;

/// What must be the same in the run that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purpose {
    /// The bucket and the prefix.
    pub place: String,
    /// Who classifies, and into which table: see [`By`].
    pub by: By,
    /// How many are drawn, if not all are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<usize>,
}

/// Who classifies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// This machine.
    Here {
        /// The recipe of its rows.
        recipe: String,
        /// Where that stands among others.
        generation: u32,
        /// The table's name on AWS, or the folder of the embedded one.
        table: String,
    },
    /// The function that reads the queue of this URL.
    Queue(String),
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here { recipe, generation, table } => {
                write!(f, "recipe {recipe} of generation {generation} into the table {table}")
            }
            Self::Queue(url) => write!(f, "the queue {url}"),
        }
    }
}

/// The file. Keys are in the order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The version of this form.
    lookbook_backfill: u32,
    /// What the run is about.
    #[serde(flatten)]
    purpose: Purpose,
    /// Objects that are settled, in all runs.
    pub settled: u64,
    /// This key and all before it were dealt with.
    pub below: Option<String>,
    /// So were these.
    pub above: Vec<String>,
    /// But these are to be tried again.
    pub again: Vec<String>,
}

impl Checkpoint {
    /// One of a run that is about to begin.
    pub fn new(purpose: Purpose) -> Self {
        Self {
            lookbook_backfill: VERSION,
            purpose,
            settled: 0,
            below: None,
            above: Vec::new(),
            again: Vec::new(),
        }
    }

    /// Reads the file, or begins where there is none.
    pub fn open(path: &Path, purpose: Purpose) -> anyhow::Result<Self> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::new(purpose));
            }
            Err(error) => {
                return Err(anyhow::Error::new(error))
                    .with_context(|| format!("the checkpoint {} cannot be read", path.display()));
            }
        };
        let read = serde_json::from_slice::<Self>(&text).ok();
        let Some(found) = read.filter(|found| found.lookbook_backfill == VERSION) else {
            anyhow::bail!(
                "{} is no checkpoint of this version of lookbook: name another file, or delete it",
                path.display()
            );
        };
        if let Some(difference) = found.purpose.difference(&purpose) {
            anyhow::bail!(
                "the checkpoint {} is of another backfill: {difference}; name another file, or \
                 delete it to begin anew",
                path.display()
            );
        }
        Ok(found)
    }
}

impl Purpose {
    /// What keeps a run from going on with another's checkpoint.
    fn difference(&self, wanted: &Self) -> Option<String> {
        let sample =
            |purpose: &Self| purpose.sample.map_or("all objects".to_owned(), |n| format!("{n}"));
        [
            ("it is about", self.place.clone(), wanted.place.clone()),
            ("it works by", self.by.to_string(), wanted.by.to_string()),
            ("its sample was", sample(self), sample(wanted)),
        ]
        .into_iter()
        .find(|(_, theirs, ours)| theirs != ours)
        .map(|(what, theirs, ours)| format!("{what} {theirs}, and this one {ours}"))
    }
}

/// Where checkpoints are written: nowhere, if no file is named.
#[derive(Debug)]
pub struct File {
    path: Option<PathBuf>,
}

impl File {
    pub fn new(path: Option<PathBuf>) -> Self {
        Self { path }
    }

    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        self.path.is_some()
    }

    /// Writes one in place of the last: whole, or not at all.
    pub async fn save(&self, checkpoint: &Checkpoint) -> anyhow::Result<()> {
        let Some(path) = self.path.clone() else { return Ok(()) };
        let text = serde_json::to_vec(checkpoint)?;
        let shown = path.display().to_string();
        let saved = tokio::task::spawn_blocking(move || write(&path, &text)).await?;
        saved.with_context(|| format!("the checkpoint {shown} cannot be written"))
    }

    /// All is done: nothing is left to go on with.
    pub fn remove(&self) -> anyhow::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(anyhow::Error::new(error))
                    .with_context(|| format!("the checkpoint {} cannot be removed", path.display()))
            }
            _ => Ok(()),
        }
    }
}

fn write(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text)?;
    // On the disk before it has the name: a machine that stops leaves the old one or the new one.
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(place: &str, sample: Option<usize>) -> Purpose {
        let (recipe, table) = ("r".to_owned(), "lookbook".to_owned());
        Purpose { place: place.to_owned(), by: By::Here { recipe, generation: 1, table }, sample }
    }

    /// Rows of another table, or of a lower generation, are not done by what was done for this one.
    #[test]
    fn a_checkpoint_is_of_one_table_and_one_generation() {
        let ours = task("s3://shop/", None);
        for (generation, table) in [(1, "staging"), (2, "lookbook")] {
            let by = By::Here { recipe: "r".to_owned(), generation, table: table.to_owned() };
            let difference = ours.difference(&Purpose { by, ..ours.clone() }).unwrap();
            let ours = "it works by recipe r of generation 1 into the table lookbook";
            assert!(difference.starts_with(ours), "{difference}");
        }
    }

    #[tokio::test]
    async fn a_checkpoint_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.json");
        let mut checkpoint = Checkpoint::open(&path, task("s3://shop/", None)).unwrap();
        assert_eq!(checkpoint, Checkpoint::new(task("s3://shop/", None)));
        checkpoint.below = Some("a\u{1}é".into());
        checkpoint.above = vec!["c".into()];
        checkpoint.again = vec!["a".into()];
        let file = File::new(Some(path.clone()));
        file.save(&checkpoint).await.unwrap();
        assert_eq!(Checkpoint::open(&path, task("s3://shop/", None)).unwrap(), checkpoint);
        file.remove().unwrap();
        file.remove().unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
    }

    #[tokio::test]
    async fn another_backfills_checkpoint_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.json");
        let saved = Checkpoint::new(task("s3://shop/", None));
        File::new(Some(path.clone())).save(&saved).await.unwrap();
        let refused = |of| format!("{:#}", Checkpoint::open(&path, of).unwrap_err());
        let error = refused(task("s3://shop/new/", None));
        assert!(error.contains("is about s3://shop/, and this one s3://shop/new/"), "{error}");
        let error = refused(task("s3://shop/", Some(9)));
        assert!(error.contains("its sample was all objects, and this one 9"), "{error}");
        std::fs::write(&path, "{}").unwrap();
        assert!(refused(task("s3://shop/", None)).contains("no checkpoint"));
    }
}
