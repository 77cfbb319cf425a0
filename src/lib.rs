//! Lookbook turns a bucket of clothing photos into a website catalogue.
//!
//! A photo lands in S3; a Lambda function classifies it with a TensorFlow Lite model; the labels
//! appear in a `DynamoDB` table that the shop's website reads.
//!
//! ```text
//! S3 ─▶ event ─▶ pipeline ──▶ bucket ──▶ photo ──▶ classifier ──▶ catalogue ─▶ DynamoDB
//!      what       decide       fetch      decode     tensor in,     one row per   ▲
//!      changed    what to do   bytes      to RGB     labels out     photo         └─ cli: reads it
//! ```
//!
//! Data goes one way, left to right; no module reaches back. [`pipeline`] is the only one that knows
//! all the others. What decides is pure code over plain values; what touches S3, `DynamoDB` or HTTP
//! is a thin shell around it.
//!
//! # Invariants
//!
//! 1. *Convergence.* Deliver the changes of a key in any order, any number of times, split over any
//!    invocations that run at the same time: the row ends equal to the classification of the object
//!    that is there now, or is a tombstone.
//! 2. *Nothing lost.* Every change ends in exactly one [`pipeline::Outcome`]. `Retry` goes back to
//!    its sender; `Classified`, `Removed` and `Rejected` are written down in the table.
//! 3. *Poison is isolated.* A bad photo never fails its neighbours: it is `Rejected` with a reason
//!    that a person can act on. A message that names no object is handed back alone.
//! 4. *Bounded.* Bytes and pixels are capped before anything is allocated for them; what is in
//!    flight is bounded by bytes, decoded ones included.
//! 5. *On time.* An invocation never runs into its deadline: what is not begun in time is handed
//!    back, and what has begun is given up, not written half.
//! 6. *Reproducible.* A row says which model, recipe and software version made it.
//! 7. *A person's word stands.* A review belongs to a photo's content, and no machine overwrites it.

pub mod aws;
pub mod bucket;
pub mod catalogue;
pub mod classifier;
#[cfg(feature = "cli")]
pub mod cli;
pub mod code;
pub mod event;
pub mod handler;
pub mod label;
#[cfg(feature = "cli")]
pub mod local;
pub mod object;
pub mod photo;
pub mod pipeline;
pub mod settings;
pub mod telemetry;
