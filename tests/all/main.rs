//! Whole-program tests: the real binaries and the real SDK, over real HTTP, on the embedded bucket
//! and table, with the sample photos and the real model.

// Test helpers fail a test by panicking, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod account;
mod agreement;
mod backfill;
mod bounded;
mod bucket;
mod classify;
mod compare;
mod convergence;
mod crash;
mod demo;
mod export;
mod faults;
mod golden;
mod helpers;
mod hostile;
mod journal;
mod lambda;
mod local;
mod model_file;
mod models;
mod proxy;
mod query;
mod replay;
mod review;
mod runtime;
mod second;
mod settings;
mod unwinding;
mod web;
