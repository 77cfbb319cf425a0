//! What an operator asks of an AWS account, and how its answers are understood.
//!
//! What decides (whether two notifications overlap, what a queue's policy allows) is plain code over
//! plain values; [`Refusal`] says of any answer that is none whether something is missing, or who asked
//! may not know.

mod bucket;
mod bucket_name;
mod notifications;
mod policy;
mod queue;
mod refusal;

pub use bucket::{Put, put_and_look, read_notifications};
pub use bucket_name::BucketName;
pub use notifications::{Change, Entry, Overlap, Wanted, entries, merge, remove};
pub use policy::{Sends, may_send, statement};
pub use queue::{Queue, QueueArn, QueueName};
pub use refusal::{Refusal, Why};
