//! The CloudWatch Embedded Metric Format: log lines of JSON from which CloudWatch takes metrics.
//!
//! It is written here, with `serde_json`. `metrique` writes it too, but brings some thirty crates into the
//! function, and values with counts, which the format's own schema does not have;
//! `metrics_cloudwatch_embedded` has one set of dimensions for a whole program, kept in a global
//! recorder. What is needed of the format is less than either.
//!
//! Source: Amazon CloudWatch user guide, "Specification: Embedded metric format".

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The most values that a metric may have in a document.
const VALUES: usize = 100;

/// What a metric counts in, by the name that CloudWatch gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// How many.
    Count,
    /// Thousandths of a second.
    Milliseconds,
    /// A number without a unit.
    None,
}

impl Unit {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "Bytes",
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::None => "None",
        }
    }
}

/// Something that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it counts in.
    pub unit: Unit,
}

/// Metrics with the same dimensions, and what is said beside them.
#[derive(Debug)]
pub(super) struct Document {
    pub namespace: &'static str,
    /// Each set of values of these is a metric of its own, and has its price.
    pub dimensions: Vec<(&'static str, String)>,
    /// What was measured, each with at least one value; at most 100 of them.
    pub metrics: Vec<(Metric, Vec<f64>)>,
    /// What can be searched for, and is no metric.
    pub properties: Map<String, Value>,
}

impl Document {
    /// Its log lines at this time: one, or more if a metric has more values than a line may have.
    pub fn lines(&self, level: &str, now: OffsetDateTime) -> Vec<String> {
        let longest = self.metrics.iter().map(|(_, values)| values.len()).max().unwrap_or(0);
        let parts = longest.div_ceil(VALUES);
        (0..parts).map(|part| self.line(part, level, now).to_string()).collect()
    }

    fn line(&self, part: usize, level: &str, now: OffsetDateTime) -> Value {
        let mut root = self.properties.clone();
        let mut definitions = Vec::new();
        for (metric, values) in &self.metrics {
            let Some(values) = values.chunks(VALUES).nth(part) else { continue };
            definitions.push(json!({"Name": metric.name, "Unit": metric.unit.as_str()}));
            let target = match values {
                [value] => number(*value),
                values => values.iter().copied().map(number).collect(),
            };
            root.insert(metric.name.to_owned(), target);
        }
        let names: Vec<&str> = self.dimensions.iter().map(|(name, _)| *name).collect();
        for (name, value) in &self.dimensions {
            root.insert((*name).to_owned(), Value::from(value.as_str()));
        }
        let milliseconds = i64::try_from(now.unix_timestamp_nanos() / 1_000_000);
        root.insert(
            "_aws".to_owned(),
            json!({"Timestamp": milliseconds.unwrap_or_default(), "CloudWatchMetrics": [{
                "Namespace": self.namespace, "Dimensions": [names], "Metrics": definitions}]}),
        );
        root.insert("level".to_owned(), Value::from(level));
        root.insert("timestamp".to_owned(), Value::from(now.format(&Rfc3339).unwrap_or_default()));
        Value::Object(root)
    }
}

/// A number as short as it can be: three places are enough for all that is measured.
fn number(value: f64) -> Value {
    let rounded = (value * 1000.0).round() / 1000.0;
    // Whole ones that a float holds exactly.
    #[allow(clippy::cast_possible_truncation)]
    if rounded.fract() == 0.0 && rounded.abs() < 9e15 {
        return Value::from(rounded as i64);
    }
    Value::from(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOKS: Metric = Metric { name: "LookTime", unit: Unit::Milliseconds };
    const DONE: Metric = Metric { name: "Done", unit: Unit::Count };

    fn lines(metrics: Vec<(Metric, Vec<f64>)>) -> Vec<Value> {
        let document = Document {
            namespace: "N",
            dimensions: vec![("FunctionName", "f".to_owned())],
            metrics,
            properties: Map::from_iter([("model_id".to_owned(), json!("m"))]),
        };
        let now = OffsetDateTime::from_unix_timestamp_nanos(1_574_109_732_004_000_000).unwrap();
        let lines = document.lines("INFO", now);
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_document_is_one_line_of_this_form() {
        let expected = json!({
            "_aws": {"Timestamp": 1_574_109_732_004_u64, "CloudWatchMetrics": [{
                "Namespace": "N", "Dimensions": [["FunctionName"]], "Metrics": [
                    {"Name": "Done", "Unit": "Count"},
                    {"Name": "LookTime", "Unit": "Milliseconds"}]}]},
            "level": "INFO", "timestamp": "2019-11-18T20:42:12.004Z",
            "FunctionName": "f", "model_id": "m", "Done": 2, "LookTime": [1.235, 2]});
        assert_eq!(lines(vec![(DONE, vec![2.0]), (LOOKS, vec![1.234_56, 2.0])]), [expected]);
        assert!(lines(vec![]).is_empty());
    }

    #[test]
    fn more_values_than_fit_go_on_in_further_lines() {
        let values: Vec<f64> = (0..250).map(f64::from).collect();
        let lines = lines(vec![(DONE, vec![250.0]), (LOOKS, values.clone())]);
        let there: Vec<f64> = lines
            .iter()
            .flat_map(|line| line["LookTime"].as_array().unwrap())
            .map(|value| value.as_f64().unwrap())
            .collect();
        assert_eq!((lines.len(), there), (3, values));
        // What has one value is said once.
        let said = lines.iter().filter(|line| line.get("Done").is_some()).count();
        let defined = lines.iter().filter(|line| line.to_string().contains(r#""Name":"Done""#));
        assert_eq!((said, defined.count()), (1, 1));
    }
}
