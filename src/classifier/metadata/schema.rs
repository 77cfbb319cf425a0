//! The names of what is read of the schema: `metadata_schema.fbs` of TensorFlow Lite Support.
//!
//! A field of a table is known by its place in the schema, counted from 0. For a union, the place is
//! that of its type; its content has the place after it.

/// What stands at byte 4 of a buffer that follows the schema.
pub(super) const IDENTIFIER: &[u8] = b"M001";

/// `ModelMetadata`, the root.
pub(super) mod model {
    pub const NAME: usize = 0;
    pub const DESCRIPTION: usize = 1;
    pub const VERSION: usize = 2;
    pub const GRAPHS: usize = 3;
    pub const AUTHOR: usize = 4;
    pub const LICENSE: usize = 5;
    pub const FILES: usize = 6;
}

/// `SubGraphMetadata`.
pub(super) mod graph {
    pub const INPUTS: usize = 2;
    pub const OUTPUTS: usize = 3;
    pub const FILES: usize = 4;
}

/// `TensorMetadata`, of an input or an output.
pub(super) mod tensor {
    pub const DESCRIPTION: usize = 1;
    pub const CONTENT: usize = 3;
    pub const PROCESS_UNITS: usize = 4;
    pub const FILES: usize = 6;
}

/// `Content`, of an input or an output.
pub(super) mod content {
    pub const PROPERTIES_TYPE: usize = 0;
    pub const PROPERTIES: usize = 1;
    /// The properties' type that is `ImageProperties`.
    pub const IMAGE: u8 = 2;
}

/// `ImageProperties`, and `ImageSize` in it.
pub(super) mod image {
    pub const SIZE: usize = 1;
    pub const WIDTH: usize = 0;
    pub const HEIGHT: usize = 1;
}

/// `ProcessUnit`.
pub(super) mod unit {
    pub const OPTIONS_TYPE: usize = 0;
    pub const OPTIONS: usize = 1;
    /// The options' type that is `NormalizationOptions`.
    pub const NORMALISATION: u8 = 1;
}

/// `NormalizationOptions`.
pub(super) mod normalisation {
    pub const MEAN: usize = 0;
    pub const STD: usize = 1;
}

/// `AssociatedFile`, a file in the archive.
pub(super) mod file {
    pub const NAME: usize = 0;
    pub const TYPE: usize = 2;
    pub const LOCALE: usize = 3;
    /// The type of a file of which nothing is said.
    pub const UNKNOWN: u8 = 0;
    /// The type of a file that names the places along a tensor's axis.
    pub const AXIS_LABELS: u8 = 2;
    /// The type of a file that names the values in a tensor.
    pub const VALUE_LABELS: u8 = 3;
}
