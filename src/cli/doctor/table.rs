//! What is wrong with the table: read from its description, decided here.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{
    ContinuousBackupsDescription, GlobalSecondaryIndexDescription, IndexStatus, KeySchemaElement,
    KeyType, PointInTimeRecoveryStatus, ProjectionType, StreamViewType, TableDescription,
    TableStatus, TimeToLiveDescription, TimeToLiveStatus,
};

use super::finding::{Finding, Fix};
use crate::catalogue::schema::{INDEX, LISTED, TTL_ATTRIBUTE};

/// The table and its key, its stream, and its index. `again` is the command that mends with `--fix`.
pub fn described(name: &str, table: &TableDescription, again: &str) -> Vec<Finding> {
    vec![key(name, table), stream(name, table, again), index(name, table, again)]
}

fn key(name: &str, table: &TableDescription) -> Finding {
    const CHECK: &str = "table";
    if keys(table.key_schema()) != [("image", true)] {
        return Finding::fault(
            CHECK,
            format!("the key of the table {name} is not `image`: it is no catalogue"),
        )
        .mend("name another table: a key cannot be changed");
    }
    match table.table_status() {
        Some(TableStatus::Active | TableStatus::Updating) | None => {
            let rows = table.item_count.map_or_else(String::new, |n| format!(", about {n} items"));
            Finding::ok(CHECK, format!("the table {name} is there{rows}"))
        }
        Some(status) => {
            Finding::fault(CHECK, format!("the table {name} is {}", status.as_str().to_lowercase()))
        }
    }
}

/// The attributes of a key, and whether each is the one that says where an item lies.
fn keys(schema: &[KeySchemaElement]) -> Vec<(&str, bool)> {
    schema.iter().map(|key| (key.attribute_name(), *key.key_type() == KeyType::Hash)).collect()
}

fn index(name: &str, table: &TableDescription, again: &str) -> Finding {
    const CHECK: &str = "index";
    let indexes = table.global_secondary_indexes();
    let Some(index) = indexes.iter().find(|index| index.index_name() == Some(INDEX)) else {
        return Finding::fault(
            CHECK,
            format!("the table {name} has no index {INDEX}: no shelf can be listed"),
        )
        .mend(again)
        .fix(Fix::Index);
    };
    let anew = format!(
        "an index cannot be changed: delete it (`aws dynamodb update-table --table-name {name} --global-secondary-index-updates '[{{\"Delete\": {{\"IndexName\": \"{INDEX}\"}}}}]'`), wait until it is gone, and then `{again}`; shelves are empty meanwhile"
    );
    if keys(index.key_schema()) != [("shelf", true), ("added_at", false)] {
        let says = format!("the key of the index {INDEX} is not `shelf` and `added_at`");
        return Finding::fault(CHECK, says).mend(anew);
    }
    let missing = not_projected(index);
    if !missing.is_empty() {
        let says = format!("the index {INDEX} lacks what listings show: {}", missing.join(", "));
        return Finding::fault(CHECK, says).mend(anew);
    }
    match index.index_status() {
        Some(IndexStatus::Creating) => Finding::warning(
            CHECK,
            format!("the index {INDEX} is being made: shelves are incomplete until it is done"),
        ),
        Some(IndexStatus::Deleting) => {
            Finding::fault(CHECK, format!("the index {INDEX} is being deleted"))
        }
        _ => Finding::ok(CHECK, format!("the index {INDEX} has what listings show")),
    }
}

fn not_projected(index: &GlobalSecondaryIndexDescription) -> Vec<&'static str> {
    let Some(projection) = index.projection() else { return Vec::new() };
    if projection.projection_type() == Some(&ProjectionType::All) {
        return Vec::new();
    }
    let there: BTreeSet<&str> =
        projection.non_key_attributes().iter().map(String::as_str).collect();
    LISTED.into_iter().filter(|name| !there.contains(name)).collect()
}

