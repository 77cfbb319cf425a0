//! What names an object, its content, and the order of its changes, as S3 gives them.
//!
//! Each is parsed once, at the edge, into a type that cannot be wrong: [`ObjectId`] is a bucket and
//! a decoded key, [`ETag`] the fingerprint of a content, [`Sequencer`] the place of a change among
//! those of its key, [`S3Url`] a bucket or a part of it as people type it.

mod etag;
mod form;
mod id;
mod sequencer;
mod url;

pub use etag::ETag;
pub use form::{decode_key, encode_key};
pub use id::{ObjectId, ObjectIdError};
pub use sequencer::{Sequencer, SequencerError};
pub use url::{S3Url, S3UrlError};
