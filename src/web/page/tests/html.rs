//! Enough of HTML to see what a page is made of.

/// A tag that opens.
#[derive(Debug)]
pub struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    /// What follows it, up to the next tag.
    pub text: String,
}

impl Tag {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// The opening tags of a page, as a browser sees them.
pub fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let is_opening = rest.starts_with(|c: char| c.is_ascii_alphabetic());
        let name_end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap();
        let name = rest[..name_end].to_ascii_lowercase();
        rest = &rest[name_end..];
        let mut attributes = Vec::new();
        if is_opening {
            rest = read_attributes(rest, &mut attributes);
        }
        let end = rest.find('>').unwrap();
        rest = &rest[end + 1..];
        let text = unescape(&rest[..rest.find('<').unwrap_or(rest.len())]);
        if is_opening {
            tags.push(Tag { name, attributes, text });
        }
    }
    tags
}

fn read_attributes<'a>(mut rest: &'a str, attributes: &mut Vec<(String, String)>) -> &'a str {
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.starts_with('>') {
            return rest;
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/')).unwrap();
        let name = rest[..end].to_ascii_lowercase();
        assert!(!name.is_empty(), "{}", &rest[..rest.len().min(80)]);
        rest = &rest[end..];
        let mut value = "";
        if let Some(quoted) = rest.strip_prefix('=') {
            // All values stand in quotation marks: one that does not could end anywhere.
            let quoted = quoted.strip_prefix('"').unwrap_or_else(|| panic!("{name}={quoted:.80}"));
            let end = quoted.find('"').unwrap();
            (value, rest) = (&quoted[..end], &quoted[end + 1..]);
        }
        attributes.push((name, unescape(value)));
    }
}

fn unescape(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    let numbers = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    let text = numbers.iter().fold(text, |text, (number, sign)| text.replace(number, sign));
    text.replace("&#x27;", "'").replace("&amp;", "&")
}
