//! Texts to values, with all mistakes kept.

use std::str::FromStr;

use super::setting::{Setting, Unset};

/// All mistakes in the settings.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", .0.join("; "))]
pub struct SettingsError(pub Vec<String>);

/// Reads settings one after another.
pub(super) struct Reader<F> {
    lookup: F,
    /// How a setting is named to who made a mistake.
    named: fn(&Setting) -> String,
    mistakes: Vec<String>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    pub(super) fn new(lookup: F, named: fn(&Setting) -> String) -> Self {
        Self { lookup, named, mistakes: Vec::new() }
    }

    /// The text that is given; empty is none.
    pub(super) fn text(&self, setting: &Setting) -> Option<String> {
        (self.lookup)(setting.name).filter(|text| !text.is_empty())
    }

    /// The value that is given, or else the default, if that is a value. None is also a mistake,
    /// which [`Reader::finish`] tells.
    pub(super) fn read<T: FromStr>(&mut self, setting: &Setting) -> Option<T> {
        let text = match (self.text(setting), setting.default) {
            (Some(text), _) => text,
            (None, Unset::Text(text, _)) => text.to_owned(),
            (None, Unset::Words(_)) => return None,
            (None, Unset::Needed(what)) => {
                self.mistake(setting, &format!("is not set: {what}"));
                return None;
            }
        };
        let value = setting.value(&text);
        if value.is_none() {
            self.mistake(setting, &format!("is '{text}': expected {}", setting.expected));
        }
        value
    }

    /// A setting that makes sense only with another, which is not there.
    pub(super) fn needs(&mut self, setting: &Setting, other: &Setting, lack: &str) {
        if let Some(text) = self.text(setting) {
            let other = (self.named)(other);
            self.mistake(setting, &format!("is '{text}', but {lack}: set {other} too"));
        }
    }

    /// A setting that needs another, which is not set.
    pub(super) fn lacks(&mut self, setting: &Setting, other: &Setting, lack: &str) {
        let setting = (self.named)(setting);
        self.mistake(other, &format!("is not set, but {setting} needs it: {lack}"));
    }

    /// What was made of the values, if there was no mistake.
    pub(super) fn finish<T>(self, made: Option<T>) -> Result<T, SettingsError> {
        made.filter(|_| self.mistakes.is_empty()).ok_or(SettingsError(self.mistakes))
    }

    fn mistake(&mut self, setting: &Setting, what: &str) {
        self.mistakes.push(format!("{} {what}", (self.named)(setting)));
    }
}
