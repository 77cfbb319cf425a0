//! What tells one state of a file from another.

use std::fs::Metadata;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use s3s::dto::Timestamp;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// What tells one state of a file from another without reading it. Times are nanoseconds since
/// 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileStamp {
    pub size: u64,
    /// When the content was last modified; a copy may keep that of its original.
    pub modified: i64,
    /// When the file was last changed in any way, which nobody can set; 0 where there is no such
    /// time.
    pub changed: i64,
}

impl FileStamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let changed = {
            use std::os::unix::fs::MetadataExt;
            metadata.ctime().saturating_mul(1_000_000_000).saturating_add(metadata.ctime_nsec())
        };
        #[cfg(not(unix))]
        let changed = 0;
        let modified = metadata.modified().map_or(0, nanoseconds);
        Self { size: metadata.len(), modified, changed }
    }

    /// The time of the last modification.
    pub(super) fn modified(self) -> SystemTime {
        let distance = Duration::from_nanos(self.modified.unsigned_abs());
        if self.modified < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
    }

    /// The time of the last modification, in whole seconds as S3 tells it.
    pub(super) fn last_modified(self) -> Timestamp {
        let time = OffsetDateTime::from(self.modified());
        time.replace_nanosecond(0).unwrap_or(time).into()
    }

    /// All of it, to be hashed.
    pub(super) fn bytes(self) -> Vec<u8> {
        let times = [self.modified.to_le_bytes(), self.changed.to_le_bytes()];
        [self.size.to_le_bytes(), times[0], times[1]].concat()
    }

    /// When anything about the file last changed.
    pub(super) fn latest(self) -> i64 {
        self.modified.max(self.changed)
    }
}

/// Nanoseconds since 1970, negative before it.
pub(super) fn nanoseconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |n| -n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_keep_times_before_1970() {
        let before = UNIX_EPOCH - Duration::from_nanos(5);
        let stamp = FileStamp { size: 0, modified: nanoseconds(before), changed: 0 };
        assert_eq!(stamp.modified(), before);
    }
}
