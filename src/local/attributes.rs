//! What S3 keeps of an object beside its content, and a file cannot carry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::LocalError;
use super::disk::{WRITING, is_absent, remove_left_behind, write_atomically};

/// An object's headers and user metadata.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Attributes {
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    /// In seconds since 1970.
    pub expires: Option<i64>,
    pub metadata: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct SavedAttributes {
    key: String,
    etag: String,
    #[serde(flatten)]
    attributes: Attributes,
}

/// The attributes of all objects, a file each, in a folder beside the bucket.
#[derive(Debug)]
pub(super) struct AttributeStore {
    dir: PathBuf,
}

impl AttributeStore {
    pub(super) fn open(dir: &Path) -> Result<Self, LocalError> {
        fs::create_dir_all(dir).map_err(LocalError::file("create", dir))?;
        remove_left_behind(dir, WRITING)?;
        Ok(Self { dir: dir.to_path_buf() })
    }

    fn path(&self, key: &str) -> PathBuf {
        self.dir.join(format!("{}.json", hex::encode(Sha256::digest(key))))
    }

    /// Keeps the attributes of `key` for as long as its content has this `ETag`.
    pub(super) fn save(&self, key: &str, etag: &str, attributes: &Attributes) -> io::Result<()> {
        let path = self.path(key);
        if *attributes == Attributes::default() {
            return fs::remove_file(path)
                .or_else(|error| if is_absent(&error) { Ok(()) } else { Err(error) });
        }
        let saved = SavedAttributes {
            key: key.to_owned(),
            etag: etag.to_owned(),
            attributes: attributes.clone(),
        };
        write_atomically(&path, &serde_json::to_vec(&saved)?).map_err(io::Error::other)
    }

    /// The attributes of `key`, if they came with the content of this `ETag`.
    pub(super) fn of(&self, key: &str, etag: &str) -> Attributes {
        fs::read(self.path(key))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<SavedAttributes>(&bytes).ok())
            .filter(|saved| saved.key == key && saved.etag == etag)
            .map(|saved| saved.attributes)
            .unwrap_or_default()
    }

    pub(super) fn remove(&self, key: &str) {
        // What is left behind counts for nothing once the object is gone.
        let _ = fs::remove_file(self.path(key));
    }
}
