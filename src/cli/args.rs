//! Flags that several subcommands share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::classifier::ModelFile;
use crate::settings::{
    CLASSIFICATION, Group, KEY_PREFIX, LOOKING, MODEL, MODEL_FILE, ModelChoice, NORMALISE, Rules,
    SettingsError,
};

/// Flags of some groups of settings: those from one number up to another.
///
/// They are kept as texts by the settings' names; where a flag is not given, its text is the
/// environment's. All become values together, so that all mistakes are told.
#[derive(Debug, Clone)]
pub struct Flags<const FROM: usize, const TO: usize>(BTreeMap<&'static str, String>);

/// Which model, and what is not written in or beside it.
pub type ModelArgs = Flags<0, 1>;

/// How photos are classified: all settings that have flags.
pub type RuleArgs = Flags<0, 3>;

/// How photos are looked at, by a command that names its models in a way of its own.
pub type LookArgs = Flags<2, 3>;

const GROUPS: [Group; 3] = [MODEL, CLASSIFICATION, LOOKING];

impl ModelArgs {
    /// The choice, for a command that needs no more of the rules.
    pub fn choice(&self) -> Result<ModelChoice, SettingsError> {
        Ok(Rules::parse_flags(|name| self.0.get(name).cloned())?.model)
    }

    /// The same for a model that is named as an argument.
    pub fn of(&self, model: &Path) -> Result<ModelChoice, SettingsError> {
        let mut texts = self.0.clone();
        texts.insert(MODEL_FILE.name, model.to_string_lossy().into_owned());
        Ok(match Self(texts).choice()? {
            // A path need not be text.
            ModelChoice::Local(mut choice) => {
                if let Some(ModelFile::Path { path, .. }) = &mut choice.model {
                    model.clone_into(path);
                }
                ModelChoice::Local(choice)
            }
            in_bucket @ ModelChoice::InBucket { .. } => in_bucket,
        })
    }
}

impl RuleArgs {
    /// All rules. Settings without a flag are taken from the environment.
    pub fn rules(&self) -> Result<Rules, SettingsError> {
        Rules::parse_flags(|name| match self.0.get(name) {
            Some(text) => Some(text.clone()),
            // It is for the function: here, what is given is meant.
            None if name == KEY_PREFIX.name => None,
            None => std::env::var(name).ok(),
        })
    }
}

impl LookArgs {
    /// The rules, as they are without a model and a threshold.
    pub fn rules(&self) -> Result<Rules, SettingsError> {
        Rules::parse_flags(|name| self.0.get(name).cloned())
    }
}

impl<const FROM: usize, const TO: usize> Args for Flags<FROM, TO> {
    fn augment_args(command: Command) -> Command {
        command.args(GROUPS[FROM..TO].iter().flat_map(flags))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<const FROM: usize, const TO: usize> FromArgMatches for Flags<FROM, TO> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let names =
            GROUPS[FROM..TO].iter().flat_map(|group| group.settings).map(|setting| setting.name);
        let texts = names.filter_map(|name| Some((name, matches.get_one::<String>(name)?.clone())));
        Ok(Self(texts.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The settings of a group as flags.
pub(super) fn flags(group: &Group) -> impl Iterator<Item = Arg> {
    group.settings.iter().filter_map(|setting| {
        let flag = setting.flag?;
        let arg = Arg::new(setting.name)
            .long(flag.long)
            .value_name(flag.value)
            .env(setting.name)
            .hide_env_values(true)
            // `--normalise -1..1`
            .allow_hyphen_values(**setting == NORMALISE)
            .help(format!("{} [default: {}]", setting.help, setting.default))
            .help_heading(group.heading);
        Some(arg)
    })
}

/// Where the embedded bucket and table keep their state.
#[derive(Debug, Clone, Args)]
pub struct DirArgs {
    /// The folder of the embedded bucket and table
    #[arg(long, value_name = "D", default_value = ".lookbook")]
    pub dir: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::settings::ALL;
    use crate::settings::tests::SAMPLES;

    /// A command with all flags of settings.
    #[derive(Debug, Parser)]
    struct Given {
        #[command(flatten)]
        rules: RuleArgs,
    }

    fn rules(args: &[String]) -> Result<Rules, SettingsError> {
        let args = std::iter::once("given").chain(args.iter().map(String::as_str));
        Given::try_parse_from(args).unwrap().rules.rules()
    }

    #[test]
    fn each_flag_takes_a_good_value_and_its_mistakes_name_it() {
        let model = ["--model".to_owned(), "m.tflite".to_owned()];
        let mut tried = 0;
        for sample in SAMPLES {
            let Some(flag) = sample.setting.flag else { continue };
            let given = |text: &str| {
                let args = [format!("--{}", flag.long), text.to_owned()];
                let before: &[String] = if *sample.setting == MODEL_FILE { &[] } else { &model };
                rules(&[before, &args].concat())
            };
            assert_ne!(given(sample.good), rules(&model), "{}", flag.long);
            given(sample.good).unwrap();
            if let Some(bad) = sample.bad {
                let SettingsError(mistakes) = given(bad).unwrap_err();
                let expected = sample.setting.expected;
                let name = format!("--{} ({})", flag.long, sample.setting.name);
                assert_eq!(mistakes, [format!("{name} is '{bad}': expected {expected}")]);
            }
            tried += 1;
        }
        assert_eq!(tried, ALL.iter().filter(|setting| setting.flag.is_some()).count());
    }

    #[test]
    fn a_flag_without_its_model_is_told_of_the_models_flag() {
        let SettingsError(mistakes) = rules(&["--labels=l.txt".to_owned()]).unwrap_err();
        assert_eq!(
            mistakes,
            ["--labels (LABELS_FILE) is 'l.txt', but no model is named: set --model \
                 (MODEL_FILE) too"]
        );
    }
}
