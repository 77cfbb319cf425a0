//! What there is to say of one setting.

use std::fmt;
use std::str::FromStr;

/// A setting: a text under a name, from the environment or a flag. Its type is that of the field
/// which it is read into, by the type's `FromStr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the environment.
    pub name: &'static str,
    /// Its flag, if the command line has one for it.
    pub flag: Option<Flag>,
    /// What it is, for people: no full stop at the end.
    pub help: &'static str,
    /// What holds where it is not set.
    pub default: Unset,
    /// What a text must be, its range included: goes on after "expected".
    pub expected: &'static str,
}

/// A flag of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    /// Its name, without the hyphens before it.
    pub long: &'static str,
    /// What its value is called in help.
    pub value: &'static str,
}

/// Settings whose flags stand together in help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// What stands above them.
    pub heading: &'static str,
    /// The settings; each has a flag.
    pub settings: &'static [&'static Setting],
}

/// What holds where a setting is not set. As text: how people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unset {
    /// The text is read as if it were given. The second says the same in a unit for people; it may
    /// be empty.
    Text(&'static str, &'static str),
    /// What happens then, in words.
    Words(&'static str),
    /// It must be set. The words tell what to do.
    Needed(&'static str),
}

impl Setting {
    /// The value that a text is, by its type's `FromStr`. White space around it is overlooked,
    /// unless it may be part of the value, as in a path.
    #[must_use]
    pub fn value<T: FromStr>(&self, text: &str) -> Option<T> {
        text.parse().or_else(|_| text.trim().parse()).ok()
    }

    /// How mistakes name it to who set the environment: `MAX_BYTES`.
    #[must_use]
    pub fn in_environment(&self) -> String {
        self.name.to_owned()
    }

    /// How mistakes name it to who typed a command: `--max-bytes (MAX_BYTES)`, if there is a flag.
    #[must_use]
    pub fn on_command_line(&self) -> String {
        match self.flag {
            Some(flag) => format!("--{} ({})", flag.long, self.name),
            None => self.in_environment(),
        }
    }
}

impl fmt::Display for Unset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text, "") | Self::Words(text) => f.write_str(text),
            Self::Text(text, unit) => write!(f, "{text} ({unit})"),
            Self::Needed(_) => f.write_str("needed"),
        }
    }
}
