//! Tests of descriptions.

use super::*;

const GOOD: &str = r#"
name = "clothing"
source = "a test"
labels = ["dress", " hat "]
review_below = 0.6
output = "logits"

[input]
width = 224
height = 192
resize = "squash"
filter = "bilinear"
mean = [127.0, 127.0, 127.0]
std = [128.0, 128.0, 128.0]
"#;

/// The error of a good description in which `from` is replaced by `to`.
fn error(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    Description::parse(&GOOD.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn a_good_description() {
    let description = Description::parse(GOOD).unwrap();
    assert_eq!(description.name, "clothing");
    assert_eq!(description.labels.iter().map(Label::as_str).collect::<Vec<_>>(), ["dress", "hat"]);
    assert_eq!((description.input.width, description.input.height), (224, 192));
    assert_eq!((description.temperature, description.output), (1.0, Output::Logits));
}

#[test]
fn every_field_that_is_missing_is_named_with_an_example() {
    for line in GOOD.lines().filter(|line| line.contains('=')) {
        let field = line.split(' ').next().unwrap();
        let error = error(&format!("{line}\n"), "");
        assert!(error.contains(&format!("{field}` is missing: write, for example, ")), "{error}");
    }
    assert!(Description::parse("").is_err());
}

#[test]
fn every_value_that_cannot_be_is_named() {
    for (from, to, expected) in [
        ("0.6", "nan", "`review_below` is NaN: write a confidence from 0.0"),
        ("0.6", "60", "`review_below` is 60.0"),
        ("0.6", "0.6\ntemperature = 0", "`temperature` is 0.0: write a number greater than 0"),
        ("0.6", "0.6\ntemperature = inf", "`temperature` is inf"),
        ("\"logits\"", "\"probabilities\"\ntemperature = 2.0", "applies to logits only"),
        ("\"logits\"", "\"probability\"", "expected `logits` or `probabilities`"),
        ("224", "0", "`input.width` is 0: write the network's input width, 1 to 2048"),
        ("192", "2049", "`input.height` is 2049"),
        ("224", "-1", "width = -1"),
        ("\"bilinear\"", "\"sinc\"", "filter = \"sinc\""),
        ("\"squash\"", "\"fold\"", "resize = \"fold\""),
        ("[128.0, 128.0, 128.0]", "[128.0, 0.0, 128.0]", "`input.std` is [128.0, 0.0, 128.0]"),
        ("[127.0, 127.0, 127.0]", "[127.0, 127.0]", "mean = [127.0, 127.0]"),
        ("[127.0, 127.0, 127.0]", "[127.0, 127.0, nan]", "`input.mean` is"),
        ("[\"dress\", \" hat \"]", "[\"dress\"]", "`labels` has 1 of them"),
        ("\"dress\"", "\"hat\"", "`labels` has \"hat\" twice"),
        ("\"dress\"", "\"review\"", "`labels`, item 1: \"review\" is the name of a shelf"),
        ("\" hat \"", "\" \"", "`labels`, item 2: a label must not be empty"),
        ("review_below", "threshold", "unknown field `threshold`"),
        ("width", "wide", "unknown field `wide`"),
        ("\"clothing\"", "\" \"", "`name` is \" \""),
    ] {
        let error = error(from, to);
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn the_canonical_text_changes_with_what_matters_and_nothing_else() {
    let description = Description::parse(GOOD).unwrap();
    let same = GOOD.replace("\"a test\"", "\"another\" # and a comment").replace("0.6", "0.60");
    assert_eq!(Description::parse(&same).unwrap().sha256(), description.sha256());
    for (from, to) in [
        ("0.6", "0.61"),
        ("0.6", "0.6\ntemperature = 1.5"),
        ("dress", "skirt"),
        ("224", "225"),
        ("127.0]", "127.5]"),
        ("128.0]", "127.5]"),
        ("logits", "probabilities"),
    ] {
        let other = Description::parse(&GOOD.replace(from, to)).unwrap();
        assert_ne!(other.sha256(), description.sha256(), "{to}");
    }
    assert_eq!(
        description.canonical(),
        "review_below=0.6\noutput=Logits\ntemperature=1.0\n\
         input=224x192 Squash Bilinear mean=[127.0, 127.0, 127.0] std=[128.0, 128.0, 128.0]\n\
         label=dress\nlabel=hat\n",
        "a change here changes every recipe: photos are then classified again"
    );
}

#[test]
fn the_template_is_a_description() {
    let description = Description::parse(&Description::template("a \"b\"", 96, 64, 3)).unwrap();
    assert_eq!(description.name, "a \"b\"");
    assert_eq!(description.labels.len(), 3);
    assert_eq!((description.input.width, description.input.height), (96, 64));
}
