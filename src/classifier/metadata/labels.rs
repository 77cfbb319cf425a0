//! Which file names the outputs, and what is in it.
//!
//! The metadata of an output may say which. If it does not, the label file is the only text file in
//! the archive, unless the metadata says that this is something else, as a manual.

use super::archive::Archive;
use super::flat::{Table, Tables};
use super::{MetadataError, all, schema};

/// The most labels that are read.
pub(super) const MAX_LABELS: usize = 100_000;

/// A file as the metadata describes it.
#[derive(Clone, Copy)]
struct File<'b> {
    name: Option<&'b str>,
    kind: u8,
    locale: Option<&'b str>,
}

/// Finds the label file and reads it. Gives its name and the labels.
pub(super) fn find(
    model: Table<'_>,
    graph: Option<Table<'_>>,
    inputs: &[Table<'_>],
    outputs: &[Table<'_>],
    archive: Option<&Archive<'_>>,
) -> Result<Option<(String, Vec<String>)>, MetadataError> {
    let of_outputs = files_of(outputs)?;
    let mut named = named(&of_outputs).into_iter();
    let name = match named.next() {
        Some(file) => file.named()?,
        None => {
            let mut others = of_outputs.clone();
            others.extend(files(model.tables(schema::model::FILES)?)?);
            if let Some(graph) = graph {
                others.extend(files(graph.tables(schema::graph::FILES)?)?);
            }
            others.retain(|file| !LABELS.contains(&file.kind));
            // Whatever they are, they do not name the outputs.
            others.extend(files_of(inputs)?);
            let Some(name) = archive.and_then(|archive| unnamed(archive, &others)) else {
                return Ok(None);
            };
            name
        }
    };
    let read = |name: &str| {
        let content = archive.map(|archive| archive.unpack(name)).transpose()?.flatten();
        let content = content.ok_or_else(|| MetadataError::NoLabelFile(name.to_owned()))?;
        Ok::<_, MetadataError>((name.to_owned(), parse(name, &content)?))
    };
    let first = read(name)?;
    if !first.1.iter().all(|label| is_id(label)) {
        return Ok(Some(first));
    }
    // Another file may have names for the same things.
    for file in named {
        let (name, labels) = read(file.named()?)?;
        if labels.len() == first.1.len() && !labels.iter().all(|label| is_id(label)) {
            return Ok(Some((name, labels)));
        }
    }
    Ok(Some(first))
}

/// Whether a label is an identifier of Google's Knowledge Graph, as `/m/01c648`, and no name.
fn is_id(label: &str) -> bool {
    let id = label.strip_prefix("/m/").or_else(|| label.strip_prefix("/g/"));
    // Models of the same kind have a plain word for what is none of the things.
    id.is_some() || matches!(label, "background" | "None")
}

/// The types that a label file may have, the likeliest first.
const LABELS: [u8; 3] =
    [schema::file::AXIS_LABELS, schema::file::VALUE_LABELS, schema::file::UNKNOWN];

/// The files that may be meant to name the outputs, of those that belong to them, the likeliest first:
/// by their type, then without a locale (those with one are translations), then in English.
fn named<'f, 'b>(of_outputs: &'f [File<'b>]) -> Vec<&'f File<'b>> {
    let likely = |file: &File<'_>| {
        let kind = LABELS.into_iter().position(|kind| kind == file.kind);
        let locale = match file.locale.unwrap_or_default() {
            "" => 0,
            "en" => 1,
            locale if locale.starts_with("en-") || locale.starts_with("en_") => 2,
            _ => 3,
        };
        (kind, locale)
    };
    let mut files: Vec<_> = of_outputs.iter().filter(|file| file.seems_labels()).collect();
    files.sort_by_key(|file| likely(file));
    files
}

/// The only text file in an archive that is none of the `others`. Which of several names the outputs
/// is a riddle: there is no guess.
fn unnamed<'a>(archive: &'a Archive<'_>, others: &[File<'_>]) -> Option<&'a str> {
    let is_other = |name| others.iter().any(|other| other.name == Some(name));
    let mut texts = archive.names().filter(|name| is_text(name) && !is_other(name));
    let only = texts.next()?;
    texts.next().is_none().then_some(only)
}

/// The files that belong to some inputs or outputs.
fn files_of<'b>(tensors: &[Table<'b>]) -> Result<Vec<File<'b>>, MetadataError> {
    let mut all = Vec::new();
    for tensor in tensors {
        all.extend(files(tensor.tables(schema::tensor::FILES)?)?);
    }
    Ok(all)
}

/// The files in one list of them.
fn files(list: Tables<'_>) -> Result<Vec<File<'_>>, MetadataError> {
    all(list, "files in one list")?.into_iter().map(File::read).collect()
}

impl<'b> File<'b> {
    fn read(table: Table<'b>) -> Result<Self, MetadataError> {
        Ok(Self {
            name: table.text(schema::file::NAME)?,
            kind: table.byte(schema::file::TYPE)?,
            locale: table.text(schema::file::LOCALE)?,
        })
    }

    /// Its name, which it must have.
    fn named(&self) -> Result<&'b str, MetadataError> {
        self.name.ok_or(MetadataError::Missing("a label file without a name"))
    }

    /// Whether its type says that it is labels; or its name, if it has no type.
    fn seems_labels(&self) -> bool {
        if self.kind != schema::file::UNKNOWN {
            return LABELS.contains(&self.kind);
        }
        self.name.is_some_and(|name| is_text(name) && name.to_ascii_lowercase().contains("label"))
    }
}

/// Whether a file's name ends like that of a text.
fn is_text(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("txt"))
}

/// One label on each line, without the white space around it. Blank lines may follow the last.
pub(super) fn parse(file: &str, content: &[u8]) -> Result<Vec<String>, MetadataError> {
    let wrong = |problem| MetadataError::Labels { file: file.to_owned(), problem };
    let content = content.strip_prefix("\u{feff}".as_bytes()).unwrap_or(content);
    let mut labels = Vec::new();
    // The first of the blank lines that were last seen.
    let mut blank = None;
    for (number, line) in (1..).zip(content.split(|byte| *byte == b'\n')) {
        let line = str::from_utf8(line)
            .map_err(|_| wrong(format!("is not in UTF-8 in line {number}")))?
            .trim();
        if line.is_empty() {
            blank.get_or_insert(number);
            continue;
        }
        if let Some(blank) = blank {
            return Err(wrong(format!("has nothing in line {blank}")));
        }
        if labels.len() == MAX_LABELS {
            return Err(wrong(format!("has more than {MAX_LABELS} lines")));
        }
        labels.push(line.to_owned());
    }
    if labels.is_empty() {
        return Err(wrong("is empty".to_owned()));
    }
    Ok(labels)
}
