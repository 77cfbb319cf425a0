//! "Access denied", and what to do about it: it depends on what AWS says of the reason.

/// The kinds of policies, by the names that AWS gives them in its messages, and where they are.
const POLICIES: [(&str, &str); 7] = [
    ("identity-based policy", "a policy of the role"),
    ("resource-based policy", "the policy of the bucket, key or table itself"),
    ("permissions boundary", "the permissions boundary of the role"),
    ("service control policy", "a service control policy of the organisation"),
    ("resource control policy", "a resource control policy of the organisation"),
    ("session policy", "the policy of the session"),
    ("VPC endpoint policy", "the policy of the VPC endpoint"),
];

/// What to do, by AWS's message. `needed` is what must be allowed, where the message does not say.
///
/// A policy that denies is another thing than one that does not allow: no further allowance helps.
///
/// Source: AWS IAM user guide, "Troubleshoot access denied error messages"; AWS KMS developer guide,
/// "Troubleshooting key access".
pub(crate) fn remedy(message: &str, needed: &str) -> String {
    let action = after(message, "is not authorized to perform: ").and_then(first_word);
    let what = action.unwrap_or("it");
    if let Some(denied) = after(message, "explicit deny") {
        let place = place(denied).unwrap_or("a policy");
        return format!(
            "{place} denies {what}: to allow it elsewhere does not help, take it out of that Deny"
        );
    }
    if action.is_some_and(|action| action.starts_with("kms:")) || speaks_of_key(message) {
        return "the object is encrypted with a KMS key: allow kms:Decrypt on that key in the role's \
                policy (the parameter KmsKeyArn of the template does) and in the key's own policy"
            .to_owned();
    }
    let missing = after(message, "because no ").and_then(place);
    match (missing, action) {
        (Some(place), Some(action)) => format!("allow {action} in {place}"),
        _ => needed.to_owned(),
    }
}

/// What S3 says of a key that one may not know of.
fn speaks_of_key(message: &str) -> bool {
    message.contains("The ciphertext refers to a customer master key")
}

fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    text.split_once(words).map(|(_, rest)| rest)
}

fn first_word(text: &str) -> Option<&str> {
    text.split_whitespace().next()
}

/// The policy that is named first.
fn place(text: &str) -> Option<&'static str> {
    let named = POLICIES.iter().filter_map(|(name, place)| Some((text.find(name)?, *place)));
    named.min_by_key(|(at, _)| *at).map(|(_, place)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: &str =
        "User: arn:aws:sts::111122223333:assumed-role/f/f is not authorized to perform:";
    const ARN: &str = "arn:aws:s3:::shop/a.jpg";

    /// Messages as AWS documents them.
    #[test]
    fn a_deny_is_told_from_what_is_not_allowed() {
        let kms = "arn:aws:kms:us-east-1:111122223333:key/k";
        for (message, expected) in [
            (
                format!(
                    "{WHO} s3:GetObject on resource: {ARN} because no identity-based policy \
                         allows the s3:GetObject action"
                ),
                "allow s3:GetObject in a policy of the role",
            ),
            (
                format!(
                    "{WHO} s3:GetObject on resource: \"{ARN}\" with an explicit deny in a \
                         resource-based policy"
                ),
                "the policy of the bucket, key or table itself denies s3:GetObject: to allow it \
                 elsewhere does not help, take it out of that Deny",
            ),
            (
                format!(
                    "{WHO} s3:GetObject on resource: {ARN} with an explicit deny in a service \
                         control policy: arn:aws:organizations::1:policy/o/p"
                ),
                "a service control policy of the organisation denies s3:GetObject: to allow it \
                 elsewhere does not help, take it out of that Deny",
            ),
            (
                format!("{WHO} dynamodb:GetItem with an explicit deny"),
                "a policy denies dynamodb:GetItem: to allow it elsewhere does not help, take it out \
                 of that Deny",
            ),
            (
                format!(
                    "{WHO} s3:GetObject because no permissions boundary allows the s3:GetObject \
                         action"
                ),
                "allow s3:GetObject in the permissions boundary of the role",
            ),
            (
                format!(
                    "{WHO} s3:GetObject because no VPC endpoint policy allows the s3:GetObject \
                         action"
                ),
                "allow s3:GetObject in the policy of the VPC endpoint",
            ),
            (
                format!(
                    "{WHO} kms:Decrypt on resource: {kms} with an explicit deny in a \
                         resource-based policy"
                ),
                "the policy of the bucket, key or table itself denies kms:Decrypt: to allow it \
                 elsewhere does not help, take it out of that Deny",
            ),
            ("Access Denied".to_owned(), "allow all"),
            (String::new(), "allow all"),
        ] {
            assert_eq!(remedy(&message, "allow all"), expected, "{message}");
        }
        for message in [
            format!("{WHO} kms:Decrypt on resource: {kms} because no identity-based policy allows \
                     the kms:Decrypt action"),
            "The ciphertext refers to a customer master key that does not exist, does not exist in \
             this region, or you are not allowed to access."
                .to_owned(),
        ] {
            let remedy = remedy(&message, "allow all");
            assert!(remedy.contains("allow kms:Decrypt"), "{remedy}");
            assert!(remedy.contains("KmsKeyArn") && remedy.contains("key's own policy"), "{remedy}");
        }
    }
}