fn stream(name: &str, table: &TableDescription, again: &str) -> Finding {
    const CHECK: &str = "stream";
    let stream = table.stream_specification();
    let view = stream.filter(|stream| stream.stream_enabled).map(|s| s.stream_view_type.clone());
    match view {
        Some(None | Some(StreamViewType::NewImage | StreamViewType::NewAndOldImages)) => {
            Finding::ok(CHECK, "what changes is in the table's stream")
        }
        Some(Some(view)) => Finding::warning(
            CHECK,
            format!(
                "the stream of the table {name} has no rows in it ({}), so nobody can follow what changes",
                view.as_str()
            ),
        )
        .mend("turn it off, and on again with NEW_IMAGE: who reads it must begin anew"),
        None => Finding::warning(
            CHECK,
            format!("the table {name} has no stream: a website's cache cannot follow what changes"),
        )
        .mend(format!("`{again}`, or `aws dynamodb update-table --table-name {name} --stream-specification StreamEnabled=true,StreamViewType=NEW_IMAGE`"))
        .fix(Fix::Stream),
    }
}

/// Whether tombstones go.
pub fn expiry(name: &str, expiry: Option<&TimeToLiveDescription>, again: &str) -> Finding {
    const CHECK: &str = "expiry";
    let status = expiry.and_then(TimeToLiveDescription::time_to_live_status);
    let attribute = expiry.and_then(TimeToLiveDescription::attribute_name);
    match (status, attribute) {
        (Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling), Some(TTL_ATTRIBUTE)) => {
            Finding::ok(CHECK, "tombstones go after seven days")
        }
        (Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling), Some(other)) => {
            Finding::warning(
                CHECK,
                format!("items of the table {name} expire by `{other}`, not by `{TTL_ATTRIBUTE}`: tombstones stay for ever"),
            )
            .mend(format!("a table has one such attribute: turn the other off first, if nobody needs it, and then `{again}`"))
        }
        _ => Finding::fault(
            CHECK,
            format!("time to live is off in the table {name}: tombstones stay for ever"),
        )
        .mend(format!("`{again}`, or `aws dynamodb update-time-to-live --table-name {name} --time-to-live-specification Enabled=true,AttributeName={TTL_ATTRIBUTE}`"))
        .fix(Fix::Expiry),
    }
}

