//! Tests of the folder, and of the whole stack through the clients that also reach AWS.

mod asked;
mod bucket;
mod folder;
mod parts;
mod table;
mod watch;
mod web_page;

use std::path::Path;
use std::time::Duration;

use super::{Options, Stack};

async fn start(dir: &Path) -> Stack {
    let options = Options {
        dir: dir.to_path_buf(),
        settle: Duration::from_millis(300),
        ..Options::default()
    };
    Stack::start(options).await.unwrap()
}

async fn put(stack: &Stack, key: &str, content: &[u8]) -> String {
    let put = stack
        .s3()
        .put_object()
        .bucket(stack.bucket())
        .key(key)
        .body(content.to_vec().into())
        .send()
        .await
        .unwrap();
    put.e_tag().unwrap().to_owned()
}
