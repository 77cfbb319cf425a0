//! Queues: how they are named, and what is known of one.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use aws_config::{Region, SdkConfig};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use super::refusal::{Refusal, Why};

/// The Amazon Resource Name of a queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueArn {
    /// `aws`, or that of China or a government.
    pub partition: String,
    /// The region.
    pub region: String,
    /// The account's number.
    pub account: String,
    /// The queue's name.
    pub name: String,
}

/// A queue, as people name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueName {
    /// By its ARN.
    Arn(QueueArn),
    /// By its URL.
    Url(String),
}

/// A text that names no queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the ARN or the URL of a queue, as arn:aws:sqs:eu-west-1:123456789012:my-queue or \
     https://sqs.eu-west-1.amazonaws.com/123456789012/my-queue"
)]
pub struct QueueNameError;

impl QueueArn {
    /// Whether it keeps an order, which S3 does not send to.
    pub fn is_fifo(&self) -> bool {
        has_suffix(&self.name, ".fifo")
    }
}

fn has_suffix(name: &str, suffix: &str) -> bool {
    name.len() > suffix.len() && name.ends_with(suffix)
}

impl FromStr for QueueArn {
    type Err = QueueNameError;

    fn from_str(text: &str) -> Result<Self, QueueNameError> {
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", partition, "sqs", region, account, name] = parts[..] else {
            return Err(QueueNameError);
        };
        let word = |text: &str| {
            let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
            !text.is_empty() && text.bytes().all(fits)
        };
        if ![partition, region, account, name].into_iter().all(word) {
            return Err(QueueNameError);
        }
        let [partition, region, account, name] =
            [partition, region, account, name].map(str::to_owned);
        Ok(Self { partition, region, account, name })
    }
}

impl fmt::Display for QueueArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, region, account, name } = self;
        write!(f, "arn:{partition}:sqs:{region}:{account}:{name}")
    }
}

impl FromStr for QueueName {
    type Err = QueueNameError;

    fn from_str(text: &str) -> Result<Self, QueueNameError> {
        if text.starts_with("arn:") {
            return text.parse().map(Self::Arn);
        }
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        // A host, an account and a name.
        let is_url = rest.is_some_and(|rest| {
            rest.matches('/').count() >= 2 && !rest.contains(char::is_whitespace)
        });
        is_url.then(|| Self::Url(text.to_owned())).ok_or(QueueNameError)
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arn(arn) => arn.fmt(f),
            Self::Url(url) => f.write_str(url),
        }
    }
}

impl QueueName {
    /// A client that asks where the queue is.
    pub fn client(&self, config: &SdkConfig) -> Client {
        let mut builder = aws_sdk_sqs::config::Builder::from(config);
        let region = match self {
            Self::Arn(arn) => Some(arn.region.as_str()),
            Self::Url(url) => region_of(url),
        };
        if let Some(region) = region {
            builder = builder.region(Region::new(region.to_owned()));
        }
        Client::from_conf(builder.build())
    }
}

/// The region in the host of a queue's URL, if it is one of AWS's.
fn region_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split('/').next()?;
    let (region, domain) = host.strip_prefix("sqs.")?.split_once('.')?;
    domain.starts_with("amazonaws.com").then_some(region)
}

/// What is known of a queue.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Its URL.
    pub url: String,
    /// Its ARN.
    pub arn: QueueArn,
    attributes: HashMap<QueueAttributeName, String>,
}

/// Where messages go that were received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The dead-letter queue.
    pub dead_letters: QueueArn,
    /// How often a message is received at most before it goes there.
    pub max_receives: u64,
}

impl Queue {
    /// Asks for a queue: its URL, if its ARN is known, and its attributes.
    pub async fn find(client: &Client, name: &QueueName) -> Result<Self, Refusal> {
        let url = match name {
            QueueName::Url(url) => url.clone(),
            QueueName::Arn(arn) => {
                let get = client.get_queue_url().queue_name(&arn.name);
                let get = get.queue_owner_aws_account_id(&arn.account);
                let answer = get.send().await.map_err(Refusal::of)?;
                answer.queue_url.ok_or_else(|| incomplete("URL"))?
            }
        };
        let get = client.get_queue_attributes().queue_url(&url);
        let get = get.attribute_names(QueueAttributeName::All);
        let attributes = get.send().await.map_err(Refusal::of)?.attributes.unwrap_or_default();
        Self::of(url, attributes).ok_or_else(|| incomplete("ARN of a queue"))
    }

    /// One with these attributes; none if its ARN is not among them.
    pub fn of(url: String, attributes: HashMap<QueueAttributeName, String>) -> Option<Self> {
        let arn = attributes.get(&QueueAttributeName::QueueArn)?.parse().ok()?;
        Some(Self { url, arn, attributes })
    }

    /// An attribute's text.
    pub fn text(&self, name: &QueueAttributeName) -> Option<&str> {
        self.attributes.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// An attribute that is a number.
    pub fn number(&self, name: &QueueAttributeName) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// Where messages go in the end, if anywhere.
    pub fn redrive(&self) -> Option<Redrive> {
        let policy: Value =
            serde_json::from_str(self.text(&QueueAttributeName::RedrivePolicy)?).ok()?;
        // Some write the number as a text.
        let receives = &policy["maxReceiveCount"];
        let receives = receives.as_u64().or_else(|| receives.as_str()?.parse().ok())?;
        let dead_letters = policy["deadLetterTargetArn"].as_str()?.parse().ok()?;
        Some(Redrive { dead_letters, max_receives: receives })
    }
}

fn incomplete(what: &str) -> Refusal {
    Refusal { why: Why::Failed, said: format!("the answer has no {what}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sqs:eu-west-1:123456789012:shop-Changes-1";

    #[test]
    fn a_queue_is_named_by_its_arn_or_its_url() {
        assert_eq!(ARN.parse::<QueueArn>().unwrap().to_string(), ARN);
        let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/shop-Changes-1";
        assert_eq!(url.parse(), Ok(QueueName::Url(url.to_owned())));
        assert_eq!(region_of(url), Some("eu-west-1"));
        assert_eq!(region_of("https://sqs.cn-north-1.amazonaws.com.cn/1/q"), Some("cn-north-1"));
        assert_eq!(region_of("http://127.0.0.1:4566/000000000000/q"), None);
        for text in
            ["", "shop", "arn:aws:sns:eu-west-1:1:t", "arn:aws:sqs:eu-west-1:1:", "http://q"]
        {
            assert_eq!(text.parse::<QueueName>(), Err(QueueNameError), "{text}");
        }
        assert!("arn:aws:sqs:eu-west-1:1:q.fifo".parse::<QueueArn>().unwrap().is_fifo());
        assert!(!ARN.parse::<QueueArn>().unwrap().is_fifo());
    }

    #[test]
    fn a_redrive_policy_is_read_however_its_number_is_written() {
        let queue = |policy: &str| {
            let attributes = [
                (QueueAttributeName::QueueArn, ARN.to_owned()),
                (QueueAttributeName::RedrivePolicy, policy.to_owned()),
            ];
            Queue::of("u".into(), attributes.into()).unwrap()
        };
        for count in ["10", "\"10\""] {
            let policy =
                format!("{{\"deadLetterTargetArn\": \"{ARN}\", \"maxReceiveCount\": {count}}}");
            let redrive = queue(&policy).redrive().unwrap();
            assert_eq!((redrive.max_receives, redrive.dead_letters.to_string()), (10, ARN.into()));
        }
        for policy in ["", "{}", "{", "{\"maxReceiveCount\": 10}"] {
            assert_eq!(queue(policy).redrive(), None);
        }
    }
}