/// Whether the table can be restored: what people said is nowhere else.
pub fn backups(name: &str, backups: Option<&ContinuousBackupsDescription>) -> Finding {
    const CHECK: &str = "backups";
    let recovery = backups.and_then(|backups| backups.point_in_time_recovery_description());
    let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status());
    if status == Some(&PointInTimeRecoveryStatus::Enabled) {
        return Finding::ok(CHECK, "the table can be restored to any second of the last weeks");
    }
    Finding::warning(
        CHECK,
        format!("the table {name} cannot be restored: what people said of photos is nowhere else"),
    )
    .mend(format!("aws dynamodb update-continuous-backups --table-name {name} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true (it costs by the size of the table)"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{
        PointInTimeRecoveryDescription, Projection, StreamSpecification,
    };

    use super::super::finding::State;
    use super::*;

    fn element(name: &str, kind: KeyType) -> KeySchemaElement {
        KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
    }

    fn an_index(listed: &[&str]) -> GlobalSecondaryIndexDescription {
        let listed = listed.iter().map(|name| (*name).to_owned()).collect();
        let projection = Projection::builder()
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(listed));
        GlobalSecondaryIndexDescription::builder()
            .index_name(INDEX)
            .key_schema(element("shelf", KeyType::Hash))
            .key_schema(element("added_at", KeyType::Range))
            .projection(projection.build())
            .build()
    }

    fn healthy() -> TableDescription {
        TableDescription::builder()
            .table_status(TableStatus::Active)
            .key_schema(element("image", KeyType::Hash))
            .global_secondary_indexes(an_index(&LISTED))
            .stream_specification(crate::catalogue::schema::stream().unwrap())
            .build()
    }

    /// The states of the table, its index and its stream once this is done to it.
    fn states(hurt: impl FnOnce(&mut TableDescription)) -> Vec<State> {
        let mut table = healthy();
        hurt(&mut table);
        described("t", &table, "fix").iter().map(|finding| finding.state).collect()
    }

    #[test]
    fn a_healthy_table_has_no_fault() {
        assert_eq!(states(|_| {}), [State::Ok; 3]);
    }

    #[test]
    fn a_table_of_another_form_is_found() {
        let wrong = element("id", KeyType::Hash);
        assert_eq!(states(|t| t.key_schema = Some(vec![wrong]))[0], State::Fault);
        let deleting = |t: &mut TableDescription| t.table_status = Some(TableStatus::Deleting);
        assert_eq!(states(deleting)[0], State::Fault);
    }

    #[test]
    fn an_index_that_is_missing_or_incomplete_is_found() {
        let with = |index: GlobalSecondaryIndexDescription| {
            let mut table = healthy();
            table.global_secondary_indexes = Some(vec![index]);
            described("t", &table, "fix").remove(2)
        };
        let mut none = healthy();
        none.global_secondary_indexes = None;
        let missing = described("t", &none, "fix").remove(2);
        assert_eq!((missing.state, missing.fix), (State::Fault, Some(Fix::Index)));
        let lacks = with(an_index(&LISTED[1..]));
        assert_eq!((lacks.state, lacks.fix), (State::Fault, None));
        assert!(lacks.says.ends_with(": bucket"), "{}", lacks.says);
        let mut all = an_index(&[]);
        all.projection = Some(Projection::builder().projection_type(ProjectionType::All).build());
        assert_eq!(with(all).state, State::Ok);
        let mut keys = an_index(&LISTED);
        keys.key_schema = Some(vec![element("shelf", KeyType::Hash)]);
        assert_eq!(with(keys).state, State::Fault);
        let mut young = an_index(&LISTED);
        young.index_status = Some(IndexStatus::Creating);
        assert_eq!(with(young).state, State::Warning);
    }

    #[test]
    fn a_stream_that_is_off_or_says_nothing_is_found() {
        assert_eq!(states(|t| t.stream_specification = None)[1], State::Warning);
        let keys = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::KeysOnly)
            .build()
            .unwrap();
        assert_eq!(states(|t| t.stream_specification = Some(keys))[1], State::Warning);
    }

    #[test]
    fn rows_must_expire_by_the_right_attribute() {
        let of = |status: TimeToLiveStatus, attribute: &str| {
            let described = TimeToLiveDescription::builder()
                .time_to_live_status(status)
                .attribute_name(attribute);
            expiry("t", Some(&described.build()), "fix")
        };
        assert_eq!(of(TimeToLiveStatus::Enabled, TTL_ATTRIBUTE).state, State::Ok);
        let other = of(TimeToLiveStatus::Enabled, "ttl");
        assert_eq!((other.state, other.fix), (State::Warning, None));
        let off = of(TimeToLiveStatus::Disabled, TTL_ATTRIBUTE);
        assert_eq!((off.state, off.fix), (State::Fault, Some(Fix::Expiry)));
        assert_eq!(expiry("t", None, "fix").state, State::Fault);
    }

    #[test]
    fn a_table_that_cannot_be_restored_is_told() {
        let of = |status: PointInTimeRecoveryStatus| {
            let recovery =
                PointInTimeRecoveryDescription::builder().point_in_time_recovery_status(status);
            let described = ContinuousBackupsDescription::builder()
                .continuous_backups_status("ENABLED".into())
                .point_in_time_recovery_description(recovery.build());
            backups("t", described.build().ok().as_ref()).state
        };
        assert_eq!(of(PointInTimeRecoveryStatus::Enabled), State::Ok);
        assert_eq!(of(PointInTimeRecoveryStatus::Disabled), State::Warning);
    }
}
