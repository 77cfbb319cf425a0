//! What a file is that is no TensorFlow Lite model, from its first bytes.
//!
//! People have models in many formats, and give the wrong file. What it is tells them what to do.

/// What a file is, as in "a Git LFS pointer, not the file itself", and what to do.
pub(crate) struct Kind(pub(crate) &'static str, pub(crate) &'static str);

/// How far from a ZIP archive's end its list of names is looked for.
const LIST: usize = 1 << 16;

const CONVERT_KERAS: &str = "load it in Keras and write it with tf.lite.TFLiteConverter";
const CONVERT_TORCH: &str = "export it with litert-torch, or by way of ONNX with onnx2tf";

/// What the file is, if it is known. Sources: the formats' own specifications.
pub(crate) fn kind(file: &[u8]) -> Option<Kind> {
    let starts = |with: &[u8]| file.starts_with(with);
    Some(match () {
        () if file.is_empty() => Kind("an empty file", "copy it again"),
        () if starts(b"version https://git-lfs") => {
            Kind("a Git LFS pointer, which stands for the file", "fetch the file with git lfs pull")
        }
        () if starts(b"PK\x03\x04") => archive(file),
        () if starts(b"\x89HDF\r\n\x1a\n") => {
            Kind("a Keras model or its weights in HDF5 (.h5)", CONVERT_KERAS)
        }
        () if starts(b"\x1f\x8b") || starts(b"BZh") || starts(b"\xfd7zXZ") => {
            Kind("a compressed file", "unpack it and name the .tflite file in it")
        }
        () if file.get(257..262) == Some(b"ustar") => {
            Kind("a tar archive", "unpack it and name the .tflite file in it")
        }
        () if starts(b"\x80\x02") || starts(b"\x80\x03") || starts(b"\x80\x04") => {
            Kind("a Python pickle, perhaps a PyTorch model", CONVERT_TORCH)
        }
        () if is_saved_model(file) => Kind(
            "a TensorFlow SavedModel (saved_model.pb)",
            "write it with tf.lite.TFLiteConverter.from_saved_model(FOLDER)",
        ),
        () if is_onnx(file) => {
            Kind("an ONNX model", "convert it with onnx2tf, which writes .tflite")
        }
        () if is_graph(file) => Kind(
            "a frozen TensorFlow graph (.pb)",
            "write it with tf.compat.v1.lite.TFLiteConverter.from_frozen_graph",
        ),
        () if is_page(file) => {
            Kind("a web page", "download the file itself, not the page about it")
        }
        () if starts(b"{") => Kind(
            "a text in JSON, perhaps a TensorFlow.js model",
            "export the model as TensorFlow Lite",
        ),
        () => return None,
    })
}

/// What a ZIP archive holds, from the names in it.
fn archive(file: &[u8]) -> Kind {
    let list = &file[file.len().saturating_sub(LIST)..];
    let lists = |name: &[u8]| list.windows(name.len()).any(|window| window == name);
    match () {
        () if lists(b"model.weights.h5") => Kind("a Keras model (.keras)", CONVERT_KERAS),
        () if lists(b"data.pkl") || lists(b"constants.pkl") => {
            Kind("a PyTorch model (.pt)", CONVERT_TORCH)
        }
        () if lists(b"saved_model.pb") => Kind(
            "a ZIP archive of a TensorFlow SavedModel",
            "unpack it and write it with tf.lite.TFLiteConverter.from_saved_model(FOLDER)",
        ),
        () if lists(b".tflite") => Kind(
            "a ZIP archive with a TensorFlow Lite model in it, as a MediaPipe task (.task) is",
            "unpack it and name the .tflite file in it",
        ),
        () => Kind("a ZIP archive", "unpack it and name the .tflite file in it"),
    }
}

/// `SavedModel`: a version of 1, then graphs.
fn is_saved_model(file: &[u8]) -> bool {
    file.starts_with(b"\x08\x01\x12")
}

/// `ModelProto`: a version, then the producer's name, its version, or a graph.
fn is_onnx(file: &[u8]) -> bool {
    matches!(file, [0x08, 2..=32, 0x12 | 0x1a | 0x22 | 0x3a, ..])
}

/// `GraphDef`: a node, which begins with a name.
fn is_graph(file: &[u8]) -> bool {
    let Some((0x0a, rest)) = file.split_first().map(|(first, rest)| (*first, rest)) else {
        return false;
    };
    let length = rest.iter().take(5).take_while(|byte| **byte >= 0x80).count() + 1;
    let Some(&[0x0a, count, ref name @ ..]) = rest.get(length..) else { return false };
    name.get(..usize::from(count))
        .is_some_and(|name| !name.is_empty() && name.iter().all(u8::is_ascii_graphic))
}

fn is_page(file: &[u8]) -> bool {
    let start = file[..file.len().min(64)].trim_ascii_start().to_ascii_lowercase();
    start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_people_take_for_models_are_told_apart() {
        let zip = |name: &[u8]| [&b"PK\x03\x04...."[..], &[0; 40], name, &[0; 40]].concat();
        let tar = [&[0; 257][..], &b"ustar\x0000"[..]].concat();
        for (file, expected) in [
            (&b""[..], "an empty file"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a", "a Git LFS pointer"),
            (&zip(b"mobilenet.tflite"), "a ZIP archive with a TensorFlow Lite model"),
            (&zip(b"config.json model.weights.h5"), "a Keras model (.keras)"),
            (&zip(b"archive/data.pkl"), "a PyTorch model (.pt)"),
            (&zip(b"m/saved_model.pb"), "a ZIP archive of a TensorFlow SavedModel"),
            (&zip(b"photo.jpg"), "a ZIP archive"),
            (b"\x89HDF\r\n\x1a\n\0", "a Keras model or its weights in HDF5"),
            (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "a Python pickle"),
            (b"\x08\x01\x12\xe4\x8a\x0b\x0a", "a TensorFlow SavedModel"),
            (b"\x08\x07\x12\x07pytorch\x1a\x05", "an ONNX model"),
            (b"\x08\x08:\xa5\x01", "an ONNX model"),
            (b"\x0a\x27\x0a\x05input\x12\x0bPlaceholder", "a frozen TensorFlow graph"),
            (b"\n<!DOCTYPE html>\n<html>", "a web page"),
            (b"{\"format\": \"layers-model\"}", "a text in JSON"),
            (b"\x1f\x8b\x08\0", "a compressed file"),
            (&tar, "a tar archive"),
        ] {
            let found = kind(file).map(|kind| kind.0);
            assert!(found.is_some_and(|found| found.starts_with(expected)), "{found:?} {expected}");
        }
        for none in [&b"no model"[..], b"\x1c\0\0\0TFL3", b"\x0a\x02\x0a\xff", b"\xff\xd8\xff"] {
            assert!(kind(none).is_none(), "{none:?}");
        }
    }
}
