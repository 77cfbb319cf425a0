//! Texts that would be more than text.

use super::*;

const TEXTS: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)' style='x",
    "{{ 7 * 7 }}<!-- &lt;b&gt; -->",
    "..%2F+<svg/onload=alert(1)>👗",
    "javascript:alert(1)",
];

const ELEMENTS: &str = "a article b body button caption code dd details dialog div dl dt fieldset \
    figure form h1 h2 head header html img input kbd label legend li link main meta nav noscript ol \
    option output p path progress rect section select span strong summary svg table tbody td th \
    thead time title tr ul";

#[test]
fn whatever_things_are_called_pages_are_made_of_the_same_elements() {
    for text in TEXTS {
        for (name, tags, _) in every_page(text) {
            for tag in &tags {
                let known = ELEMENTS.split_whitespace().any(|element| element == tag.name);
                let is_file = tag.name == "script" && tag.get("src").is_some();
                assert!(known || is_file, "{name}: <{}> with {text}", tag.name);
            }
        }
    }
}

/// The Content-Security-Policy forbids them, so they would not work either.
#[test]
fn no_page_has_a_script_style_or_handler_within() {
    for text in TEXTS {
        for (name, tags, html) in every_page(text) {
            for tag in &tags {
                for (attribute, value) in &tag.attributes {
                    assert!(!attribute.starts_with("on"), "{name}: {attribute}");
                    assert_ne!(attribute, "style", "{name}: {tag:?}");
                    if matches!(attribute.as_str(), "href" | "src" | "action") {
                        let ours = value.starts_with('/') && !value.starts_with("//");
                        assert!(ours || value == "#main", "{name}: {value}");
                    }
                }
                if tag.name == "script" {
                    assert_eq!(tag.text, "", "{name}");
                    assert_eq!(tag.get("type"), Some("module"), "{name}");
                }
            }
            assert!(!html.contains("<style"), "{name}");
        }
    }
}

/// What is shown is the text itself, not something like it.
#[test]
fn a_hostile_text_is_shown_as_it_is() {
    for text in TEXTS {
        let page = all_pages(text, Visitor::MayWrite);
        let (_, html) = page.iter().find(|(name, _)| *name == "shelf").unwrap();
        let tags = tags(html);
        let shown = |text: &str| tags.iter().any(|tag| tag.text.trim() == text);
        assert!(shown(text), "{text}");
        let card = tags.iter().find(|tag| tag.get("class") == Some("card")).unwrap();
        assert_eq!(card.get("data-key"), Some(format!("photos/{text}").as_str()));
        let option = tags.iter().find(|tag| tag.get("value") == Some(text)).unwrap();
        assert!(matches!(option.name.as_str(), "option" | "input"));
    }
}
