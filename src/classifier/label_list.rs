//! Lists of labels as people write them.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};

/// The label of what is none of the others, where a network has an output for that.
pub(super) const BACKGROUND: &str = "background";

/// The lines of a label file.
pub(super) fn lines(bytes: Vec<u8>) -> io::Result<Vec<String>> {
    let text = String::from_utf8(bytes)
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not text in UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(text.trim_end().lines().map(|line| line.trim().to_owned()).collect())
}

/// Labels as files have them, made distinct: the second `crane` of `ImageNet` becomes `crane (2)`, and
/// the numbers that Teachable Machine and others write before their labels go.
pub(super) fn told_apart(labels: &[String]) -> Vec<String> {
    let numbered = |mark: &str| -> Option<Vec<&str>> {
        let labels = labels.iter().enumerate();
        labels.map(|(index, label)| label.strip_prefix(&format!("{index}{mark}"))).collect()
    };
    let bare = [" ", ":", "\t", ","].into_iter().find_map(numbered);
    let labels: Vec<&str> = match bare {
        Some(bare) => bare.into_iter().map(str::trim).collect(),
        None => labels.iter().map(String::as_str).collect(),
    };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let apart = labels.iter().map(|label| {
        let times = seen.entry(label).and_modify(|times| *times += 1).or_insert(1);
        if *times == 1 { (*label).to_owned() } else { format!("{label} ({times})") }
    });
    apart.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_told_apart() {
        let apart = |labels: &[&str]| {
            told_apart(&labels.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(apart(&["crane", "hat", "crane"]), ["crane", "hat", "crane (2)"]);
        assert_eq!(apart(&["0 hat", "1 red dress"]), ["hat", "red dress"]);
        assert_eq!(apart(&["0: hat", "1: red dress"]), ["hat", "red dress"]);
        assert_eq!(apart(&["0\that", "1\tdress"]), ["hat", "dress"]);
        assert_eq!(apart(&["0 hat", "2 dress"]), ["0 hat", "2 dress"]);
    }

    #[test]
    fn a_label_file_may_begin_with_a_mark_and_end_with_blank_lines() {
        let lines = lines("\u{feff}hat\r\n red dress \r\n\r\n".as_bytes().to_vec()).unwrap();
        assert_eq!(lines, ["hat", "red dress"]);
        assert!(super::lines(vec![0xff, 0xfe, b'h', 0]).is_err());
    }
}
