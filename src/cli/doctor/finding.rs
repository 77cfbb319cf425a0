//! A finding: what one check says, and how to mend it.

use serde::Serialize;

use crate::cli::account::{Refusal, Why};

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is as it should be.
    Ok,
    /// It was not, and has been mended.
    Fixed,
    /// It works, and could be better; or it depends.
    Warning,
    /// Photos, or what is known of them, go missing; or nothing works.
    Fault,
    /// It could not be looked at.
    Skipped,
}

/// What can be mended without taking anything away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fix {
    /// Announce the bucket's photos to the queue, as `lookbook connect` does.
    Connect,
    /// Let the table forget tombstones.
    Expiry,
    /// Give the table its index.
    Index,
    /// Give the table a stream.
    Stream,
}

/// One line of the report. The names in the JSON are public: programs read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The stable name of the check.
    pub check: &'static str,
    /// What it came to.
    pub state: State,
    /// What was found, in a sentence.
    pub says: String,
    /// What to do about it: a command, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mend: Option<String>,
    /// What `--fix` does about it.
    #[serde(skip)]
    pub fix: Option<Fix>,
}

impl State {
    /// Its name, as in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fixed => "fixed",
            Self::Warning => "warning",
            Self::Fault => "fault",
            Self::Skipped => "skipped",
        }
    }
}

impl Finding {
    fn new(check: &'static str, state: State, says: impl Into<String>) -> Self {
        Self { check, state, says: says.into(), mend: None, fix: None }
    }

    /// All is well.
    pub fn ok(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Ok, says)
    }

    /// It could be better.
    pub fn warning(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Warning, says)
    }

    /// It does not work.
    pub fn fault(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Fault, says)
    }

    /// It was not looked at.
    pub fn skipped(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, State::Skipped, says)
    }

    /// AWS did not answer. `what` is what was asked about, and `permission` what that takes.
    pub fn refused(check: &'static str, what: &str, permission: &str, refusal: &Refusal) -> Self {
        match refusal.why {
            Why::Denied => Self::skipped(check, format!("{what} may not be looked at ({refusal})"))
                .mend(format!("allow {permission} on it to who runs this")),
            Why::Missing => Self::fault(check, format!("{what} does not exist ({refusal})"))
                .mend("check its name, its account and the region"),
            Why::Elsewhere(_) => Self::fault(check, format!("{what}: {refusal}")),
            Why::Credentials => {
                Self::skipped(check, format!("{what} needs credentials ({refusal})"))
            }
            Why::Unknown => {
                Self::skipped(check, format!("{what} cannot be asked here ({refusal})"))
            }
            Why::Failed => Self::fault(check, format!("{what} cannot be looked at: {refusal}")),
        }
    }

    /// The same with what to do about it.
    pub fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    /// The same with what `--fix` does about it.
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_permission_or_what_is_missing() {
        let of = |why| {
            let refusal = Refusal { why, said: "AccessDenied: no".into() };
            Finding::refused("queue", "the queue changes", "sqs:GetQueueAttributes", &refusal)
        };
        let denied = of(Why::Denied);
        assert_eq!(denied.state, State::Skipped);
        assert_eq!(denied.mend.unwrap(), "allow sqs:GetQueueAttributes on it to who runs this");
        assert_eq!(of(Why::Missing).state, State::Fault);
        assert_eq!(of(Why::Failed).state, State::Fault);
        assert_eq!(of(Why::Credentials).state, State::Skipped);
        assert_eq!(of(Why::Unknown).state, State::Skipped);
        let elsewhere = of(Why::Elsewhere(Some("eu-west-1".into())));
        assert!(elsewhere.says.contains("set AWS_REGION"), "{}", elsewhere.says);
    }
}
