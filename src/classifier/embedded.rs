//! The model that is part of the program.

/// The network.
pub(super) const MODEL: &[u8] =
    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/model/clothing.tflite"));

/// The SHA-256 of the network, as `sha256sum` writes it: what is known when the program is built is
/// not computed each time it starts.
pub(super) const SHA256: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/model/clothing.sha256"));

/// Its description.
pub(super) const DESCRIPTION: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/model/clothing.toml"));

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_hash_beside_the_model_is_its_own() {
        let expected = format!("{}  clothing.tflite\n", hex::encode(Sha256::digest(MODEL)));
        let stale = "the model changed: (cd model && sha256sum clothing.tflite > clothing.sha256)";
        assert_eq!(SHA256, expected, "{stale}");
    }
}
