//! The two models, as the command line names them.

use std::str::FromStr;

use anyhow::Context;
use clap::Args;

use super::pair::Pair;
use crate::bucket::S3;
use crate::classifier::{Choice, Classifier, ModelFile, ModelHash};
use crate::cli::chosen;
use crate::model_file::{self, Kept};
use crate::settings::{Confidence, ModelChoice, ModelPlace};

/// A model's name on the command line.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelName {
    BuiltIn,
    At(ModelPlace),
}

impl FromStr for ModelName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "built-in" {
            return Ok(Self::BuiltIn);
        }
        text.parse().map(Self::At).map_err(|_| "expected a file, s3://BUCKET/KEY, or built-in")
    }
}

#[derive(Debug, Args)]
pub struct Models {
    /// The model that is there: a file, `s3://BUCKET/KEY`, or built-in
    #[arg(long, value_name = "MODEL", default_value = "built-in", help_heading = "Models")]
    old: ModelName,
    /// The model that may take its place
    #[arg(long, value_name = "MODEL", help_heading = "Models")]
    new: ModelName,
    /// The SHA-256 that the old model's file must have; needed for one in S3
    #[arg(long, value_name = "DIGITS", help_heading = "Models")]
    old_sha256: Option<ModelHash>,
    /// The SHA-256 that the new model's file must have; needed for one in S3
    #[arg(long, value_name = "DIGITS", help_heading = "Models")]
    new_sha256: Option<ModelHash>,
    /// Confidence below which the old model's photos go to review [default: the model's own]
    #[arg(long, value_name = "0..1", help_heading = "Models")]
    old_review_below: Option<Confidence>,
    /// Confidence below which the new model's photos go to review [default: the model's own]
    #[arg(long, value_name = "0..1", help_heading = "Models")]
    new_review_below: Option<Confidence>,
}

impl Models {
    /// What is chosen, before anything is fetched.
    pub fn choices(&self) -> anyhow::Result<[ModelChoice; 2]> {
        Ok([choice("old", &self.old, self.old_sha256)?, choice("new", &self.new, self.new_sha256)?])
    }

    /// Both models, loaded at the same time. One in S3 is fetched from this bucket's S3, or else from the
    /// environment's.
    pub async fn load(
        &self,
        [old, new]: [ModelChoice; 2],
        bucket: Option<&S3>,
    ) -> anyhow::Result<Pair> {
        let (old, new) = futures::future::join(opened(&old, bucket), opened(&new, bucket)).await;
        let models = [old.context("the old model")?, new.context("the new model")?];
        let thresholds = [self.old_review_below, self.new_review_below];
        let review_below = std::array::from_fn(|side: usize| {
            let own = models[side].description().review_below;
            thresholds[side].map_or(own, Confidence::get)
        });
        Ok(Pair { models, review_below })
    }
}

async fn opened(choice: &ModelChoice, bucket: Option<&S3>) -> anyhow::Result<Classifier> {
    let choice = match bucket {
        Some(bucket) => model_file::bring(choice, bucket, Kept::here()).await?,
        None => chosen::brought(choice).await?,
    };
    Ok(tokio::task::spawn_blocking(move || Classifier::open(&choice)).await??)
}

fn choice(flag: &str, name: &ModelName, sha256: Option<ModelHash>) -> anyhow::Result<ModelChoice> {
    let said = Choice::default();
    Ok(match (name, sha256) {
        (ModelName::BuiltIn, None) => ModelChoice::Local(said),
        (ModelName::BuiltIn, Some(_)) => {
            anyhow::bail!("--{flag}-sha256 is for a file, and --{flag} names the built-in model")
        }
        (ModelName::At(ModelPlace::Path(path)), sha256) => {
            let model = Some(ModelFile::Path { path: path.clone(), sha256 });
            ModelChoice::Local(Choice { model, ..said })
        }
        (ModelName::At(ModelPlace::Object(object)), Some(sha256)) => {
            ModelChoice::InBucket { object: object.clone(), sha256, said }
        }
        (ModelName::At(ModelPlace::Object(object)), None) => {
            anyhow::bail!("--{flag} s3://{object} needs --{flag}-sha256: it is not pinned")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_in_a_bucket_is_pinned_and_the_built_in_one_is_not() {
        let hash = ModelHash::of(b"m");
        let of = |name: &str, sha256| choice("new", &name.parse().unwrap(), sha256);
        assert_eq!(of("built-in", None).unwrap(), ModelChoice::Local(Choice::default()));
        assert!(of("built-in", Some(hash)).unwrap_err().to_string().contains("--new-sha256"));
        assert!(of("s3://shop/m", Some(hash)).is_ok());
        let error = of("s3://shop/m", None).unwrap_err().to_string();
        assert_eq!(error, "--new s3://shop/m needs --new-sha256: it is not pinned");
        assert!("s3://shop".parse::<ModelName>().is_err());
    }
}
