//! The key that requests to the endpoints are signed with: each folder has its own.

use std::fmt;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::LocalError;
use super::disk::{write_privately, write_privately_once};

/// The file that keeps it, in the folder of the state.
const FILE: &str = "key.json";

/// What requests to the embedded bucket and table must be signed with.
///
/// It is made at random for each folder, and kept there in a file that only its owner may read. A
/// web page, or another user of the machine, does not know it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKey {
    /// What AWS calls the access key ID.
    pub id: String,
    /// What AWS calls the secret access key.
    pub secret: String,
}

impl AccessKey {
    /// The key of the folder `dir`, made now if there is none yet: `lookbook local` may be started
    /// before or after it is asked for.
    pub fn of(dir: &Path) -> Result<Self, LocalError> {
        let state = dir.join("state");
        fs::create_dir_all(&state).map_err(LocalError::file("create", &state))?;
        let path = state.join(FILE);
        if let Some(key) = Self::read(&path)? {
            return Ok(key);
        }
        let key = Self::random();
        // Two texts always serialise.
        let text = serde_json::to_vec(&key).unwrap_or_default();
        if path.exists() {
            // Damaged: nobody can be using it.
            write_privately(&path, &text)?;
            return Ok(key);
        }
        if write_privately_once(&path, &text)? {
            return Ok(key);
        }
        // Another process was quicker.
        Ok(Self::read(&path)?.unwrap_or(key))
    }

    fn random() -> Self {
        let text = || Uuid::new_v4().simple().to_string();
        Self {
            id: format!("LOCAL{}", &text().to_uppercase()[..15]),
            secret: format!("{}{}", text(), text()),
        }
    }

    /// What the file says; nothing if there is none, or it is damaged.
    fn read(path: &Path) -> Result<Option<Self>, LocalError> {
        match fs::read(path) {
            Ok(text) => {
                let key = serde_json::from_slice(&text).ok();
                Ok(key.filter(|key: &Self| !key.id.is_empty() && key.secret.len() >= 32))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LocalError::file("read", path)(error)),
        }
    }
}

/// Without the secret, so that no log has it.
impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_folder_has_its_own_and_keeps_it() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let key = AccessKey::of(one.path()).unwrap();
        assert_eq!(AccessKey::of(one.path()).unwrap(), key);
        let another = AccessKey::of(other.path()).unwrap();
        assert_ne!(another.id, key.id);
        assert_ne!(another.secret, key.secret);
        assert_eq!((key.id.len(), key.secret.len()), (20, 64));
        assert!(!format!("{key:?}").contains(&key.secret));
    }

    #[test]
    fn a_damaged_one_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let key = AccessKey::of(dir.path()).unwrap();
        for damage in ["", "{", r#"{"id":"","secret":""}"#] {
            fs::write(dir.path().join("state").join(FILE), damage).unwrap();
            let new = AccessKey::of(dir.path()).unwrap();
            assert_ne!(new, key);
            assert_eq!(AccessKey::of(dir.path()).unwrap(), new);
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        AccessKey::of(dir.path()).unwrap();
        let metadata = fs::metadata(dir.path().join("state").join(FILE)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
}
