//! The schema of the embedded metric format, and documents held to it.

use lookbook::telemetry::{METRICS, NAMESPACE};
use serde_json::{Value, json};

use crate::helpers::repository;

/// The schema of documents of metrics, as AWS publishes it.
fn schema() -> Value {
    let text = std::fs::read_to_string(repository("tests/golden/emf.schema.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// What a schema finds wrong with a value. It knows the words that this one schema has, and no others: a
/// library that knows all of them would have half of the program built anew for the tests.
fn fault(schema: &Value, value: &Value) -> Option<String> {
    let length = value.as_array().map(Vec::len).or_else(|| Some(value.as_str()?.chars().count()));
    let at = |limit: &Value| usize::try_from(limit.as_u64().unwrap()).unwrap();
    for (word, rule) in schema.as_object().unwrap() {
        let is_kept = match word.as_str() {
            "$comment" | "$id" | "title" | "examples" => true,
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64() || value.is_u64(),
                other => panic!("the type {other} is not known"),
            },
            "required" => rule
                .as_array()
                .unwrap()
                .iter()
                .all(|name| value.get(name.as_str().unwrap()).is_some()),
            "minItems" | "minLength" => length.is_some_and(|length| length >= at(rule)),
            "maxItems" | "maxLength" => length.is_some_and(|length| length <= at(rule)),
            "pattern" => matches(rule.as_str().unwrap(), value.as_str().unwrap_or_default()),
            "properties" => {
                let mut rules = rule.as_object().unwrap().iter();
                let found = rules.find_map(|(name, rule)| fault(rule, value.get(name)?));
                if found.is_some() {
                    return found;
                }
                true
            }
            "items" => {
                let mut items = value.as_array().into_iter().flatten();
                let found = items.find_map(|item| fault(rule, item));
                if found.is_some() {
                    return found;
                }
                true
            }
            other => panic!("the word {other} is not known"),
        };
        if !is_kept {
            return Some(format!("{value} breaks {word}: {rule}"));
        }
    }
    None
}

/// Whether a text is as a pattern wants it: any line, or one of a choice.
fn matches(pattern: &str, text: &str) -> bool {
    let inner = pattern.strip_prefix("^(").and_then(|rest| rest.strip_suffix(")$")).unwrap();
    match inner {
        ".*" => !text.contains('\n'),
        choice => choice.split('|').any(|one| one.replace("\\/", "/") == text),
    }
}

#[test]
fn the_schema_finds_what_is_wrong() {
    let good = json!({"_aws": {"Timestamp": 1, "CloudWatchMetrics": [{"Namespace": "N",
        "Dimensions": [["D"]], "Metrics": [{"Name": "M", "Unit": "Bytes/Second"}]}]}, "M": 1, "D": "d"});
    assert_eq!(fault(&schema(), &good), None);
    for (place, bad) in [
        ("/_aws/Timestamp", json!("1")),
        ("/_aws/CloudWatchMetrics", json!({})),
        ("/_aws/CloudWatchMetrics/0", json!({"Namespace": "N"})),
        ("/_aws/CloudWatchMetrics/0/Namespace", json!("")),
        ("/_aws/CloudWatchMetrics/0/Dimensions", json!([])),
        ("/_aws/CloudWatchMetrics/0/Dimensions/0", json!(vec!["D"; 10])),
        ("/_aws/CloudWatchMetrics/0/Metrics/0/Unit", json!("Millis")),
        ("/_aws/CloudWatchMetrics/0/Metrics/0/Name", json!("n".repeat(256))),
    ] {
        let mut document = good.clone();
        *document.pointer_mut(place).unwrap() = bad;
        assert!(fault(&schema(), &document).is_some(), "{document}");
    }
}

/// Holds a document of metrics to the format's schema, and to what the schema does not say.
pub fn check(document: &Value) {
    assert_eq!(fault(&schema(), document), None, "{document}");
    for directive in document["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        assert_eq!(directive["Namespace"], NAMESPACE);
        let metrics = directive["Metrics"].as_array().unwrap();
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let name = metric["Name"].as_str().unwrap();
            let known = METRICS.iter().find(|known| known.name == name).unwrap();
            assert_eq!(metric["Unit"], known.unit.as_str());
            let values = &document[name];
            let count = values.as_array().map_or(1, Vec::len);
            let are_numbers = values.is_number()
                || values.as_array().is_some_and(|values| values.iter().all(Value::is_number));
            assert!(are_numbers && (1..=100).contains(&count), "{name}: {values}");
        }
        let dimensions = directive["Dimensions"].as_array().unwrap().iter();
        for name in dimensions.flat_map(|set| set.as_array().unwrap()) {
            assert!(document[name.as_str().unwrap()].is_string(), "{name} in {document}");
        }
    }
}
