//! What the router is made of.

use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::access::Access;
use super::counts::ShelfCounts;
use super::kept::Kept;
use super::live::Live;
use super::page;
use super::rate::Rate;
use crate::bucket::PostSigner;
use crate::catalogue::{Changes, DynamoDb};
use crate::photo::Limits;
use crate::pipeline::{PhotoJudge, Scorer};
use crate::settings::{Origins, UploadPlace};

/// All that the API needs, shared by its requests.
#[derive(Clone)]
pub struct Web(Arc<Shared>);

/// What it is made of.
pub struct Parts {
    /// The catalogue.
    pub table: DynamoDb,
    /// What has changed in it.
    pub changes: Changes,
    /// Where the photos are.
    pub s3: aws_sdk_s3::Client,
    /// What says of a photo what it shows.
    pub scorer: Scorer<PhotoJudge>,
    /// What a photo may have.
    pub limits: Limits,
    /// How whole photos are handed out.
    pub photos: PhotoSource,
    /// Where photos can be copied to, in people's words: a folder.
    pub folder: Option<String>,
    /// Where people's photos go.
    pub uploads: Uploads,
    /// Who may do what.
    pub access: Access,
    /// Whose scripts may call.
    pub origins: Origins,
    /// How much one address may ask in a second.
    pub per_second: NonZeroU32,
    /// What becomes of photos while somebody looks, if this process deals with them.
    pub live: Option<Live>,
}

/// How whole photos are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhotoSource {
    /// By a presigned address in the bucket.
    Redirect,
    /// By this server: a page cannot ask the embedded bucket.
    Send,
}

/// Where people's photos go.
pub enum Uploads {
    /// Nowhere.
    None,
    /// Through this server into a bucket.
    Through(UploadPlace),
    /// By a presigned form into a bucket.
    Presigned(UploadPlace, PostSigner),
}

/// The parts, and what requests share beside them.
pub struct Shared {
    /// What it was made of.
    pub parts: Parts,
    pub(super) rate: Rate,
    /// Pictures are decoded this many at a time: each takes memory.
    pub(super) decoding: Arc<Semaphore>,
    pub(super) counted: Kept<ShelfCounts>,
    pub(super) agreed: Kept<page::Agreement>,
}

/// How many pictures are decoded at a time.
const DECODING: usize = 2;

impl Web {
    /// Puts it together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Shared {
            rate: Rate::new(parts.per_second),
            decoding: Arc::new(Semaphore::new(DECODING)),
            counted: Kept::default(),
            agreed: Kept::default(),
            parts,
        }))
    }
}

impl Deref for Web {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Deref for Shared {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}
