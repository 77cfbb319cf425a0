//! Folders that are named after labels.
//!
//! A folder has its label's own name wherever a folder can have it, so that a model that is trained on
//! it has that label. What it cannot have is written as in a URL, `%2F` for `/`:
//!
//! - all but letters and digits (of any script), spaces, and marks that Windows and others take, and `%`
//!   itself,
//! - a `.`, `-` or `~` at the front, a `.` at the end, and the first letter of a name that Windows keeps
//!   for a device (`con`) or this export for its list.
//!
//! Some file systems tell no capitals from small letters. So labels that differ in nothing else have all
//! but small ASCII letters and digits written so. What would be too long is cut, and ends with a
//! fingerprint of the label. No two labels of one export have the same folder, on any file system.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::label::Label;

/// The list of what was exported.
pub const LIST: &str = "labels.csv";

/// The longest name of a folder, in bytes: paths have an end on Windows.
const LONGEST: usize = 120;
/// What stands between the beginning of a long name and its fingerprint: nothing else is written so.
const CUT: &str = "%~";
const FINGERPRINT: usize = 32;

/// The folder of each label.
pub fn folders(labels: &BTreeSet<Label>) -> BTreeMap<Label, String> {
    let mut rivals: BTreeMap<String, usize> = BTreeMap::new();
    for label in labels {
        *rivals.entry(folded(&name(label, is_plain))).or_default() += 1;
    }
    let folder = |label: &Label| {
        let plain = name(label, is_plain);
        if rivals.get(&folded(&plain)).is_some_and(|labels| *labels > 1) {
            return name(label, |c| is_plain(c) && c.is_ascii() && !c.is_ascii_uppercase());
        }
        plain
    };
    labels.iter().map(|label| (label.clone(), folder(label))).collect()
}

fn is_plain(c: char) -> bool {
    match c {
        // Windows takes these for digits in the names of its devices.
        '¹' | '²' | '³' => false,
        c if c.is_ascii() => c.is_ascii_alphanumeric() || " !#$&'()+,-.;=@[]^_`{}~".contains(c),
        c => c.is_alphanumeric(),
    }
}

/// A label as a folder's name, with these characters as they are.
fn name(label: &Label, plain: impl Fn(char) -> bool) -> String {
    let text = label.as_str();
    let last = text.chars().count() - 1;
    let is_kept = is_kept(text);
    let mut name = String::with_capacity(text.len());
    // Where the last whole character ends that a long name may have.
    let mut end = 0;
    for (place, c) in text.chars().enumerate() {
        let is_odd = match c {
            '.' => place == 0 || place == last,
            '-' | '~' => place == 0,
            _ => place == 0 && is_kept,
        };
        if plain(c) && !is_odd {
            name.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // A text takes whatever is written.
                let _ = write!(name, "%{byte:02X}");
            }
        }
        if name.len() <= LONGEST - CUT.len() - FINGERPRINT {
            end = name.len();
        }
    }
    if name.len() > LONGEST {
        name.truncate(end);
        name.push_str(CUT);
        name.push_str(&hex::encode(Sha256::digest(text))[..FINGERPRINT]);
    }
    name
}

/// Whether Windows keeps the name for a device, with whatever follows a `.` in it, or this export does.
///
/// Source: Microsoft, "Naming Files, Paths, and Namespaces".
fn is_kept(text: &str) -> bool {
    let stem = text.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_port = |name: &str| {
        stem.strip_prefix(name).is_some_and(|n| n.len() == 1 && n.as_bytes()[0].is_ascii_digit())
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || is_port("COM")
        || is_port("LPT")
        || text.eq_ignore_ascii_case(LIST)
}

/// The same for names that a file system which knows no capitals takes for one.
fn folded(name: &str) -> String {
    name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(labels: &[&str]) -> Vec<String> {
        let labels: Vec<Label> = labels.iter().map(|label| label.parse().unwrap()).collect();
        let folders = folders(&labels.iter().cloned().collect());
        labels.iter().map(|label| folders[label].clone()).collect()
    }

    #[test]
    fn a_folder_has_its_labels_name_where_it_can() {
        for label in ["hat", "T-Shirt", "ankle boot", "été", "シャツ", "a..b", "x.y", "console"]
        {
            assert_eq!(named(&[label]), [label]);
        }
    }

    #[test]
    fn what_no_folder_can_have_is_written_as_in_a_url() {
        for (label, folder) in [
            ("a/b", "a%2Fb"),
            ("..", "%2E%2E"),
            ("../../etc", "%2E.%2F..%2Fetc"),
            (".hidden", "%2Ehidden"),
            ("end.", "end%2E"),
            ("-rf", "%2Drf"),
            ("50% silk", "50%25 silk"),
            ("a\\b:c*?\"<>|", "a%5Cb%3Ac%2A%3F%22%3C%3E%7C"),
            ("con", "%63on"),
            ("Nul.jpg", "%4Eul.jpg"),
            ("COM1", "%43OM1"),
            ("com²", "com%C2%B2"),
            ("Labels.csv", "%4Cabels.csv"),
            // Letters with an accent of their own are not those with one in the letter.
            ("e\u{301}", "e%CC%81"),
        ] {
            assert_eq!(named(&[label]), [folder], "{label}");
        }
    }

    #[test]
    fn labels_that_differ_in_capitals_alone_have_two_folders_everywhere() {
        assert_eq!(named(&["Hat", "hat", "Cap"]), ["%48at", "hat", "Cap"]);
        assert_eq!(named(&["STRASSE", "straße"])[1], "stra%C3%9Fe");
    }

    #[test]
    fn a_long_name_is_cut_and_remains_its_own() {
        let long = format!("{}a", "/".repeat(199));
        let other = format!("{}b", "/".repeat(199));
        let names = named(&[&long, &other]);
        assert!(names.iter().all(|name| name.len() <= LONGEST && name.contains(CUT)), "{names:?}");
        assert_ne!(names[0], names[1]);
    }

    proptest! {
        #[test]
        fn no_two_labels_have_one_folder_and_each_is_one_name(
            labels in prop::collection::btree_set(
                "[aAbBnNuUlLßſKé%./~\\- ]{1,4}|(con|CON|nul|Nul)(\\.[aA])?|\\PC{1,80}", 1..12,
            ),
        ) {
            let labels: BTreeSet<Label> = labels.iter().filter_map(|l| l.parse().ok()).collect();
            let folders = folders(&labels);
            let distinct: BTreeSet<String> = folders.values().map(|name| folded(name)).collect();
            prop_assert_eq!(distinct.len(), labels.len(), "{:?}", folders);
            for name in folders.values() {
                prop_assert!(!name.is_empty() && name.len() <= LONGEST);
                prop_assert!(!name.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']));
                prop_assert!(!name.starts_with(['.', '-', ' ']) && !name.ends_with(['.', ' ']));
                prop_assert!(!is_kept(name), "{}", name);
            }
        }
    }
}
