//! Tests of what is said beside a model.

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
    Draft::parse(&GOOD.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn a_good_description() {
    let draft = Draft::parse(GOOD).unwrap();
    assert_eq!(draft.name.as_deref(), Some("clothing"));
    let labels = draft.labels.unwrap();
    assert_eq!(labels.iter().map(Label::as_str).collect::<Vec<_>>(), ["dress", "hat"]);
    assert_eq!((draft.width, draft.height), (Some(224), Some(192)));
    assert_eq!((draft.temperature, draft.output), (None, Some(Output::Logits)));
}

#[test]
fn any_field_may_be_missing_but_half_a_normalisation() {
    assert_eq!(Draft::parse("").unwrap(), Draft::default());
    for line in GOOD.lines().filter(|line| line.contains('=')) {
        let field = line.split(' ').next().unwrap();
        let draft = Draft::parse(&GOOD.replace(&format!("{line}\n"), ""));
        if ["mean", "std"].contains(&field) {
            let error = draft.unwrap_err().to_string();
            assert!(
                error.contains(&format!("{field}` is missing: write, for example, ")),
                "{error}"
            );
        } else {
            assert_ne!(draft.unwrap(), Draft::parse(GOOD).unwrap(), "{field}");
        }
    }
}

#[test]
fn every_value_that_cannot_be_is_named() {
    for (from, to, expected) in [
        ("0.6", "nan", "`review_below` is NaN: write a confidence from 0.0"),
        ("0.6", "60", "`review_below` is 60.0"),
        ("0.6", "0.6\ntemperature = 0", "`temperature` is 0.0: write a number greater than 0"),
        ("0.6", "0.6\ntemperature = inf", "`temperature` is inf"),
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
fn what_few_models_need_can_be_said_too() {
    let draft = Draft::parse(
        "background = true\noutput_number = 2\n[input]\nsize = \"260x200\"\ncolours = \"bgr\"\n",
    )
    .unwrap();
    assert_eq!((draft.width, draft.height), (Some(260), Some(200)));
    assert_eq!((draft.colours, draft.number), (Some(Colours::Bgr), Some(2)));
    assert_eq!(draft.background, Some(true));
    let error = |text: &str| Draft::parse(text).unwrap_err().to_string();
    assert!(
        error("[input]\nsize = \"260\"")
            .contains("`input.size` is \"260\": write width and height"),
        "{}",
        error("[input]\nsize = \"260\"")
    );
    assert!(error("[input]\nsize = \"8x8\"\nwidth = 8").contains("is said twice"));
    assert!(error("[input]\ncolours = \"grb\"").contains("unknown variant `grb`"));
}
