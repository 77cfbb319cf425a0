//! How large a request may be, and how long its answer may take.

use std::time::Duration;

/// How long an answer may take.
pub const TIME: Duration = Duration::from_secs(25);
/// The largest body in bytes of a request that is no photo.
pub const SMALL: usize = 16 * 1024;

/// How large a body may be at this address, where a photo may have so many bytes.
pub fn limit_of(path: &str, of_photos: u64) -> u64 {
    let is_photo = path == "/api/classify" || path.starts_with("/api/uploads/");
    if is_photo { of_photos } else { SMALL as u64 }
}
