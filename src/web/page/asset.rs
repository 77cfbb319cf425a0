//! Scripts, styles and the icon: files whose names hold a fingerprint of their content, so that a
//! browser may keep them for ever.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// A file that pages ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
}

/// A file with its address, once its content is known.
struct Named {
    name: &'static str,
    url: String,
    content_type: &'static str,
    text: String,
}

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! script {
    ($name:literal) => {
        ($name, JS, include_str!(concat!("assets/js/", $name)))
    };
}

/// All files, and those that a script imports before it: their fingerprints are part of its own.
const FILES: &[(&str, &str, &str)] = &[
    ("icon.svg", SVG, include_str!("assets/icon.svg")),
    (
        "app.css",
        CSS,
        concat!(
            include_str!("assets/css/base.css"),
            include_str!("assets/css/frame.css"),
            include_str!("assets/css/cards.css"),
            include_str!("assets/css/photo.css"),
            include_str!("assets/css/review.css"),
            include_str!("assets/css/tray.css"),
        ),
    ),
    script!("page.js"),
    script!("api.js"),
    script!("fresh.js"),
    script!("tray.js"),
    script!("live.js"),
    script!("upload.js"),
    script!("app.js"),
    script!("select.js"),
    script!("shelf.js"),
    script!("photo.js"),
    script!("send.js"),
    script!("deck.js"),
    script!("swipe.js"),
    script!("review.js"),
];

static NAMED: LazyLock<Vec<Named>> = LazyLock::new(|| {
    let mut files: Vec<Named> = Vec::with_capacity(FILES.len());
    for (name, content_type, text) in FILES {
        let text = imports_by_url(text, &files);
        let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
        let fingerprint = &hex::encode(Sha256::digest(&text))[..16];
        let url = format!("/assets/{stem}.{fingerprint}.{extension}");
        files.push(Named { name, url, content_type, text });
    }
    files
});

/// A script whose imports name files by their addresses.
fn imports_by_url(text: &str, files: &[Named]) -> String {
    files.iter().fold(text.to_owned(), |text, file| {
        text.replace(&format!("\"./{}\"", file.name), &format!("\"{}\"", file.url))
    })
}

/// The file at a path, as `/assets/app.0123456789abcdef.css`; none if there is no such file, or none
/// with that fingerprint.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let file = NAMED.iter().find(|file| file.url == path)?;
    Some(Asset { content_type: file.content_type, bytes: file.text.as_bytes() })
}

/// The path of a file by its plain name, as `app.css`; empty if there is none of that name.
#[must_use]
pub fn asset_url(name: &str) -> &'static str {
    NAMED.iter().find(|file| file.name == name).map_or("", |file| &file.url)
}

/// The addresses of all that a script imports, so that a page can ask for them at once.
pub(super) fn imports(name: &str) -> Vec<&'static str> {
    let Some(last) = NAMED.iter().position(|file| file.name == name) else { return Vec::new() };
    let mut text = NAMED[last].text.clone();
    let mut urls = Vec::new();
    // A file imports only those before it.
    for file in NAMED[..last].iter().rev() {
        if text.contains(&file.url) {
            text.push_str(&file.text);
            urls.push(file.url.as_str());
        }
    }
    urls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_fingerprint_alone() {
        let url = asset_url("app.css");
        let file = asset(url).unwrap();
        assert_eq!(file.content_type, CSS);
        assert!(url.contains(&hex::encode(Sha256::digest(file.bytes))[..16]), "{url}");
        for path in ["/assets/app.css", "/assets/app.0000000000000000.css", "/assets/", ""] {
            assert_eq!(asset(path), None, "{path}");
        }
    }

    /// A browser keeps a script for ever: what it imports must be of its own time.
    #[test]
    fn scripts_import_each_other_by_their_addresses() {
        for file in NAMED.iter().filter(|file| file.content_type == JS) {
            let urls = file.text.split('"').filter(|text| text.starts_with("/assets/"));
            urls.for_each(|url| assert!(asset(url).is_some(), "{}: {url}", file.name));
            assert!(!file.text.contains("\"./"), "{} imports a later file", file.name);
        }
    }

    #[test]
    fn a_page_can_ask_for_all_scripts_at_once() {
        let urls = imports("review.js");
        for name in ["page.js", "api.js", "deck.js", "send.js", "app.js", "upload.js"] {
            assert!(urls.contains(&asset_url(name)), "{name}");
        }
        assert!(!urls.contains(&asset_url("shelf.js")));
        assert!(imports("page.js").is_empty() && imports("no.js").is_empty());
    }

    #[test]
    fn nothing_is_written_past_the_escaping() {
        for (name, _, text) in FILES.iter().filter(|(_, kind, _)| *kind == JS) {
            for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("]
            {
                assert!(!text.contains(word), "{name} has {word}");
            }
            assert!(!text.contains("setAttribute(\"style\""), "{name} writes a style");
        }
    }
}
