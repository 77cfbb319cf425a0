//! An S3 Batch Operations job: S3 lists the objects, and calls the function with each.
//!
//! Source: Amazon S3 control API reference, `CreateJob`; Amazon S3 user guide, "Invoke AWS Lambda
//! function" and "Generating an object list automatically".

use aws_sdk_s3control::error::BuildError;
use aws_sdk_s3control::operation::create_job::CreateJobInput;
use aws_sdk_s3control::types::{
    JobManifestGenerator, JobManifestGeneratorFilter, JobOperation, JobReport, JobReportFormat,
    JobReportScope, KeyNameConstraint, LambdaInvokeOperation, S3JobManifestGenerator,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::arn::{FunctionArn, RoleArn};
use crate::bucket::said;
use crate::cli::output::{self, Format};
use crate::object::S3Url;

/// What the function is told of a task: the version that names the bucket.
const SCHEMA: &str = "2.0";

/// What a job is made of.
#[derive(Debug, Clone)]
pub struct Job {
    /// The account that the job is of.
    pub account: String,
    /// Whose objects.
    pub place: S3Url,
    /// What is called with each.
    pub function: FunctionArn,
    /// As whom S3 does that.
    pub role: RoleArn,
    /// Where S3 says which objects failed.
    pub report: S3Url,
    /// Whether it begins at once, and does not wait for a person's word.
    pub begins: bool,
    /// Which of several jobs goes first: the greater.
    pub priority: i32,
    /// Names the request: S3 makes no second job of the same.
    pub token: String,
}

impl Job {
    fn description(&self) -> String {
        // S3 takes 256 characters.
        format!("lookbook backfill of {}", self.place).chars().take(256).collect()
    }

    fn bucket_arn(&self, place: &S3Url) -> String {
        format!("arn:{}:s3:::{}", self.function.partition(), place.bucket())
    }

    /// The request.
    pub fn request(&self) -> Result<CreateJobInput, BuildError> {
        let call = LambdaInvokeOperation::builder()
            .function_arn(self.function.as_str())
            .invocation_schema_version(SCHEMA);
        let prefix = self.report.prefix().trim_end_matches('/');
        let report = JobReport::builder()
            .enabled(true)
            .bucket(self.bucket_arn(&self.report))
            .format(JobReportFormat::ReportCsv20180820)
            .report_scope(JobReportScope::FailedTasksOnly)
            .set_prefix((!prefix.is_empty()).then(|| prefix.to_owned()));
        let mut generator = S3JobManifestGenerator::builder()
            .source_bucket(self.bucket_arn(&self.place))
            .expected_bucket_owner(&self.account)
            .enable_manifest_output(false);
        if !self.place.prefix().is_empty() {
            let keys = KeyNameConstraint::builder().match_any_prefix(self.place.prefix()).build();
            let filter = JobManifestGeneratorFilter::builder().key_name_constraint(keys).build();
            generator = generator.filter(filter);
        }
        let generator = JobManifestGenerator::S3JobManifestGenerator(generator.build()?);
        CreateJobInput::builder()
            .account_id(&self.account)
            .confirmation_required(!self.begins)
            .operation(JobOperation::builder().lambda_invoke(call.build()).build())
            .report(report.build())
            .client_request_token(&self.token)
            .description(self.description())
            .priority(self.priority)
            .role_arn(self.role.as_str())
            .manifest_generator(generator)
            .build()
    }

    /// The same as `aws s3control create-job --cli-input-json` takes it.
    pub fn json(&self) -> Value {
        let prefix = self.report.prefix().trim_end_matches('/');
        let mut report = json!({
            "Enabled": true,
            "Bucket": self.bucket_arn(&self.report),
            "Format": JobReportFormat::ReportCsv20180820.as_str(),
            "ReportScope": JobReportScope::FailedTasksOnly.as_str(),
        });
        if !prefix.is_empty() {
            report["Prefix"] = prefix.into();
        }
        let mut generator = json!({
            "SourceBucket": self.bucket_arn(&self.place),
            "ExpectedBucketOwner": self.account,
            "EnableManifestOutput": false,
        });
        if !self.place.prefix().is_empty() {
            generator["Filter"] =
                json!({"KeyNameConstraint": {"MatchAnyPrefix": [self.place.prefix()]}});
        }
        json!({
            "AccountId": self.account,
            "ConfirmationRequired": !self.begins,
            "Operation": {"LambdaInvoke": {
                "FunctionArn": self.function.as_str(), "InvocationSchemaVersion": SCHEMA}},
            "Report": report,
            "ClientRequestToken": self.token,
            "Description": self.description(),
            "Priority": self.priority,
            "RoleArn": self.role.as_str(),
            "ManifestGenerator": {"S3JobManifestGenerator": generator},
        })
    }
}

/// A job that was made. The names in its JSON are public: programs read them.
#[derive(Debug, Serialize)]
struct Made<'a> {
    job_id: &'a str,
    account: &'a str,
    /// What begins it; none if it has begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm: Option<String>,
}

