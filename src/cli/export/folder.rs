//! The folder on the disk that an export fills.
//!
//! A photo's file is named after the SHA-256 of its content, so what is there already can be checked
//! without asking anybody. Files appear in one step, whole: whatever ends an export, the next one goes on
//! after it. One export at a time has the folder.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::plan::{Content, Photo};

/// Says that an export has the folder.
const LOCK: &str = ".export.lock";
/// The endings of files that are being written: hidden ones, which no training reads.
const UNFINISHED: &str = ".part";

/// A folder that this process has.
pub struct Folder {
    root: PathBuf,
    /// Photos that lie in it, by what their names say that they are.
    found: HashMap<Content, Vec<PathBuf>>,
    _lock: File,
}

/// What is on the disk of a photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDisk {
    /// It lies where it belongs.
    There,
    /// It lay in another label's folder, and is where it belongs now.
    Moved,
    /// It is not there.
    Missing,
}

impl Folder {
    /// Makes the folder where there is none, takes it, and looks at what is in it.
    pub fn open(root: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(root).with_context(|| format!("{} cannot be made", root.display()))?;
        let lock = File::create(root.join(LOCK))
            .with_context(|| format!("nothing can be written into {}", root.display()))?;
        // Where a file system has no locks, there is no rival to be seen.
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            anyhow::bail!("another export is writing into {}: wait for its end", root.display());
        }
        let found = look(root).with_context(|| format!("{} cannot be read", root.display()))?;
        Ok(Self { root: root.to_owned(), found, _lock: lock })
    }

    /// What is there of a photo. A file counts only if its content is what its name says.
    pub fn settle(&self, photo: &Photo) -> anyhow::Result<OnDisk> {
        let path = self.path(photo);
        if is_whole(&path, photo.content)? {
            return Ok(OnDisk::There);
        }
        for other in self.found.get(&photo.content).into_iter().flatten() {
            if *other != path && is_whole(other, photo.content)? {
                self.make(&photo.folder)?;
                fs::rename(other, &path).with_context(|| unwritable(&path))?;
                return Ok(OnDisk::Moved);
            }
        }
        Ok(OnDisk::Missing)
    }

    /// Lays a photo down.
    pub fn put(&self, photo: &Photo, bytes: &[u8]) -> anyhow::Result<()> {
        let folder = self.make(&photo.folder)?;
        write(&folder, &photo.name, bytes)
    }

    /// Writes a file beside the labels' folders.
    pub fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        write(&self.root, name, bytes)
    }

    /// A file beside the labels' folders; empty if there is none.
    pub fn read(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        let path = self.root.join(name);
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read.with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    /// Whether there is a file in a label's folder.
    pub fn has(&self, file: &str) -> bool {
        self.root.join(file).is_file()
    }

    /// Takes away the folders of labels that the last photo was moved out of.
    pub fn tidy(&self) {
        let moved = self.found.values().flatten().filter(|path| !path.exists());
        for folder in moved.filter_map(|path| path.parent()) {
            // One that is not empty stays.
            let _ = fs::remove_dir(folder);
        }
    }

    /// How many photos an earlier export left in these labels' folders, or in any, which are none of
    /// this one.
    pub fn left_over(&self, photos: &[Photo], within: Option<&BTreeSet<&str>>) -> usize {
        let expected: BTreeSet<PathBuf> = photos.iter().map(|photo| self.path(photo)).collect();
        let is_within = |path: &&PathBuf| {
            let folder = path.parent().and_then(Path::file_name);
            within.is_none_or(|folders| folders.iter().any(|name| folder == Some(name.as_ref())))
        };
        let found = self.found.values().flatten().filter(is_within);
        // What was moved is not there any more.
        found.filter(|path| !expected.contains(*path) && path.exists()).count()
    }

    fn path(&self, photo: &Photo) -> PathBuf {
        self.root.join(&photo.folder).join(&photo.name)
    }

    fn make(&self, folder: &str) -> anyhow::Result<PathBuf> {
        let path = self.root.join(folder);
        fs::create_dir_all(&path).with_context(|| format!("{} cannot be made", path.display()))?;
        Ok(path)
    }
}

/// The photos in the folders of `root`. What an export did not finish is removed.
fn look(root: &Path) -> io::Result<HashMap<Content, Vec<PathBuf>>> {
    let mut found: HashMap<Content, Vec<PathBuf>> = HashMap::new();
    for folder in fs::read_dir(root)? {
        let folder = folder?;
        // Links are not followed: what they lead to is not this export's.
        if !folder.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(folder.path())? {
            let file = file?;
            let name = file.file_name();
            let Some(name) = name.to_str().filter(|_| file.file_type().is_ok_and(|t| t.is_file()))
            else {
                continue;
            };
            let unfinished = name.strip_prefix('.').and_then(|n| n.strip_suffix(UNFINISHED));
            if unfinished.and_then(content).is_some() {
                fs::remove_file(file.path())?;
            } else if let Some(content) = content(name) {
                found.entry(content).or_default().push(file.path());
            }
        }
    }
    for paths in found.values_mut() {
        paths.sort();
    }
    Ok(found)
}

