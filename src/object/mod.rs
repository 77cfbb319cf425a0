//! What names an object, its content, and the order of its changes, as S3 gives them.
//!
//! Each is parsed once, at the edge, into a type that cannot be wrong: [`ObjectId`] is a bucket and
//! a decoded key, [`ETag`] the fingerprint of a content, [`Sequencer`] the place of a change among
//! those of its key.

mod etag;
mod id;
mod sequencer;

pub use etag::ETag;
pub use id::{ObjectId, ObjectIdError};
pub use sequencer::{Sequencer, SequencerError};
