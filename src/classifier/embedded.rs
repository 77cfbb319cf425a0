//! The model that is part of the program.

/// The network.
pub(super) const MODEL: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/model/clothing.tflite"));

/// Its description.
pub(super) const DESCRIPTION: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/model/clothing.toml"));