/// The content that a photo's file name says.
fn content(name: &str) -> Option<Content> {
    let (stem, _) = name.split_once('.')?;
    stem.parse().ok().filter(|content: &Content| content.to_string() == stem)
}

/// Whether there is a file with this content.
fn is_whole(path: &Path, content: Content) -> anyhow::Result<bool> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened.with_context(|| format!("{} cannot be read", path.display()))?,
    };
    let (mut hashed, mut piece) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let n =
            file.read(&mut piece).with_context(|| format!("{} cannot be read", path.display()))?;
        if n == 0 {
            return Ok(Content::from(hashed) == content);
        }
        hashed.update(&piece[..n]);
    }
}

/// Writes a file so that it appears in one step.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(name);
    let unfinished = folder.join(format!(".{name}{UNFINISHED}"));
    let written = File::create(&unfinished)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&unfinished, &path));
    written.with_context(|| unwritable(&path))
}

fn unwritable(path: &Path) -> String {
    format!("{} cannot be written", path.display())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn photo(folder: &str, bytes: &[u8]) -> Photo {
        let content = Content::of(bytes);
        Photo {
            content,
            object: "shop/a.jpg".parse().unwrap(),
            label: folder.parse().unwrap(),
            model_label: None,
            confidence: None,
            folder: folder.to_owned(),
            name: format!("{content}.jpg"),
        }
    }

    #[test]
    fn what_was_put_is_there_and_what_was_spoilt_is_not() {
        let dir = TempDir::new().unwrap();
        let (hat, cap) = (photo("hat", b"one"), photo("cap", b"two"));
        let folder = Folder::open(dir.path()).unwrap();
        assert_eq!(folder.settle(&hat).unwrap(), OnDisk::Missing);
        folder.put(&hat, b"one").unwrap();
        folder.put(&cap, b"spoilt").unwrap();
        assert_eq!(folder.settle(&hat).unwrap(), OnDisk::There);
        assert_eq!(folder.settle(&cap).unwrap(), OnDisk::Missing);
        folder.put(&cap, b"two").unwrap();
        assert_eq!(folder.settle(&cap).unwrap(), OnDisk::There);
        let names = fs::read_dir(dir.path().join("hat")).unwrap();
        assert_eq!(names.count(), 1, "nothing is left of the writing");
    }

    #[test]
    fn a_photo_of_another_label_now_is_moved_and_what_is_left_is_counted() {
        let dir = TempDir::new().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        folder.put(&photo("hat", b"one"), b"one").unwrap();
        folder.put(&photo("hat", b"two"), b"two").unwrap();
        fs::write(dir.path().join("hat/mine.jpg"), b"mine").unwrap();
        drop(folder);
        let folder = Folder::open(dir.path()).unwrap();
        let now = photo("cap", b"one");
        assert_eq!(folder.settle(&now).unwrap(), OnDisk::Moved);
        assert_eq!(folder.settle(&now).unwrap(), OnDisk::There);
        assert_eq!(fs::read_dir(dir.path().join("hat")).unwrap().count(), 2);
        folder.tidy();
        assert!(dir.path().join("hat").exists());
        let photos = [now];
        assert_eq!(folder.left_over(&photos, None), 1);
        assert_eq!(folder.left_over(&photos, Some(&BTreeSet::from(["cap"]))), 0);
        assert_eq!(folder.left_over(&photos, Some(&BTreeSet::from(["hat"]))), 1);
    }

    #[test]
    fn a_folder_that_the_last_photo_was_moved_out_of_goes() {
        let dir = TempDir::new().unwrap();
        Folder::open(dir.path()).unwrap().put(&photo("hat", b"one"), b"one").unwrap();
        fs::create_dir(dir.path().join("mine")).unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        folder.settle(&photo("cap", b"one")).unwrap();
        folder.tidy();
        let there = ["hat", "cap", "mine"].map(|name| dir.path().join(name).exists());
        assert_eq!(there, [false, true, true]);
    }

    #[test]
    fn what_was_not_finished_is_removed_and_nothing_else() {
        let dir = TempDir::new().unwrap();
        fs::create_dir(dir.path().join("hat")).unwrap();
        let name = photo("hat", b"one").name;
        for name in [format!(".{name}.part"), ".mine.part".to_owned(), "notes.txt".to_owned()] {
            fs::write(dir.path().join("hat").join(name), b"on").unwrap();
        }
        drop(Folder::open(dir.path()).unwrap());
        let mut names: Vec<_> = fs::read_dir(dir.path().join("hat"))
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, [".mine.part", "notes.txt"]);
    }

    #[test]
    fn one_export_has_the_folder() {
        let dir = TempDir::new().unwrap();
        let first = Folder::open(dir.path()).unwrap();
        let second = Folder::open(dir.path()).map(|_| ()).unwrap_err();
        assert!(second.to_string().contains("another export"), "{second:#}");
        drop(first);
        Folder::open(dir.path()).unwrap();
    }
}
