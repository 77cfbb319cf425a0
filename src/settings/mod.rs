//! What can be set: every setting once, and all of them as one typed struct.
//!
//! Every setting is a text under a name (`MAX_BYTES`, ...), whether a flag gives it or the
//! environment. [`ALL`] holds what there is to say of each: name, flag, help, default, range. The
//! `FromStr` of a field's type reads it, and all of them are read together, so that a deployment
//! with three mistakes hears of three.

mod definitions;
mod model;
mod reader;
mod setting;
#[cfg(test)]
pub(crate) mod tests;
mod values;
#[cfg(feature = "web")]
mod web;

use std::num::{NonZeroU64, NonZeroUsize};

use crate::bucket::Hosts;
use crate::catalogue::Shards;
use crate::photo::Limits;

pub use definitions::{
    ALL, CLASSIFICATION, CONCURRENCY, DEAD_LETTER_QUEUE, GENERATION, IN_FLIGHT_BYTES,
    INPUT_COLOURS, INPUT_SIZE, KEY_PREFIX, LABELS_FILE, LOOKING, MAX_BYTES, MAX_PIXELS, MODEL,
    MODEL_FILE, MODEL_SHA256, NORMALISE, OUTPUT_NUMBER, REVIEW_BELOW, RUST_LOG, SHELF_SHARDS,
    TABLE_NAME, THREADS, URL_HOSTS,
};
pub use model::{ModelChoice, ModelPlace};
use reader::Reader;
pub use reader::SettingsError;
pub use setting::{Flag, Group, Setting, Unset};
pub use values::{Confidence, QueueUrl, TableName, ValueError};
#[cfg(feature = "web")]
pub use web::{
    Origins, Reading, Tokens, UploadPlace, WEB, WEB_CORS_ORIGINS, WEB_READING,
    WEB_REQUESTS_PER_SECOND, WEB_TOKEN_SHA256, WEB_TRUST_IAM, WEB_UPLOADS, WebSettings,
};

/// What the function needs to know.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// [`TABLE_NAME`]: where rows are written.
    pub table: TableName,
    /// [`SHELF_SHARDS`]: over how many partitions of its index each shelf is spread.
    pub shards: Shards,
    /// [`DEAD_LETTER_QUEUE`]: where messages go that can never be read; otherwise back to their queue.
    pub dead_letter_queue: Option<QueueUrl>,
    /// The rest, which does not depend on where rows are written.
    pub rules: Rules,
}

/// How photos are classified.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// [`MODEL_FILE`]: a `.tflite` file, here or in a bucket; otherwise the embedded model.
    /// [`MODEL_SHA256`]: what its content must be. [`LABELS_FILE`], [`NORMALISE`], [`INPUT_COLOURS`],
    /// [`INPUT_SIZE`] and [`OUTPUT_NUMBER`]: what is not written in or beside it.
    pub model: ModelChoice,
    /// [`REVIEW_BELOW`]: a confidence; otherwise the model's own.
    pub review_below: Option<Confidence>,
    /// [`GENERATION`]: what a lower one says never takes the place of what a higher one said.
    pub generation: u32,
    /// [`MAX_BYTES`] and [`MAX_PIXELS`]: what a photo may have.
    pub limits: Limits,
    /// [`CONCURRENCY`]: keys worked on at a time.
    pub concurrency: NonZeroUsize,
    /// [`THREADS`]: photos decoded and classified at a time; otherwise one a core.
    pub threads: NonZeroUsize,
    /// [`IN_FLIGHT_BYTES`]: what may be in memory of photos at a time, decoded ones included.
    pub in_flight_bytes: NonZeroU64,
    /// [`KEY_PREFIX`]: keys outside it are ignored.
    pub key_prefix: String,
    /// [`URL_HOSTS`]: hosts from which photos on the web are scored, for who calls with their URL;
    /// none unless they are named.
    pub url_hosts: Hosts,
}

impl Settings {
    /// Reads the settings. `lookup` gives a setting's text by its name; empty is unset.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(lookup, Setting::in_environment);
        let table = reader.read(&TABLE_NAME);
        let shards = reader.read(&SHELF_SHARDS);
        let dead_letter_queue = reader.read(&DEAD_LETTER_QUEUE);
        let rules = Rules::read(&mut reader);
        let settings = table.zip(shards).zip(rules);
        reader.finish(settings.map(|((table, shards), rules)| Self {
            table,
            shards,
            dead_letter_queue,
            rules,
        }))
    }

    /// Reads [`SHELF_SHARDS`] alone, for a table that is named in another way.
    pub fn parse_shards(lookup: impl Fn(&str) -> Option<String>) -> Result<Shards, SettingsError> {
        let mut reader = Reader::new(lookup, Setting::in_environment);
        let shards = reader.read(&SHELF_SHARDS);
        reader.finish(shards)
    }
}

impl Rules {
    /// Reads the settings that do not depend on where rows are written.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        Self::finish(Reader::new(lookup, Setting::in_environment))
    }

    /// The same for the command line: mistakes name flags, where there are such.
    pub fn parse_flags(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        Self::finish(Reader::new(lookup, Setting::on_command_line))
    }

    fn finish<F: Fn(&str) -> Option<String>>(mut reader: Reader<F>) -> Result<Self, SettingsError> {
        let rules = Self::read(&mut reader);
        reader.finish(rules)
    }

    /// All are read before any is missed, for each may be a mistake.
    fn read<F: Fn(&str) -> Option<String>>(reader: &mut Reader<F>) -> Option<Self> {
        let model = ModelChoice::read(reader);
        let review_below = reader.read(&REVIEW_BELOW);
        let generation = reader.read(&GENERATION);
        let max_bytes: Option<NonZeroU64> = reader.read(&MAX_BYTES);
        let max_pixels: Option<NonZeroU64> = reader.read(&MAX_PIXELS);
        let threads = reader.read(&THREADS);
        let concurrency = reader.read(&CONCURRENCY);
        let in_flight_bytes = reader.read(&IN_FLIGHT_BYTES);
        let key_prefix: Option<String> = reader.read(&KEY_PREFIX);
        let url_hosts: Option<Hosts> = reader.read(&URL_HOSTS);
        let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Some(Self {
            model: model?,
            review_below,
            generation: generation?,
            limits: Limits { max_bytes: max_bytes?.get(), max_pixels: max_pixels?.get() },
            concurrency: concurrency?,
            threads: threads.unwrap_or_else(cores),
            in_flight_bytes: in_flight_bytes?,
            key_prefix: key_prefix.unwrap_or_default(),
            url_hosts: url_hosts.unwrap_or_default(),
        })
    }
}
