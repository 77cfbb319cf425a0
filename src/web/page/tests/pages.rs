//! What pages promise, whoever looks.

use std::collections::BTreeSet;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

/// What a phone on a slow network fetches before anything is there to be seen.
const BUDGET: usize = 60_000;

fn page(name: &str, visitor: Visitor) -> String {
    let pages = all_pages("hat 1", visitor);
    pages.into_iter().find(|(other, _)| *other == name).unwrap().1
}

fn zipped(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().len()
}

/// All files that a page needs: those that it names, and those that its scripts import.
fn files(html: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut texts = vec![html.to_owned()];
    while let Some(text) = texts.pop() {
        let urls = text.split('"').filter(|url| url.starts_with("/assets/"));
        for url in urls.map(ToOwned::to_owned).collect::<Vec<_>>() {
            let file = asset(&url).unwrap_or_else(|| panic!("there is no {url}"));
            if found.insert(url) {
                texts.push(String::from_utf8(file.bytes.to_vec()).unwrap());
            }
        }
    }
    found
}

#[test]
fn the_first_load_is_small() {
    for (name, html) in all_pages("hat 1", Visitor::MayWrite) {
        let files = files(&html);
        assert!(files.len() >= 2, "{name}: {files:?}");
        let assets: usize = files.iter().map(|url| zipped(asset(url).unwrap().bytes)).sum();
        let whole = zipped(html.as_bytes()) + assets;
        assert!(whole < BUDGET, "{name}: {whole} bytes");
    }
}

#[test]
fn who_may_only_look_sees_nothing_to_write_with() {
    for (name, tags, html) in every_page("hat 1") {
        let writes = tags.iter().any(|tag| {
            let say = tag.get("data-say").or(tag.get("data-reject")).is_some();
            say || tag.get("type") == Some("file") || tag.get("type") == Some("checkbox")
        });
        let may_write = name.ends_with("MayWrite") || name.ends_with("SignedIn");
        assert!(may_write || !writes, "{name}");
        assert_eq!(html.contains("data-may-write"), may_write, "{name}");
        let signs_in = html.contains("href=\"/sign-in?next=%2F");
        assert_eq!(signs_in, name.ends_with("MaySignIn"), "{name}");
        let signs_out = html.contains("action=\"/sign-out\"");
        assert_eq!(signs_out, name.ends_with("SignedIn"), "{name}");
    }
    let gallery = page("gallery", Visitor::MayWrite);
    assert!(gallery.contains("type=\"file\"") && gallery.contains("data-uploads"));
    let mut no_uploads = site(Visitor::MayWrite, "hat", "/");
    no_uploads.uploads = false;
    let html = Gallery { site: no_uploads, strips: Vec::new(), folder: None }.html().unwrap();
    assert!(!html.contains("type=\"file\"") && !html.contains("data-uploads"));
}

#[test]
fn every_page_has_its_landmarks_names_and_one_heading() {
    for (name, tags, _) in every_page("hat 1") {
        let count = |element: &str| tags.iter().filter(|tag| tag.name == element).count();
        assert_eq!((count("main"), count("title")), (1, 1), "{name}");
        let headings = tags.iter().filter(|tag| tag.name == "h1").count();
        // The queue has one for its end, which is hidden until then, and one without scripts.
        let is_queue = tags.iter().any(|tag| tag.get("id") == Some("desk"));
        let expected = if is_queue { 3 } else { 1 };
        assert_eq!(headings, expected, "{name}");
        let html = tags.iter().find(|tag| tag.name == "html").unwrap();
        assert_eq!(html.get("lang"), Some("en"));

        let ids: Vec<&str> = tags.iter().filter_map(|tag| tag.get("id")).collect();
        let distinct: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), distinct.len(), "{name}: {ids:?}");
        for tag in &tags {
            for reference in ["for", "aria-labelledby", "aria-describedby"] {
                for id in tag.get(reference).into_iter().flat_map(str::split_whitespace) {
                    assert!(distinct.contains(id), "{name}: {reference}={id}");
                }
            }
            if tag.name == "img" {
                assert!(tag.get("alt").is_some_and(|alt| !alt.is_empty()), "{name}");
            }
            if tag.name == "svg" {
                assert_eq!(tag.get("aria-hidden"), Some("true"), "{name}");
            }
        }
    }
}

#[test]
fn a_photo_takes_its_room_before_it_is_there() {
    let tags = tags(&page("shelf", Visitor::MayRead));
    let photos: Vec<&Tag> = tags.iter().filter(|tag| tag.name == "img").collect();
    assert_eq!(photos.len(), 3, "the rejected one has no picture");
    for photo in photos {
        assert_eq!(photo.get("loading"), Some("lazy"));
        assert!(photo.get("width").is_some() && photo.get("height").is_some());
        assert!(photo.get("src").unwrap().contains("/photo?width=320"));
    }
}

#[test]
fn a_next_page_keeps_what_is_asked_for() {
    let tags = tags(&page("shelf", Visitor::MayRead));
    let next = tags.iter().find(|tag| tag.get("rel") == Some("next")).unwrap();
    let href = next.get("href").unwrap();
    assert!(href.starts_with("/shelves/hat%201?cursor=7b22"), "{href}");
    assert!(href.ends_with("&min_confidence=0.57&text=hat%201"), "{href}");
}

#[test]
fn a_photo_says_what_the_model_sees() {
    let html = page("photo", Visitor::MayWrite);
    let tags = tags(&html);
    let place = |text: &str| tags.iter().position(|tag| tag.text == text);
    assert!(place("99.3%") < place("0.5%") && place("0.5%") < place("0.2%"), "{html}");
    for fact in ["48.1 kB", "400 × 533 pixels", "JPEG", "4 Mar 2025, 12:00 UTC", "ab12", "v1"] {
        assert!(place(fact).is_some(), "{fact}");
    }
    let article = tags.iter().find(|tag| tag.name == "article").unwrap();
    assert_eq!(article.get("data-path"), Some("/images/photos/new%20in%2Fhat%201.jpg"));
    assert_eq!(article.get("data-content"), Some("ab12"));
}

#[test]
fn counts_that_are_lower_bounds_say_so() {
    let html = page("gallery", Visitor::MayRead);
    assert!(html.contains("1,000+ photos"));
    assert!(html.contains("1,002+ photos on 1 shelf"), "{html}");
}

#[test]
fn a_catalogue_of_rejected_photos_alone_is_not_empty() {
    let mut site = site(Visitor::MayWrite, "hat", "/");
    site.shelves = shelves(&[("hat", 0), ("review", 0), ("rejected", 2)]);
    let html = Gallery { site, strips: Vec::new(), folder: None }.html().unwrap();
    assert!(html.contains("2 rejected") && !html.contains("Nothing here yet"), "{html}");
}
