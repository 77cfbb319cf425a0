//! An S3 bucket and a `DynamoDB` table in this process, and a folder watcher that stands in for
//! S3's notifications: the whole pipeline without an account.
//!
//! ```text
//!  a file copied by hand ─────────────▶ folder ◀── watcher ── event ──▶ handler
//!  aws s3 cp --endpoint-url ─▶ S3 ────────┘                                │
//!                               ▲──────── GET ─────────────────────────────┤
//!                          DynamoDB ◀──── write ───────────────────────────┘
//! ```
//!
//! Both endpoints speak HTTP on 127.0.0.1 and are reached by the very clients that reach AWS; the
//! handler gets the very events that S3 sends. The bucket is a folder: a file copied into it is an
//! object that was put, a deleted one an object that was removed. A file that is still being copied
//! waits until its size and times have stood still for a while ([`Options::settle`]); what is put
//! through the endpoint appears in one step when it is whole. Hidden files, downloads in progress
//! and what operating systems leave behind are never objects, nor are folders and symbolic links.
//!
//! Who may ask: programs on this machine that know the folder's [`AccessKey`], which is made at
//! random and kept where only its owner may read it. Requests that a web page makes in a browser are
//! refused before anything else is looked at, and so are those to another host's name, whatever
//! they are signed with. What the bucket does not have (operations, parameters, conditions) it
//! refuses as `NotImplemented`, and changes nothing.
//!
//! Everything is kept in one folder, and one process has it at a time:
//!
//! ```text
//! .lookbook/buckets/photos/   the bucket
//! .lookbook/table.sqlite      the table
//! .lookbook/state/            the lock, the key, where the endpoints are, what has been handled,
//!                             the counter of the sequencers, headers and user metadata of
//!                             objects, parts of multipart uploads
//! ```
//!
//! A change counts as handled once the handler has answered without an error, and that is written
//! down: what was changed while nothing ran, or was not finished by a crash, is announced at the
//! next start. At least once, that is, as S3 does it. If the state is lost, or the table made anew,
//! every photo is announced again.
//!
//! A disk that is full, or a state that cannot be written, ends nothing: it is said once, and tried
//! again. A large file is read last, and one that is larger than any photo not at all, so that the
//! photos beside it need not wait.
//!
//! # Why the bucket is our own
//!
//! HTTP, XML, signatures and the operations' types are those of the library `s3s`; what is done with
//! files is ours. The other choice was `s3s-fs` (0.17.0 was looked at), which calls itself a sample
//! for integration tests. Its bucket is no folder that people may copy photos into: the `ETag` that
//! was stored with an object is believed after another file took its place, so that a photo which
//! was replaced by hand would never be classified again. Removals know no conditions, and uploads
//! that are not complete cannot be listed. What it does not know is ignored, and not refused. It
//! needs a newer compiler than this crate. No other server on crates.io is made to be embedded.
//! `tests/clients` runs boto3, the AWS CLI, rclone and s3fs against ours.
//!
//! The table's engine is `dynoxide`'s, with an HTTP front of ours (`table_service.rs`): its own checks
//! no signatures, lets every web page in, and cannot be put behind a guard.
//!
//! On a file system that takes upper for lower case, as is usual on macOS and Windows, two keys
//! that differ only in case are one object.

mod access_key;
mod asked;
mod attributes;
mod bucket_endpoint;
mod clients;
mod diff;
mod disk;
mod endpoints;
mod error;
mod folder;
mod guard;
mod handled;
mod key;
mod listing;
mod lock;
mod notification;
mod parts;
mod progress;
mod schedule;
mod sequencer;
mod serve;
mod service;
mod signature;
mod stack;
mod stamp;
mod table;
mod table_service;
#[cfg(test)]
mod tests;
mod upload;
mod walk;
mod watcher;

pub use access_key::AccessKey;
pub use endpoints::Endpoints;
pub use error::LocalError;
pub use stack::{Options, Stack};
pub use table::create_table;
pub use watcher::WatcherAnswer;
