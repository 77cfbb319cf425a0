//! What things in a file are called.

use tract_tflite::tflite::BuiltinOperator;

/// The name of an operator, as `CONV_2D`.
pub(crate) fn operator(code: BuiltinOperator) -> String {
    code.variant_name().map_or_else(|| format!("number {}", code.0), str::to_owned)
}

/// The start of a name in a hostile file, for a message.
pub(crate) fn brief(name: &str) -> String {
    let brief = plain(name);
    if brief.is_empty() { "one without a name".to_owned() } else { format!("\"{brief}\"") }
}

/// The start of a name in a hostile file.
pub(crate) fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(80).collect()
}
