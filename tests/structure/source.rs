//! Which files of a crate take names from which: read from the text of its sources.

use std::collections::{BTreeMap, BTreeSet};

/// Where something is defined: the names of the modules on the way, from the crate's root.
pub type Path = Vec<String>;

/// The files of one crate, by their modules' paths.
pub struct Crate {
    files: BTreeMap<Path, File>,
}

#[derive(Default)]
struct File {
    /// Names that the file takes from elsewhere, as they are written.
    takes: Vec<Path>,
    /// Names that it hands on, and what they are there.
    hands_on: BTreeMap<String, Path>,
}

impl Crate {
    /// Reads sources: each with its path below `src/`. Tests are left out.
    pub fn read<'a>(sources: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let is_test = |name: &str| {
            name.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "conformance.rs"))
        };
        let sources = sources.into_iter().filter(|(name, _)| !is_test(name));
        Self { files: sources.map(|(name, text)| (module(name), File::read(text))).collect() }
    }

    /// For each file, the other files that define what it takes. What a `mod.rs` hands on counts as
    /// taken from where it is defined. A `mod.rs` tells the story of its folder: what it and the files
    /// below it take from each other is left out.
    pub fn arrows(&self) -> BTreeMap<&Path, BTreeSet<&Path>> {
        let mut arrows = BTreeMap::new();
        for (module, file) in &self.files {
            let taken = file.takes.iter().filter_map(|path| self.resolve(module, path, 0));
            let others = taken.filter(|other| {
                *other != module && !other.starts_with(module) && !module.starts_with(other)
            });
            arrows.insert(module, others.collect());
        }
        arrows
    }

    /// The file that defines what `path` names in `module`.
    fn resolve(&self, module: &Path, path: &[String], depth: usize) -> Option<&Path> {
        let mut at = module.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (at, rest) = (Path::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|name| name == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            // The name of a module below, or of something of another crate.
            name => {
                let child = [module.as_slice(), &[name.to_owned()]].concat();
                if !self.files.contains_key(&child) {
                    return None;
                }
            }
        }
        while let Some(name) = rest.first() {
            let child = [at.as_slice(), std::slice::from_ref(name)].concat();
            if self.files.contains_key(&child) {
                (at, rest) = (child, &rest[1..]);
                continue;
            }
            if let Some(handed_on) = self.files.get(&at).and_then(|file| file.hands_on.get(name))
                && depth < 8
                && let Some(found) = self.resolve(&at, handed_on, depth + 1)
            {
                return Some(found);
            }
            break;
        }
        self.files.get_key_value(&at).map(|(path, _)| path)
    }
}

/// A circle of files, if there is one.
pub fn circle<'a>(arrows: &BTreeMap<&'a Path, BTreeSet<&'a Path>>) -> Option<Vec<&'a Path>> {
    let mut left: BTreeMap<&Path, BTreeSet<&Path>> = arrows.clone();
    // Whoever takes nothing more is in no circle.
    while let Some(free) =
        left.iter().find(|(_, takes)| takes.is_empty()).map(|(module, _)| *module)
    {
        left.remove(free);
        for takes in left.values_mut() {
            takes.remove(free);
        }
    }
    let mut way = vec![*left.keys().next()?];
    loop {
        let next = *left[way[way.len() - 1]].iter().next()?;
        if let Some(start) = way.iter().position(|module| *module == next) {
            return Some(way.split_off(start));
        }
        way.push(next);
    }
}

/// The module of a file below `src/`.
fn module(name: &str) -> Path {
    let name = name.strip_suffix(".rs").unwrap_or(name);
    let mut path: Path = name.split('/').map(ToOwned::to_owned).collect();
    if path.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib")) {
        path.pop();
    }
    path
}

impl File {
    fn read(text: &str) -> Self {
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let words = words(text);
        let mut file = Self::default();
        let mut at = 0;
        while at < words.len() {
            match words[at].as_str() {
                "use" => {
                    let is_public = at > 0 && (words[at - 1] == "pub" || words[at - 1] == ")");
                    at = file.take_tree(&words, at + 1, &Path::new(), is_public);
                }
                "crate" | "super" | "self" if words.get(at + 1).is_some_and(|w| w == "::") => {
                    let mut path = vec![words[at].clone()];
                    while words.get(at + 1).is_some_and(|w| w == "::")
                        && words.get(at + 2).is_some_and(|w| is_name(w))
                    {
                        path.push(words[at + 2].clone());
                        at += 2;
                    }
                    file.takes.push(path);
                }
                _ => {}
            }
            at += 1;
        }
        file
    }

    /// Reads a tree of names after `use`; gives the place of what ends it.
    fn take_tree(&mut self, words: &[String], mut at: usize, before: &Path, public: bool) -> usize {
        let mut path = before.clone();
        while let Some(word) = words.get(at) {
            match word.as_str() {
                "::" => {}
                "{" => {
                    loop {
                        at = self.take_tree(words, at + 1, &path, public);
                        if words.get(at).is_none_or(|word| word != ",") {
                            // At the brace that closes.
                            return at + 1;
                        }
                    }
                }
                "as" => {
                    self.take(&path, words.get(at + 1), public);
                    return at + 2;
                }
                "," | "}" | ";" => {
                    if path.len() > before.len() {
                        let name = path.last().cloned();
                        self.take(&path, name.as_ref(), public);
                    }
                    return at;
                }
                name => path.push(name.to_owned()),
            }
            at += 1;
        }
        at
    }

    fn take(&mut self, path: &Path, name: Option<&String>, public: bool) {
        let mut path = path.clone();
        // `a::{self}` names `a`.
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        if let (true, Some(name)) = (public, name) {
            self.hands_on.insert(name.clone(), path.clone());
        }
        self.takes.push(path);
    }
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The words of a source: names, `::` and single signs. Comments and literals of texts are left out.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("r#\"") || rest.starts_with("br#\"") {
            rest.find("\"#").map_or(rest.len(), |end| end + 2)
        } else if first == '"' {
            text_length(rest)
        } else if first == '\'' && is_character(rest) {
            1 + rest[1..].replacen("\\'", "..", 1).find('\'').map_or(0, |end| end + 1)
        } else if is_name(rest) {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
            let end = end.unwrap_or(rest.len());
            words.push(rest[..end].to_owned());
            end
        } else if rest.starts_with("::") {
            words.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                words.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length.max(1)..];
    }
    words
}

/// The length of a text in quotation marks, with them.
fn text_length(rest: &str) -> usize {
    let mut escaped = false;
    for (place, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return place + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Whether an apostrophe begins a character, and not a lifetime.
fn is_character(rest: &str) -> bool {
    let mut after = rest.chars().skip(1);
    match (after.next(), after.next()) {
        (Some('\\'), _) => true,
        (_, second) => second == Some('\''),
    }
}
