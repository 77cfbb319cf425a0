//! What a queue's policy says of a bucket that sends to it.
//!
//! A policy is a small program of AWS's, and only AWS runs all of it. What is read here is what such
//! policies say of S3, and what is not understood is told as such.

use serde_json::{Value, json};

use super::queue::QueueArn;

/// Whether S3 may send to a queue for a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sends {
    /// A statement allows it, and none denies it.
    Yes,
    /// It depends on what is not understood here.
    Perhaps,
    /// Nothing allows it, or a statement denies it.
    No,
}

/// Whether a statement, or a part of it, is about the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fits {
    No,
    Unknown,
    Yes,
}

impl From<bool> for Fits {
    fn from(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }
}

/// A message that S3 would send.
struct Sending {
    queue: String,
    bucket: String,
    /// The account of the queue, which is mostly the bucket's too.
    account: String,
}

/// Reads the policy of `queue`: may S3 send to it for the bucket `bucket`?
///
/// Source: Amazon S3 user guide, "Granting permissions to publish event notification messages to a
/// destination"; IAM user guide, "Policy evaluation logic".
pub fn may_send(policy: Option<&str>, queue: &QueueArn, bucket: &str) -> Sends {
    let Some(policy) = policy else { return Sends::No };
    let Ok(policy) = serde_json::from_str::<Value>(policy) else { return Sends::Perhaps };
    let sending = Sending {
        queue: queue.to_string(),
        bucket: format!("arn:{}:s3:::{bucket}", queue.partition),
        account: queue.account.clone(),
    };
    let fit = |effect: &str| {
        let statements = many(&policy["Statement"]).filter(|s| s["Effect"] == effect);
        statements.map(|statement| sending.fits(statement)).max().unwrap_or(Fits::No)
    };
    match (fit("Allow"), fit("Deny")) {
        (Fits::No, _) | (_, Fits::Yes) => Sends::No,
        (Fits::Yes, Fits::No) => Sends::Yes,
        _ => Sends::Perhaps,
    }
}

/// The statement that lets S3 send to `queue` for `bucket`.
pub fn statement(queue: &QueueArn, bucket: &str) -> Value {
    json!({
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue.to_string(),
        "Condition": {
            "ArnEquals": {"aws:SourceArn": format!("arn:{}:s3:::{bucket}", queue.partition)},
            "StringEquals": {"aws:SourceAccount": queue.account},
        },
    })
}

impl Sending {
    fn fits(&self, statement: &Value) -> Fits {
        let part = |name: &str, wanted: &str| match &statement[name] {
            // `NotAction` and the like.
            Value::Null => Fits::Unknown,
            value => Fits::from(texts(value).any(|pattern| is_like(wanted, pattern))),
        };
        let parts = [
            principal(&statement["Principal"]),
            match &statement["Action"] {
                Value::Null => Fits::Unknown,
                value => Fits::from(
                    texts(value).any(|name| is_like("sqs:sendmessage", &name.to_ascii_lowercase())),
                ),
            },
            part("Resource", &self.queue),
            self.meets(&statement["Condition"]),
        ];
        parts.into_iter().min().unwrap_or(Fits::Unknown)
    }

    /// All conditions must be met.
    fn meets(&self, conditions: &Value) -> Fits {
        let operators = conditions.as_object().into_iter().flatten();
        let each = operators.flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, values)| self.meets_one(operator, key, values))
        });
        each.min().unwrap_or(Fits::Yes)
    }

    fn meets_one(&self, operator: &str, key: &str, values: &Value) -> Fits {
        let (key, operator) = (key.to_ascii_lowercase(), operator.to_ascii_lowercase());
        let operator = operator.strip_suffix("ifexists").unwrap_or(&operator);
        let said = match key.as_str() {
            "aws:sourcearn" => Some(self.bucket.as_str()),
            "aws:sourceaccount" => Some(self.account.as_str()),
            // S3 uses nothing else.
            "aws:securetransport" => Some("true"),
            _ => None,
        };
        let Some(said) = said else { return Fits::Unknown };
        // The bucket may be in another account than the queue.
        let unless = if key == "aws:sourceaccount" { Fits::Unknown } else { Fits::No };
        let any = |fits: &dyn Fn(&str, &str) -> bool| texts(values).any(|value| fits(said, value));
        let fits = match operator {
            "stringequals" | "bool" => any(&|said, value| said == value),
            "stringequalsignorecase" => any(&|said, value| said.eq_ignore_ascii_case(value)),
            "arnequals" | "arnlike" | "stringlike" => any(&is_like),
            "stringnotequals" => !any(&|said, value| said == value),
            "arnnotequals" | "arnnotlike" | "stringnotlike" => !any(&is_like),
            _ => return Fits::Unknown,
        };
        if fits { Fits::Yes } else { unless }
    }
}

/// Whether S3 itself is meant.
fn principal(principal: &Value) -> Fits {
    match principal {
        Value::String(all) => (all == "*").into(),
        Value::Object(kinds) => {
            let is_s3 = |(kind, names): (&String, &Value)| match kind.as_str() {
                "Service" => texts(names).any(|name| name == "s3.amazonaws.com" || name == "*"),
                "AWS" => texts(names).any(|name| name == "*"),
                _ => false,
            };
            kinds.iter().any(is_s3).into()
        }
        _ => Fits::Unknown,
    }
}

