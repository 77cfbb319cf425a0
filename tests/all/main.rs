//! Whole-program tests: the real binaries and the real SDK, over real HTTP, on the embedded bucket and
//! table, with the sample photos and the real model.

mod classify;
mod convergence;
mod demo;
mod golden;
mod helpers;
mod hostile;
mod lambda;
mod local;
mod replay;