/// Has the job made, and says how to follow it.
pub async fn create(
    client: &aws_sdk_s3control::Client,
    job: &Job,
    format: Format,
) -> anyhow::Result<()> {
    let CreateJobInput {
        account_id,
        confirmation_required,
        operation,
        report,
        client_request_token,
        description,
        priority,
        role_arn,
        manifest_generator,
        ..
    } = job.request()?;
    let answer = client
        .create_job()
        .set_account_id(account_id)
        .set_confirmation_required(confirmation_required)
        .set_operation(operation)
        .set_report(report)
        .set_client_request_token(client_request_token)
        .set_description(description)
        .set_priority(priority)
        .set_role_arn(role_arn)
        .set_manifest_generator(manifest_generator)
        .send()
        .await
        .map_err(|error| anyhow::anyhow!("S3 makes no job: {}", said(error)))?;
    let id = answer.job_id().unwrap_or_default();
    let account = job.account.as_str();
    let confirm = (!job.begins).then(|| {
        format!(
            "aws s3control update-job-status --account-id {account} --job-id {id} \
             --requested-job-status Ready"
        )
    });
    let made = Made { job_id: id, account, confirm };
    if format == Format::Json {
        return Ok(output::json(&made)?);
    }
    output::line(&format!("job {id} is made: S3 lists {} now", job.place))?;
    if let Some(confirm) = &made.confirm {
        output::line(&format!(
            "it begins once it is confirmed, in the console or by\n  {confirm}"
        ))?;
    }
    output::line(&format!(
        "to see how far it is:\n  aws s3control describe-job --account-id {account} --job-id {id}"
    ))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(place: &str, report: &str) -> Job {
        Job {
            account: "123456789012".to_owned(),
            place: place.parse().unwrap(),
            function: "arn:aws-cn:lambda:cn-north-1:123456789012:function:lookbook:7"
                .parse()
                .unwrap(),
            role: "arn:aws-cn:iam::123456789012:role/backfill".parse().unwrap(),
            report: report.parse().unwrap(),
            begins: false,
            priority: 10,
            token: "token".to_owned(),
        }
    }

    #[test]
    fn the_text_says_what_the_request_says() {
        let job = job("s3://shop/new/", "s3://reports/lookbook/");
        let (text, request) = (job.json(), job.request().unwrap());
        assert_eq!(text["Report"]["Bucket"], "arn:aws-cn:s3:::reports");
        assert_eq!(text["Report"]["Prefix"], "lookbook");
        let report = request.report().unwrap();
        assert_eq!(report.bucket(), text["Report"]["Bucket"].as_str());
        assert_eq!(report.prefix(), text["Report"]["Prefix"].as_str());
        let generator = request.manifest_generator().unwrap();
        let generator = generator.as_s3_job_manifest_generator().unwrap();
        let said = &text["ManifestGenerator"]["S3JobManifestGenerator"];
        assert_eq!(Some(generator.source_bucket()), said["SourceBucket"].as_str());
        let keys = generator.filter().unwrap().key_name_constraint().unwrap();
        assert_eq!(
            json!(keys.match_any_prefix()),
            said["Filter"]["KeyNameConstraint"]["MatchAnyPrefix"]
        );
        assert_eq!(request.confirmation_required(), text["ConfirmationRequired"].as_bool());
    }

    #[test]
    fn a_whole_bucket_has_no_filter() {
        let job = job("s3://shop", "s3://reports");
        assert!(job.json()["ManifestGenerator"]["S3JobManifestGenerator"].get("Filter").is_none());
        assert!(job.json()["Report"].get("Prefix").is_none());
        let request = job.request().unwrap();
        assert_eq!(request.report().unwrap().prefix(), None);
    }
}
