//! What can be set of the catalogue's API and pages.

use std::num::NonZeroU32;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::reader::{Reader, SettingsError};
use super::setting::{Flag, Group, Setting, Unset};
use super::values::ValueError;

/// All settings of the API, in the order in which people are told of them.
pub const WEB: Group = Group {
    heading: "Catalogue",
    settings: &[
        &WEB_READING,
        &WEB_TOKEN_SHA256,
        &WEB_TRUST_IAM,
        &WEB_CORS_ORIGINS,
        &WEB_REQUESTS_PER_SECOND,
        &WEB_UPLOADS,
    ],
};

/// Who may read.
pub const WEB_READING: Setting = Setting {
    name: "WEB_READING",
    flag: Some(Flag { long: "reading", value: "WHO" }),
    help: "Who may read the catalogue: open, or closed to all who have no token",
    default: Unset::Text("closed", ""),
    expected: "open or closed",
};

/// Who may write.
pub const WEB_TOKEN_SHA256: Setting = Setting {
    name: "WEB_TOKEN_SHA256",
    flag: Some(Flag { long: "token-sha256", value: "HEX" }),
    help: "The SHA-256 of the token with which people review; several, with commas between them, \
           while one takes another's place",
    default: Unset::Words("nobody may review"),
    expected: "64 hexadecimal digits, or several such with commas between them",
};

/// Whether AWS says who may.
pub const WEB_TRUST_IAM: Setting = Setting {
    name: "WEB_TRUST_IAM",
    flag: None,
    help: "Whether who has passed the function URL's own check (AWS_IAM) may read and review: yes \
           or no",
    default: Unset::Text("no", ""),
    expected: "yes or no",
};

/// Which websites' scripts may read.
pub const WEB_CORS_ORIGINS: Setting = Setting {
    name: "WEB_CORS_ORIGINS",
    flag: Some(Flag { long: "cors-origins", value: "ORIGINS" }),
    help: "Websites whose scripts may call the API, as https://shop.example, with commas between \
           them, or * for all",
    default: Unset::Words("none"),
    expected: "origins as https://shop.example, with commas between them, or *",
};

/// How much one caller may ask.
pub const WEB_REQUESTS_PER_SECOND: Setting = Setting {
    name: "WEB_REQUESTS_PER_SECOND",
    flag: Some(Flag { long: "requests-per-second", value: "N" }),
    help: "Requests that one address may make in a second, ten times as many at once",
    default: Unset::Text("50", ""),
    expected: "a whole number from 1 to 100000",
};

/// Where people's photos go.
pub const WEB_UPLOADS: Setting = Setting {
    name: "WEB_UPLOADS",
    flag: Some(Flag { long: "uploads", value: "BUCKET/PREFIX" }),
    help: "Where photos go that people upload with the page, as my-bucket/uploads/",
    default: Unset::Words("nobody can upload"),
    expected: "a bucket, a slash, and the beginning of keys, as my-bucket/uploads/",
};

/// What can be set of the API.
#[derive(Debug, Clone, PartialEq)]
pub struct WebSettings {
    /// [`WEB_READING`].
    pub reading: Reading,
    /// [`WEB_TOKEN_SHA256`]: none, if nobody may write with a token.
    pub tokens: Tokens,
    /// [`WEB_TRUST_IAM`].
    pub trusts_iam: bool,
    /// [`WEB_CORS_ORIGINS`].
    pub origins: Origins,
    /// [`WEB_REQUESTS_PER_SECOND`].
    pub per_second: NonZeroU32,
    /// [`WEB_UPLOADS`].
    pub uploads: Option<UploadPlace>,
}

impl WebSettings {
    /// Reads the settings from the environment. `lookup` gives a setting's text by its name.
    pub fn parse(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        Self::read(Reader::new(lookup, Setting::in_environment))
    }

    /// The same for the command line: mistakes name flags.
    pub fn parse_flags(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        Self::read(Reader::new(lookup, Setting::on_command_line))
    }

    fn read<F: Fn(&str) -> Option<String>>(mut reader: Reader<F>) -> Result<Self, SettingsError> {
        let reading = reader.read(&WEB_READING);
        let tokens = reader.read(&WEB_TOKEN_SHA256).unwrap_or_default();
        let trust: Option<YesOrNo> = reader.read(&WEB_TRUST_IAM);
        let origins = reader.read(&WEB_CORS_ORIGINS).unwrap_or_default();
        let rate: Option<Rate> = reader.read(&WEB_REQUESTS_PER_SECOND);
        let uploads = reader.read(&WEB_UPLOADS);
        let made = reading.zip(trust.zip(rate)).map(|(reading, (trust, rate))| Self {
            reading,
            tokens,
            trusts_iam: trust.0,
            origins,
            per_second: rate.0,
            uploads,
        });
        reader.finish(made)
    }
}

/// Who may read the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Everybody.
    Open,
    /// Who may write.
    Closed,
}

impl FromStr for Reading {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            _ => Err(ValueError),
        }
    }
}

/// The hashes of tokens: the tokens themselves are nowhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens(Vec<[u8; 32]>);

