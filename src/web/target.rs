//! What an address below `/api/images/` names.

use axum::http::Method;
use percent_encoding::percent_decode_str;

use super::problem::Problem;
use crate::object::ObjectId;

/// What of an object is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its row.
    Row,
    /// Its picture.
    Photo,
    /// What a person says of it.
    Review,
}

/// An object, and what of it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The object.
    pub object: ObjectId,
    /// What of it.
    pub part: Part,
}

impl Target {
    /// Reads what comes after `/api/images/`, as the request has it: `BUCKET/KEY`, `BUCKET/KEY/photo`
    /// or `BUCKET/KEY/review`.
    ///
    /// A key's slashes may be written as they are, or as `%2F`: a key that itself ends in `/photo` has
    /// to be written in the second way.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let parts = [("/photo", Part::Photo), ("/review", Part::Review)];
        let named = parts.iter().find_map(|(end, part)| Some((raw.strip_suffix(end)?, *part)));
        let (object, part) = named.unwrap_or((raw, Part::Row));
        Ok(Self { object: object_of(object)?, part })
    }

    /// What can be done with it.
    pub fn methods(&self) -> &'static str {
        match self.part {
            Part::Row | Part::Photo => "GET, HEAD",
            Part::Review => "PUT",
        }
    }

    /// Whether that can be done with it.
    pub fn takes(&self, method: &Method) -> bool {
        match self.part {
            Part::Row | Part::Photo => matches!(*method, Method::GET | Method::HEAD),
            Part::Review => *method == Method::PUT,
        }
    }
}

/// The object that `BUCKET/KEY` names, percent-encoded as in an address.
pub fn object_of(raw: &str) -> Result<ObjectId, Problem> {
    let (bucket, key) = raw.split_once('/').unwrap_or((raw, ""));
    let text = |raw: &str| {
        percent_decode_str(raw).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| {
            Problem::bad_request("this address is not UTF-8: percent-encode the key as UTF-8")
        })
    };
    ObjectId::new(&text(bucket)?, &text(key)?)
        .map_err(|error| Problem::bad_request(error.to_string()))
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_key_can_be_named(key in "\\PC{1,100}", part in 0..3_usize) {
            let (end, part) =
                [("", Part::Row), ("/photo", Part::Photo), ("/review", Part::Review)][part];
            let encoded = utf8_percent_encode(&key, NON_ALPHANUMERIC);
            let target = Target::parse(&format!("shop/{encoded}{end}")).unwrap();
            prop_assert_eq!(target, Target { object: ObjectId::new("shop", &key).unwrap(), part });
        }

        #[test]
        fn no_address_is_a_panic(raw in "\\PC{0,100}") {
            let _ = Target::parse(&raw);
        }
    }

    #[test]
    fn slashes_may_be_written_either_way() {
        let of = |raw: &str| Target::parse(raw).unwrap();
        assert_eq!(of("shop/a/b.jpg"), of("shop/a%2Fb.jpg"));
        assert_eq!(of("shop/a/photo").object.key(), "a");
        assert_eq!(of("shop/a%2Fphoto").object.key(), "a/photo");
        assert_eq!(of("shop/../a+b%2B").object.key(), "../a+b+");
        for raw in ["", "shop", "shop/", "s/a", "shop/%ff", "/photo"] {
            assert_eq!(Target::parse(raw).unwrap_err().status(), 400, "{raw}");
        }
    }
}