/// One value, or each of a list.
fn many(value: &Value) -> impl Iterator<Item = &Value> {
    let list = value.as_array().map(Vec::as_slice);
    let one = std::slice::from_ref(value);
    list.unwrap_or(if value.is_null() { &[] } else { one }).iter()
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    many(value).filter_map(|value| match value {
        Value::Bool(true) => Some("true"),
        Value::Bool(false) => Some("false"),
        other => other.as_str(),
    })
}

/// Whether a text is like a pattern, in which `*` stands for any characters and `?` for one.
fn is_like(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) =
        (text.chars().collect(), pattern.chars().collect());
    let (mut t, mut p) = (0, 0);
    // Where the last `*` stands, and how far it reaches.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), star) {
            (Some('*'), _) => {
                star = Some((p, t));
                p += 1;
            }
            (Some(c), _) if *c == '?' || *c == text[t] => (t, p) = (t + 1, p + 1),
            (_, Some((at, reach))) => {
                star = Some((at, reach + 1));
                (t, p) = (reach + 1, at + 1);
            }
            (_, None) => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn queue() -> QueueArn {
        "arn:aws:sqs:eu-west-1:123456789012:changes".parse().unwrap()
    }

    fn sends(statements: &[Value]) -> Sends {
        let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        may_send(Some(&policy), &queue(), "shop")
    }

    /// The usual statement, with these parts in place of its own.
    fn allow(parts: &Value) -> Value {
        let mut usual = statement(&queue(), "shop");
        usual.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
        usual
    }

    #[test]
    fn what_allows_it_is_understood_in_all_of_its_forms() {
        let arn = "arn:aws:sqs:eu-west-1:123456789012:changes";
        for parts in [
            json!({}),
            json!({"Action": ["sqs:SendMessage"], "Resource": [arn]}),
            json!({"Action": "SQS:SendMessage"}),
            json!({"Action": "sqs:*", "Resource": "*"}),
            json!({"Principal": "*", "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:*:*:sh?p"}}}),
            json!({"Principal": {"AWS": "*"}}),
            json!({"Principal": {"Service": ["sns.amazonaws.com", "s3.amazonaws.com"]}}),
            json!({"Condition": {"StringEqualsIfExists": {"aws:SourceAccount": ["1", "123456789012"]}}}),
            json!({"Condition": {}}),
        ] {
            assert_eq!(sends(&[allow(&parts)]), Sends::Yes, "{parts}");
        }
        // One statement need be no list.
        let policy = json!({"Statement": allow(&json!({}))}).to_string();
        assert_eq!(may_send(Some(&policy), &queue(), "shop"), Sends::Yes);
    }

    #[test]
    fn what_allows_others_or_nothing_is_no_leave() {
        for parts in [
            json!({"Principal": {"Service": "sns.amazonaws.com"}}),
            json!({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}),
            json!({"Action": "sqs:ReceiveMessage"}),
            json!({"Resource": "arn:aws:sqs:eu-west-1:123456789012:others"}),
            json!({"Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::other"}}}),
        ] {
            assert_eq!(sends(&[allow(&parts)]), Sends::No, "{parts}");
        }
        // It may be the bucket's.
        let other = json!({"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}});
        assert_eq!(sends(&[allow(&other)]), Sends::Perhaps);
        assert_eq!(sends(&[]), Sends::No);
        assert_eq!(may_send(None, &queue(), "shop"), Sends::No);
    }

    #[test]
    fn what_denies_it_wins_and_what_is_not_understood_is_told() {
        let deny = |parts: &Value| {
            let mut statement = allow(parts);
            statement["Effect"] = "Deny".into();
            statement
        };
        let all = json!({"Principal": "*", "Action": "sqs:*"});
        assert_eq!(sends(&[allow(&json!({})), deny(&all)]), Sends::No);
        let without_tls = json!({"Principal": "*", "Action": "sqs:*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
        assert_eq!(sends(&[allow(&json!({})), deny(&without_tls)]), Sends::Yes);
        let other = json!({"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}});
        assert_eq!(sends(&[allow(&other)]), Sends::Perhaps);
        assert_eq!(sends(&[allow(&json!({})), deny(&other)]), Sends::Perhaps);
        assert_eq!(may_send(Some("{"), &queue(), "shop"), Sends::Perhaps);
    }

    proptest! {
        #[test]
        fn stars_stand_for_any_characters(parts in prop::collection::vec("[a-c]{0,3}", 1..5), between in "[a-c]{0,4}") {
            let pattern = parts.join("*");
            prop_assert!(is_like(&parts.join(&between), &pattern));
            prop_assert_eq!(is_like(&parts.join("x"), &pattern.replace('*', "x")), true);
            let ends = format!("{}x", parts.join(&between));
            prop_assert!(!is_like(&ends, &pattern) || pattern.ends_with('*'));
        }

        #[test]
        fn any_policy_is_read(text in "\\PC{0,200}") {
            let sends = may_send(Some(&text), &queue(), "shop");
            prop_assert!(sends != Sends::Yes);
        }
    }
}
