//! Names of AWS's things that a job of S3 needs, checked before anybody is asked.

use std::str::FromStr;

/// The ARN of one version of a function: what a job calls must not change while it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionArn(String);

/// The ARN of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleArn(String);

impl FunctionArn {
    /// The whole of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `aws`, or another world of AWS.
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// The account's number.
    pub fn account(&self) -> &str {
        self.part(4)
    }

    fn part(&self, n: usize) -> &str {
        self.0.split(':').nth(n).unwrap_or_default()
    }
}

impl RoleArn {
    /// The whole of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const NO_VERSION: &str = "it names no version: publish one, and end the ARN with its number. An alias \
                          may point elsewhere before all objects are classified";

impl FromStr for FunctionArn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split(':').collect::<Vec<_>>()[..] {
            ["arn", partition, "lambda", region, account, "function", name, version]
                if is_account(account)
                    && [partition, region, name].iter().all(|part| !part.is_empty())
                    && is_version(version) =>
            {
                Ok(Self(text.to_owned()))
            }
            ["arn", _, "lambda", _, _, "function", _] => Err(NO_VERSION.to_owned()),
            ["arn", _, "lambda", _, _, "function", _, version] if !is_version(version) => {
                Err(NO_VERSION.to_owned())
            }
            _ => Err("expected arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION".to_owned()),
        }
    }
}

impl FromStr for RoleArn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split(':').collect::<Vec<_>>()[..] {
            ["arn", partition, "iam", "", account, role]
                if is_account(account)
                    && !partition.is_empty()
                    && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err("expected arn:aws:iam::ACCOUNT:role/NAME".to_owned()),
        }
    }
}

/// A published version has a number; `$LATEST` and aliases are names.
fn is_version(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_its_version() {
        let arn = "arn:aws-cn:lambda:cn-north-1:123456789012:function:lookbook";
        let function: FunctionArn = format!("{arn}:7").parse().unwrap();
        assert_eq!((function.partition(), function.account()), ("aws-cn", "123456789012"));
        for latest in [arn.to_owned(), format!("{arn}:$LATEST"), format!("{arn}:live")] {
            assert!(latest.parse::<FunctionArn>().unwrap_err().contains("names no version"));
        }
        for odd in ["", "lookbook", "arn:aws:lambda:r:1:function:f:7", "arn:aws:s3:::shop"] {
            assert!(odd.parse::<FunctionArn>().unwrap_err().starts_with("expected arn"), "{odd}");
        }
    }

    #[test]
    fn a_role_is_one() {
        assert!("arn:aws:iam::123456789012:role/service/backfill".parse::<RoleArn>().is_ok());
        for odd in ["", "backfill", "arn:aws:iam::123456789012:user/me", "arn:aws:iam::1:role/a"] {
            assert!(odd.parse::<RoleArn>().unwrap_err().starts_with("expected arn"), "{odd}");
        }
    }
}
