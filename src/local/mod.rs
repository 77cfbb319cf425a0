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
//! Everything is kept in one folder, and one process has it at a time:
//!
//! ```text
//! .lookbook/buckets/photos/   the bucket
//! .lookbook/table.sqlite      the table
//! .lookbook/state/            the lock, where the endpoints are, what has been handled,
//!                             the counter of the sequencers, headers and user metadata of
//!                             objects, parts of multipart uploads
//! ```
//!
//! A change counts as handled once the handler has answered without an error, and that is written
//! down: what was changed while nothing ran, or was not finished by a crash, is announced at the
//! next start. At least once, that is, as S3 does it. If the state is lost, or the table made anew,
//! every photo is announced again.
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
