//! Models that were fetched, kept on this machine by their SHA-256.

use std::fs::{self, DirEntry, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::classifier::ModelHash;

/// How many models are kept: those that were written last.
const MODELS: usize = 4;
/// What is still being written after so long was left behind.
const WRITING: Duration = Duration::from_hours(1);

/// A folder of models. A file's name is its SHA-256, and nothing is believed that has another.
///
/// It is a convenience: whatever is wrong with it costs a download.
#[derive(Debug, Clone)]
pub struct Kept(PathBuf);

impl Kept {
    /// The folder of this machine: `lookbook-models` below `TMPDIR` or `/tmp`.
    #[must_use]
    pub fn here() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// The same below another folder.
    #[must_use]
    pub fn below(folder: &Path) -> Self {
        Self(folder.join("lookbook-models"))
    }

    /// Where the model with this SHA-256 is, if it is kept.
    #[must_use]
    pub fn path(&self, sha256: &ModelHash) -> PathBuf {
        self.0.join(format!("{sha256}.tflite"))
    }

    /// The model with this SHA-256. One that is damaged is removed.
    pub(super) fn read(&self, sha256: &ModelHash, limit: u64) -> Option<Vec<u8>> {
        let path = self.path(sha256);
        let mut bytes = Vec::new();
        File::open(&path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)).ok()?;
        if ModelHash::of(&bytes) == *sha256 {
            return Some(bytes);
        }
        let _ = fs::remove_file(&path);
        None
    }

    /// Keeps a model, in one step: a reader finds all of it or nothing. Of many models, the oldest go.
    pub(super) fn write(&self, sha256: &ModelHash, bytes: &[u8]) -> io::Result<()> {
        make_private(&self.0)?;
        self.tidy();
        let unfinished = self.0.join(format!(".{}", uuid::Uuid::new_v4()));
        let mut file = OpenOptions::new().write(true).create_new(true).open(&unfinished)?;
        let written = file.write_all(bytes);
        drop(file);
        let done = written.and_then(|()| fs::rename(&unfinished, self.path(sha256)));
        if done.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        done
    }

    /// Makes room for one more.
    fn tidy(&self) {
        let Ok(entries) = fs::read_dir(&self.0) else { return };
        let written = |entry: &DirEntry| entry.metadata().and_then(|file| file.modified()).ok();
        let files = entries.filter_map(|entry| {
            let entry = entry.ok()?;
            Some((written(&entry)?, entry))
        });
        let (unfinished, mut models): (Vec<_>, Vec<_>) =
            files.partition(|(_, entry)| entry.file_name().as_encoded_bytes().starts_with(b"."));
        models.retain(|(_, entry)| is_model(entry));
        models.sort_by_key(|(written, _)| std::cmp::Reverse(*written));
        let is_left = |written: &SystemTime| written.elapsed().is_ok_and(|age| age > WRITING);
        let left = unfinished.into_iter().filter(|(written, _)| is_left(written));
        for (_, entry) in left.chain(models.into_iter().skip(MODELS - 1)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a file has a model's name.
fn is_model(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let stem = name.to_str().and_then(|name| name.strip_suffix(".tflite"));
    stem.is_some_and(|stem| stem.parse::<ModelHash>().is_ok())
}

/// Makes a folder that only its owner may change, or finds it. A link that somebody put there is not
/// followed.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if fs::symlink_metadata(folder)?.is_dir() { Ok(()) } else { Err(error) }
        }
        made => made,
    }
}

#[cfg(test)]
#[cfg(feature = "cli")]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn files(kept: &Kept) -> Vec<String> {
        let names = fs::read_dir(&kept.0).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_read_is_what_was_written_or_nothing() {
        let dir = TempDir::new().unwrap();
        let kept = Kept::below(dir.path());
        let hash = ModelHash::of(b"model");
        assert_eq!(kept.read(&hash, 9), None);
        kept.write(&hash, b"model").unwrap();
        kept.write(&hash, b"model").unwrap();
        assert_eq!(kept.read(&hash, 9).as_deref(), Some(&b"model"[..]));
        assert_eq!(files(&kept), [format!("{hash}.tflite")]);
        for damaged in ["mod", "model and more", "mocel", ""] {
            fs::write(kept.path(&hash), damaged).unwrap();
            assert_eq!(kept.read(&hash, 9), None, "{damaged}");
            assert!(!kept.path(&hash).exists());
        }
    }

    #[test]
    fn the_oldest_models_go_and_nothing_else() {
        let dir = TempDir::new().unwrap();
        let kept = Kept::below(dir.path());
        let old = SystemTime::now() - 3 * WRITING;
        let write = |name: &Path, age: u32| {
            let file = File::create(kept.0.join(name)).unwrap();
            file.set_modified(old + Duration::from_secs(age.into())).unwrap();
        };
        make_private(&kept.0).unwrap();
        write(Path::new("notes.txt"), 0);
        write(Path::new(".left-behind"), 0);
        let hashes: Vec<ModelHash> = (0..6_u8).map(|n| ModelHash::of(&[n])).collect();
        for (age, hash) in (1..).zip(&hashes[..5]) {
            write(&kept.path(hash), age);
        }
        kept.write(&hashes[5], &[5]).unwrap();
        let mut expected: Vec<String> =
            hashes[2..].iter().map(|hash| format!("{hash}.tflite")).collect();
        expected.push("notes.txt".to_owned());
        expected.sort();
        assert_eq!(files(&kept), expected);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_place_of_the_folder_is_not_followed() {
        let dir = TempDir::new().unwrap();
        let kept = Kept::below(dir.path());
        let other = TempDir::new().unwrap();
        std::os::unix::fs::symlink(other.path(), &kept.0).unwrap();
        kept.write(&ModelHash::of(b"model"), b"model").unwrap_err();
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);
    }
}
