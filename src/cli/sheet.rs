//! Lines of CSV, for spreadsheets and programs.
//!
//! Keys are foreign text, and a spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or
//! a line break for a formula. Such a cell gets a `'` before it, and so does one that begins with `'`:
//! who takes one `'` off the front of each cell that has it has the text as it was. The JSON formats
//! need no such thing.
//!
//! Source: OWASP, "CSV Injection"; RFC 4180 for the quotes.

use std::borrow::Cow;

/// A line of these cells, with its line break.
pub fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for cell in cells {
        // A vector takes whatever is written.
        let _ = writer.write_field(inert(cell).as_bytes());
    }
    let _ = writer.write_record(None::<&[u8]>);
    writer.into_inner().unwrap_or_default()
}

/// The cells of all lines but the first, as they were before they became lines.
pub fn read(text: &[u8]) -> impl Iterator<Item = Vec<String>> {
    let reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let was = |cell: &str| cell.strip_prefix('\'').unwrap_or(cell).to_owned();
    // What is no UTF-8 is no line of ours.
    reader.into_records().filter_map(Result::ok).map(move |line| line.iter().map(was).collect())
}

/// A text that no spreadsheet computes.
fn inert(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'']) {
        return Cow::Owned(format!("'{cell}"));
    }
    Cow::Borrowed(cell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The cells of a line, as a spreadsheet has them.
    fn shown(line: &[u8]) -> Vec<String> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
        let records: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), 1);
        records[0].iter().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let text = |cells: &[&str]| String::from_utf8(line(cells.iter().copied())).unwrap();
        assert_eq!(text(&["a b", "é", ""]), "a b,é,\n");
        assert_eq!(
            text(&["a,b", "say \"hat\"", "two\nlines"]),
            "\"a,b\",\"say \"\"hat\"\"\",\"two\nlines\"\n"
        );
        assert_eq!(text(&["=1+1", "-2", "@a", "'a"]), "'=1+1,'-2,'@a,''a\n");
    }

    proptest! {
        #[test]
        fn no_cell_is_a_formula_and_nothing_is_lost(
            cells in prop::collection::vec("[=+@\t\r\n'\",;-]{0,2}\\PC{0,9}", 1..5),
        ) {
            let text = line(cells.iter().map(String::as_str));
            for cell in shown(&text) {
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell:?}");
            }
            let names = line(["a name"]);
            let back: Vec<_> = read(&[names, text].concat()).collect();
            prop_assert_eq!(back, [cells]);
        }
    }
}
