//! The names of what belongs to a model in a bucket: the same rules as for files.

use std::path::Path;

use crate::object::ObjectId;

/// What a model with this key is called if nothing says a name: the last part, without its ending.
pub(super) fn stem(key: &str) -> String {
    let (_, last) = split(key);
    let stem = Path::new(last).file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The text beside a model: with the ending `.toml` instead of its own. None if there can be none.
pub(super) fn beside(model: &ObjectId) -> Option<ObjectId> {
    let (folder, last) = split(model.key());
    let last = Path::new(last).with_extension("toml");
    let key = format!("{folder}{}", last.to_string_lossy());
    ObjectId::new(model.bucket(), &key).ok().filter(|beside| beside != model)
}

/// A key up to its last slash, and the rest.
fn split(key: &str) -> (&str, &str) {
    key.split_at(key.rfind('/').map_or(0, |slash| slash + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_beside_its_model_as_with_files() {
        for (key, beside_it, name) in [
            ("hats.tflite", Some("hats.toml"), "hats"),
            ("models/v1.2/hats.tflite", Some("models/v1.2/hats.toml"), "hats"),
            ("models/v1.2/hats", Some("models/v1.2/hats.toml"), "hats"),
            ("/é.x.tflite", Some("/é.x.toml"), "é.x"),
            ("a/hats.toml", None, "hats"),
            ("a/..", None, ""),
        ] {
            let model = ObjectId::new("shop", key).unwrap();
            assert_eq!(beside(&model).as_ref().map(ObjectId::key), beside_it, "{key}");
            assert_eq!(stem(key), name, "{key}");
            let path = Path::new(key).with_extension("toml");
            assert!(beside_it.is_none_or(|beside| path == Path::new(beside)), "{key}");
        }
        let longest = ObjectId::new("shop", &"k".repeat(1024)).unwrap();
        assert_eq!(beside(&longest), None);
    }
}
