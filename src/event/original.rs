//! A message of SQS as it lay in its queue, to be put into another one.

use aws_lambda_events::sqs::SqsMessageAttribute;
use serde_json::Value;

use super::sqs;

/// What a message of SQS has that its receiver may see.
#[derive(Debug, Clone, PartialEq)]
pub struct Original<'a> {
    /// Its text.
    pub body: &'a str,
    /// What its sender said beside it; in the order of their names.
    pub attributes: Vec<Attribute>,
}

/// A message attribute of SQS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its data type: `String`, `Number`, `Binary`, or one of these with something after a point.
    pub kind: String,
    /// Its value.
    pub value: AttributeValue,
}

/// The value of a message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// Of a text or a number.
    Text(String),
    /// Of bytes.
    Bytes(Vec<u8>),
}

impl Attribute {
    /// One that is a text.
    #[must_use]
    pub fn text(name: &str, text: &str) -> Self {
        let value = AttributeValue::Text(text.to_owned());
        Self { name: name.to_owned(), kind: "String".to_owned(), value }
    }

    /// How much it counts of a message's size.
    #[must_use]
    pub fn size(&self) -> usize {
        let value = match &self.value {
            AttributeValue::Text(text) => text.len(),
            AttributeValue::Bytes(bytes) => bytes.len(),
        };
        self.name.len() + self.kind.len() + value
    }
}

impl<'a> Original<'a> {
    /// That of a record; `None` if it has no text. An attribute that is none is left out.
    pub(super) fn of(record: &'a Value) -> Option<Self> {
        let body = Some(sqs::text(record)).filter(|text| !text.is_empty())?;
        let attributes = record.get("messageAttributes").and_then(Value::as_object);
        let attributes = attributes.into_iter().flatten().filter_map(|(name, value)| {
            let read: SqsMessageAttribute = serde_json::from_value(value.clone()).ok()?;
            let value = match (read.string_value, read.binary_value) {
                (Some(text), _) => AttributeValue::Text(text),
                (None, Some(bytes)) => AttributeValue::Bytes(bytes.0),
                (None, None) => return None,
            };
            Some(Attribute { name: name.clone(), kind: read.data_type?, value })
        });
        Some(Self { body, attributes: attributes.collect() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::Envelope;

    #[test]
    fn a_message_is_taken_as_it_was() {
        let attributes = json!({
            "n": {"stringValue": "7", "stringListValues": [], "binaryListValues": [], "dataType": "Number.x"},
            "b": {"binaryValue": "AQI=", "dataType": "Binary"},
            "odd": 7, "none": {"dataType": "String"}});
        let event = json!({"Records": [
            {"messageId": "m0", "eventSource": "aws:sqs", "body": "?"},
            {"messageId": "m1", "eventSource": "aws:sqs", "body": "!", "messageAttributes": attributes},
            {"messageId": "m2", "eventSource": "aws:sqs"}]});
        let envelope = Envelope::parse(&event, "r").unwrap();
        let plain = Original { body: "?", attributes: vec![] };
        assert_eq!(envelope.original(&event, 0), Some(plain));
        let original = envelope.original(&event, 1).unwrap();
        assert_eq!(original.body, "!");
        let attribute = |name: &str, kind: &str, value| Attribute {
            name: name.to_owned(),
            kind: kind.to_owned(),
            value,
        };
        assert_eq!(
            original.attributes,
            [
                attribute("b", "Binary", AttributeValue::Bytes(vec![1, 2])),
                attribute("n", "Number.x", AttributeValue::Text("7".to_owned())),
            ]
        );
        assert_eq!(original.attributes[1].size(), "nNumber.x7".len());
        assert_eq!((envelope.original(&event, 2), envelope.original(&event, 3)), (None, None));
        let s3 = json!({"Records": [{"s3": {}}]});
        assert_eq!(Envelope::parse(&s3, "r").unwrap().original(&s3, 0), None);
    }
}
