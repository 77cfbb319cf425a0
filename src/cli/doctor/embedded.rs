//! Looks at the embedded bucket and table of a folder.

use std::path::Path;
use std::time::{Duration, Instant};

use super::account;
use super::finding::Finding;
use super::mending::Patient;
use super::rows;
use crate::catalogue::{DynamoDb, Maker};
use crate::cli::account::Refusal;
use crate::cli::program::{dir_flag, program};
use crate::label::Label;
use crate::local::{Endpoints, LocalError, Options, Stack};

/// How long to wait for another command that has the folder.
const PATIENCE: Duration = Duration::from_secs(10);

/// What runs in the folder: this process, until it is closed, or another.
pub struct Open {
    stack: Option<Stack>,
    endpoints: Endpoints,
}

impl Open {
    /// Stops what was started here.
    pub async fn close(self) {
        if let Some(stack) = self.stack {
            stack.shutdown().await;
        }
    }
}

/// Starts what is in the folder, or finds who has started it.
pub async fn open(dir: &Path) -> Result<(Open, Finding), Finding> {
    const CHECK: &str = "folder";
    let shown = dir.display();
    if !dir.join("buckets").is_dir() {
        let says = format!("there is no embedded bucket in {shown}");
        return Err(Finding::fault(CHECK, says).mend(format!(
            "{} demo{}",
            program(),
            dir_flag(dir)
        )));
    }
    let until = Instant::now() + PATIENCE;
    loop {
        let options = Options { dir: dir.to_owned(), ..Options::default() };
        match (Stack::start(options).await, Endpoints::of_running(dir)) {
            (Ok(stack), _) => {
                let endpoints = stack.endpoints();
                let says = format!("{shown} is whole, and nobody else has it");
                return Ok((Open { stack: Some(stack), endpoints }, Finding::ok(CHECK, says)));
            }
            (Err(LocalError::Locked(_)), Some(endpoints)) => {
                let says = format!("{shown} is run by another process: S3 at {}", endpoints.s3);
                return Ok((Open { stack: None, endpoints }, Finding::ok(CHECK, says)));
            }
            (Err(LocalError::Locked(_)), None) if Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            (Err(error @ LocalError::Locked(_)), None) => {
                return Err(Finding::skipped(CHECK, error.to_string()));
            }
            (Err(error), _) => {
                return Err(Finding::fault(CHECK, format!("{:#}", anyhow::Error::new(error))));
            }
        }
    }
}

/// Asks both endpoints.
pub async fn look(
    open: &Open,
    dir: &Path,
    labels: &[Label],
    ours: Option<&Maker>,
    patient: &mut Patient,
) -> Vec<Finding> {
    let at = &open.endpoints;
    let mut findings = Vec::new();
    let head = at.s3_client().head_bucket().bucket(&at.bucket).send().await.map_err(Refusal::of);
    findings.push(match head {
        Ok(_) => Finding::ok("bucket", format!("the bucket {} answers at {}", at.bucket, at.s3)),
        Err(refusal) => Finding::fault(
            "bucket",
            format!("the bucket {} does not answer at {}: {refusal}", at.bucket, at.s3),
        ),
    });
    let client = at.dynamodb_client();
    let again = format!("{} doctor{} --fix", program(), dir_flag(dir));
    let (mut found, is_there) = account::table(&client, &at.table, &again, true).await;
    if is_there {
        let table = DynamoDb::new(client.clone(), &at.table);
        let rows = rows::look(&table, &dir_flag(dir), labels, ours, &found).await;
        found.extend(rows);
    }
    findings.extend(found);
    patient.table = Some((client, at.table.clone()));
    findings
}
