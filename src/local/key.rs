//! Which keys a folder can hold, and where.
//!
//! A key is a path below the bucket's folder, `/` between its parts. S3 takes any text of up to
//! 1,024 bytes; a folder is narrower. What it cannot hold is refused when it is put, with a reason,
//! and is simply not there when it is asked for.

use std::path::{Path, PathBuf};

/// The longest key that S3 takes, in bytes.
pub(super) const MAX_KEY_BYTES: usize = 1024;
/// The longest name of a file or folder, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// Why a folder cannot hold a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeyError {
    #[error("the key is empty")]
    Empty,
    #[error("the key is longer than 1,024 bytes")]
    TooLong,
    #[error("a part of the key is longer than 255 bytes, which is the longest name of a file")]
    NameTooLong,
    #[error("a part of the key is empty, `.` or `..`, which is no name of a file")]
    NoName,
    #[error("the key has a character that no name of a file can have")]
    Character,
    #[error(
        "the key names a hidden or temporary file, and such files are never objects of the local bucket"
    )]
    Dropping,
}

/// The path of `key` below `root`.
///
/// Nothing that it returns leads out of `root`, except through a symbolic link inside of it.
pub(super) fn path_of(root: &Path, key: &str) -> Result<PathBuf, KeyError> {
    if key.is_empty() {
        return Err(KeyError::Empty);
    }
    if key.len() > MAX_KEY_BYTES {
        return Err(KeyError::TooLong);
    }
    let mut path = root.to_path_buf();
    for name in key.split('/') {
        if matches!(name, "" | "." | "..") {
            return Err(KeyError::NoName);
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(KeyError::NameTooLong);
        }
        if name.contains('\0')
            || (cfg!(windows) && name.contains(['\\', ':', '<', '>', '"', '|', '?', '*']))
        {
            return Err(KeyError::Character);
        }
        if is_dropping(name) {
            return Err(KeyError::Dropping);
        }
        path.push(name);
    }
    Ok(path)
}

/// Whether a file or folder of this name is something that a program dropped, and not a photo.
///
/// These are: what is hidden (a name that begins with `.`: `.DS_Store`, `._photo.jpg`,
/// `.photo.jpg.swp`, `.Trash-1000`, our own uploads in progress), what Windows leaves behind
/// (`Thumbs.db`, `ehthumbs.db`, `desktop.ini`, `~$photo`), downloads and copies in progress
/// (`*.crdownload`, `*.part`, `*.partial`, `*.download`, `*.filepart`, `*.tmp`), and backups
/// (`*~`).
pub(super) fn is_dropping(name: &str) -> bool {
    const NAMES: [&str; 3] = ["thumbs.db", "ehthumbs.db", "desktop.ini"];
    const ENDINGS: [&str; 6] =
        [".crdownload", ".part", ".partial", ".download", ".filepart", ".tmp"];
    let lower = name.to_ascii_lowercase();
    name.starts_with('.')
        || name.starts_with("~$")
        || name.ends_with('~')
        || NAMES.contains(&lower.as_str())
        || ENDINGS.iter().any(|ending| lower.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_become_paths_below_the_root() {
        let root = Path::new("/bucket");
        assert_eq!(
            path_of(root, "a b/é+%/日本.jpg"),
            Ok(PathBuf::from("/bucket/a b/é+%/日本.jpg"))
        );
        assert_eq!(path_of(root, "a..b/c."), Ok(PathBuf::from("/bucket/a..b/c.")));
    }

    #[test]
    fn what_a_folder_cannot_hold_is_refused() {
        let root = Path::new("/bucket");
        for (key, error) in [
            ("", KeyError::Empty),
            ("..", KeyError::NoName),
            ("a/../../etc/passwd", KeyError::NoName),
            ("/etc/passwd", KeyError::NoName),
            ("a//b", KeyError::NoName),
            ("a/", KeyError::NoName),
            ("a/./b", KeyError::NoName),
            ("a\0b", KeyError::Character),
            (".hidden.jpg", KeyError::Dropping),
            ("a/.git/b.jpg", KeyError::Dropping),
            ("THUMBS.DB", KeyError::Dropping),
            ("photo.jpg.crdownload", KeyError::Dropping),
        ] {
            assert_eq!(path_of(root, key), Err(error), "{key:?}");
        }
        assert_eq!(path_of(root, &"a".repeat(256)), Err(KeyError::NameTooLong));
        assert_eq!(path_of(root, &"a/".repeat(513)), Err(KeyError::TooLong));
    }

    #[test]
    fn ordinary_names_are_not_droppings() {
        for name in ["photo.jpg", "part.jpg", "tmp", "a~b.png", "download.webp", "~x"] {
            assert!(!is_dropping(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_key_leads_out_of_the_root(key in "[a./\\\\ ]{0,12}|.{0,40}") {
            let root = Path::new("/bucket");
            if let Ok(path) = path_of(root, &key) {
                prop_assert!(path.starts_with(root) && path != root);
                prop_assert!(path.components().all(|part| part.as_os_str() != ".."));
                let below = path.strip_prefix(root).unwrap();
                let back: Vec<_> = below.iter().map(|name| name.to_str().unwrap()).collect();
                prop_assert_eq!(back.join("/"), key);
            }
        }
    }
}
