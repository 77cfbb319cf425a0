//! The model that a command names, brought to this machine.

use crate::aws;
use crate::bucket::S3;
use crate::classifier::Choice;
use crate::model_file::{self, Kept, ModelFileError};
use crate::settings::ModelChoice;

/// For a command that has no bucket of its own: a model in S3 is fetched as AWS's environment says.
pub async fn brought(choice: &ModelChoice) -> Result<Choice, ModelFileError> {
    match choice {
        ModelChoice::Local(choice) => Ok(choice.clone()),
        ModelChoice::InBucket { .. } => {
            let s3 = aws_sdk_s3::Client::new(&Box::pin(aws::config()).await);
            model_file::bring(choice, &S3::new(s3), Kept::here()).await
        }
    }
}
