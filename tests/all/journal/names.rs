//! What dashboards, alarms and guides say of metrics, held against what the function writes.

use std::collections::{BTreeMap, BTreeSet};

use lookbook::telemetry::{BY_REASON, FUNCTION, METRICS, REASON};

use crate::helpers::repository;

/// The names of lookbook's metrics in a template, those by reason apart.
fn named(template: &str) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let (mut all, mut by_reason) = (BTreeSet::new(), BTreeSet::new());
    let lines: Vec<&str> = template.lines().map(str::trim).collect();
    for (place, line) in lines.iter().enumerate() {
        let plain = line.strip_prefix("- ").unwrap_or(line);
        if plain == "Namespace: Lookbook" {
            let mut beside = lines[place.saturating_sub(3)..].iter().take(7);
            let name = beside.find_map(|line| line.strip_prefix("MetricName: "));
            all.insert(name.unwrap_or_else(|| panic!("line {place} has no name beside it")));
        }
        for (_, rest) in line
            .match_indices("[\"Lookbook\", \"")
            .map(|(at, found)| line.split_at(at + found.len()))
        {
            all.insert(rest.split('"').next().unwrap());
        }
        if let Some((_, search)) = line.split_once("{Lookbook,") {
            let (dimensions, rest) = search.split_once('}').unwrap();
            let (_, name) = rest.split_once("MetricName=\\\"").unwrap();
            let name = name.split('\\').next().unwrap();
            assert_eq!(dimensions, format!("{FUNCTION},{REASON}"), "{line}");
            by_reason.insert(name);
        }
    }
    (all, by_reason)
}

#[test]
fn dashboards_and_alarms_name_metrics_that_there_are() {
    let template = std::fs::read_to_string(repository("infra/template.yaml")).unwrap();
    let (all, by_reason) = named(&template);
    let known: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    let with_reason: BTreeSet<&str> = BY_REASON.iter().map(|metric| metric.name).collect();
    assert!(!all.is_empty() && !by_reason.is_empty(), "the template has no metric of lookbook");
    assert_eq!(all.difference(&known).collect::<Vec<_>>(), [&""; 0], "there are no such metrics");
    assert_eq!(by_reason.difference(&with_reason).collect::<Vec<_>>(), [&""; 0]);
    // And one that is renamed is noticed.
    let (renamed, _) =
        named("Namespace: Lookbook\nMetricName: Gone\n[\"Lookbook\", \"Lost\", \"x\"");
    assert_eq!(renamed, BTreeSet::from(["Gone", "Lost"]));
}

#[test]
fn each_metric_is_told() {
    let guide = std::fs::read_to_string(repository("docs/metrics.md")).unwrap();
    let rows: BTreeMap<&str, &str> =
        guide.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | ")).collect();
    for metric in METRICS {
        let row = rows.get(metric.name).unwrap_or_else(|| panic!("no row for {}", metric.name));
        assert!(row.starts_with(&format!("{} |", metric.unit.as_str())), "{}: {row}", metric.name);
    }
}