impl Tokens {
    /// The shortest token that counts as one, in bytes: what is shorter can be guessed.
    pub const SHORTEST: usize = 16;

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is one of the tokens. Takes the same time whichever it is or is not.
    #[must_use]
    pub fn accept(&self, token: &str) -> bool {
        let hash: [u8; 32] = Sha256::digest(token).into();
        let found = self.0.iter().fold(subtle::Choice::from(0), |found, known| {
            found | known.as_slice().ct_eq(hash.as_slice())
        });
        bool::from(found) && token.len() >= Self::SHORTEST
    }
}

impl FromStr for Tokens {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let hash = |text: &str| {
            let mut hash = [0; 32];
            hex::decode_to_slice(text.trim(), &mut hash).map(|()| hash).map_err(|_| ValueError)
        };
        text.split(',').map(hash).collect::<Result<_, _>>().map(Self)
    }
}

/// Whose scripts may call the API from a browser.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origins {
    /// Nobody's but our own pages'.
    #[default]
    None,
    /// Those of these websites.
    These(Vec<String>),
    /// Everybody's.
    All,
}

impl FromStr for Origins {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text == "*" {
            return Ok(Self::All);
        }
        let origin = |text: &str| {
            let text = text.trim();
            let (scheme, host) = text.split_once("://").ok_or(ValueError)?;
            let host_is =
                |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || b".-:[]".contains(&c);
            let is_origin =
                matches!(scheme, "http" | "https") && !host.is_empty() && host.bytes().all(host_is);
            is_origin.then(|| text.to_owned()).ok_or(ValueError)
        };
        text.split(',').map(origin).collect::<Result<_, _>>().map(Self::These)
    }
}

/// Where photos go that people upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPlace {
    /// The bucket.
    pub bucket: String,
    /// What their keys begin with; it may be empty.
    pub prefix: String,
}

impl FromStr for UploadPlace {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let (bucket, prefix) = text.split_once('/').ok_or(ValueError)?;
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-');
        let is_place = (3..=63).contains(&bucket.len())
            && bucket.bytes().all(fits)
            && prefix.len() <= 512
            && !prefix.chars().any(|c| c.is_control() || "\"$\\{}".contains(c));
        let place = Self { bucket: bucket.to_owned(), prefix: prefix.to_owned() };
        is_place.then_some(place).ok_or(ValueError)
    }
}

struct YesOrNo(bool);

impl FromStr for YesOrNo {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "yes" => Ok(Self(true)),
            "no" => Ok(Self(false)),
            _ => Err(ValueError),
        }
    }
}

struct Rate(NonZeroU32);

impl FromStr for Rate {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let rate: NonZeroU32 = text.parse().map_err(|_| ValueError)?;
        if rate.get() <= 100_000 { Ok(Self(rate)) } else { Err(ValueError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<WebSettings, SettingsError> {
        WebSettings::parse(|name| {
            pairs.iter().find(|(n, _)| *n == name).map(|(_, text)| (*text).to_owned())
        })
    }

    #[test]
    fn nothing_is_open_unless_it_is_said() {
        let settings = parse(&[]).unwrap();
        assert_eq!(settings.reading, Reading::Closed);
        assert!(settings.tokens.is_empty() && !settings.trusts_iam);
        assert_eq!((settings.origins, settings.uploads), (Origins::None, None));
    }

    #[test]
    fn each_setting_takes_a_good_value_and_its_mistakes_name_it() {
        let hash = hex::encode(Sha256::digest("a token that is long enough"));
        let samples = [
            (&WEB_READING, "open", "yes"),
            (&WEB_TOKEN_SHA256, hash.as_str(), "secret"),
            (&WEB_TRUST_IAM, "yes", "true"),
            (&WEB_CORS_ORIGINS, "https://shop.example,http://localhost:3000", "shop.example"),
            (&WEB_REQUESTS_PER_SECOND, "7", "0"),
            (&WEB_UPLOADS, "my-bucket/uploads/", "my-bucket"),
        ];
        assert!(samples.iter().map(|sample| sample.0).eq(WEB.settings.iter().copied()));
        for (setting, good, bad) in samples {
            assert_ne!(parse(&[(setting.name, good)]).unwrap(), parse(&[]).unwrap());
            let SettingsError(mistakes) = parse(&[(setting.name, bad)]).unwrap_err();
            let Setting { name, expected, .. } = setting;
            assert_eq!(mistakes, [format!("{name} is '{bad}': expected {expected}")]);
        }
    }

    #[test]
    fn only_the_token_itself_is_accepted() {
        let token = "a token that is long enough";
        let hash = |text: &str| hex::encode(Sha256::digest(text));
        let tokens: Tokens =
            format!("{}, {}", hash("another token of ours"), hash(token)).parse().unwrap();
        assert!(tokens.accept(token) && tokens.accept("another token of ours"));
        for other in ["", "a token that is long enougH", &hash(token)] {
            assert!(!tokens.accept(other), "{other}");
        }
        // One that can be guessed is none, whatever its hash.
        let short: Tokens = hash("secret").parse().unwrap();
        assert!(!short.accept("secret"));
        assert!(!Tokens::default().accept(token));
    }
}
