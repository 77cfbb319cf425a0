//! Tests of classifiers as a whole.

mod classifier;
mod forms;
mod parity;
