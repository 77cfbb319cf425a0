//! Files that are whole when others see them.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::LocalError;

/// What the name of a file that [`write_atomically`] is writing begins with.
pub(super) const WRITING: &str = ".lookbook-write-";

/// Whether an error says that there is no such file: also if what should be a folder above it is
/// one.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Makes a file in `folder` that is removed again unless it is given a place of its own. Its name
/// begins with `prefix`.
pub(super) fn temporary_file(folder: &Path, prefix: &str) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As of any new file, since it is to stay: the process's umask takes away from these.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Removes the temporary files of this prefix that a crash has left behind in `folder`.
pub(super) fn remove_left_behind(folder: &Path, prefix: &str) -> Result<(), LocalError> {
    for entry in fs::read_dir(folder).map_err(LocalError::file("read", folder))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            // One that cannot be removed is in nobody's way.
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// Replaces a file's content in one step: a reader, or a crash, sees the old or the new.
pub(super) fn write_atomically(path: &Path, content: &[u8]) -> Result<(), LocalError> {
    let folder = folder_of(path);
    let file = temporary_file(folder, WRITING);
    let file = written(file.map_err(LocalError::file("create a file in", folder))?, content)?;
    file.persist(path).map_err(|error| LocalError::file("replace", path)(error.error))?;
    Ok(())
}

/// The same for a file that only its owner may read.
pub(super) fn write_privately(path: &Path, content: &[u8]) -> Result<(), LocalError> {
    let file = written(private_file(folder_of(path))?, content)?;
    file.persist(path).map_err(|error| LocalError::file("replace", path)(error.error))?;
    Ok(())
}

/// The same unless there is such a file already: whether it was written.
pub(super) fn write_privately_once(path: &Path, content: &[u8]) -> Result<bool, LocalError> {
    let file = written(private_file(folder_of(path))?, content)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(LocalError::file("create", path)(error.error)),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// A temporary file is private unless it is told otherwise.
fn private_file(folder: &Path) -> Result<NamedTempFile, LocalError> {
    tempfile::Builder::new()
        .prefix(WRITING)
        .tempfile_in(folder)
        .map_err(LocalError::file("create a file in", folder))
}

fn written(mut file: NamedTempFile, content: &[u8]) -> Result<NamedTempFile, LocalError> {
    file.write_all(content)
        .and_then(|()| file.as_file().sync_all())
        .map_err(LocalError::file("write", file.path()))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_the_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for content in ["one", "two"] {
            write_atomically(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        write_atomically(&folder.path().join("absent/a"), b"").unwrap_err();
    }

    #[cfg(unix)]
    #[test]
    fn what_is_written_has_the_permissions_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| {
            fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777
        };
        fs::write(folder.path().join("plain"), "").unwrap();
        write_atomically(&folder.path().join("whole"), b"").unwrap();
        assert_eq!(mode("whole"), mode("plain"));
    }

    #[test]
    fn what_a_crash_leaves_behind_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (_, crashed) = temporary_file(folder.path(), WRITING).unwrap().keep().unwrap();
        fs::write(folder.path().join("other"), "").unwrap();
        remove_left_behind(folder.path(), WRITING).unwrap();
        assert!(!crashed.exists());
        assert!(folder.path().join("other").exists());
    }
}
