#![forbid(unsafe_code)]
#![doc = include_str!("../ARCHITECTURE.md")]

mod address;
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
pub mod model_file;
pub mod object;
pub mod photo;
pub mod pipeline;
pub mod settings;
pub mod telemetry;
mod unwinding;
#[cfg(feature = "web")]
pub mod web;
