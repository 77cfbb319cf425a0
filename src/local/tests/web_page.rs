//! What a web page can send from a browser on this machine: all of it is refused, and changes
//! nothing.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{put, start};
use crate::local::Stack;

/// Sends a request as it is written here, and gives its whole answer.
async fn send(endpoint: &str, request: &str) -> String {
    let address = endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(line: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut lines = vec![format!("{line} HTTP/1.1")];
    lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push(format!("Connection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    lines.join("\r\n")
}

async fn is_untouched(stack: &Stack) {
    let list = stack.s3().list_objects_v2().bucket("photos").send().await.unwrap();
    let keys: Vec<_> = list.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!(keys, ["a.jpg"]);
    let tables = stack.dynamodb().list_tables().send().await.unwrap();
    assert_eq!(tables.table_names(), ["lookbook"]);
}

/// Even with a signature that is right, which no page can make.
#[tokio::test]
async fn pages_and_foreign_hosts_are_refused_on_both_ports() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    put(&stack, "a.jpg", b"1").await;
    let expiry = PresigningConfig::expires_in(Duration::from_mins(1)).unwrap();
    let delete = stack.s3().delete_object().bucket("photos").key("a.jpg");
    let signed = delete.presigned(expiry.clone()).await.unwrap();
    let (s3, dynamodb) = (stack.s3_endpoint(), stack.dynamodb_endpoint());
    let path = signed.uri().strip_prefix(&s3).unwrap();
    let host = s3.strip_prefix("http://").unwrap();
    let ways: [&[(&str, &str)]; 8] = [
        &[("Host", host), ("Origin", "https://evil.example")],
        &[("Host", host), ("Origin", "null")],
        &[("Host", host), ("Origin", &s3)],
        &[("Host", host), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")],
        &[("Host", host), ("Sec-Fetch-Site", "same-site")],
        &[("Host", "evil.example:9000")],
        &[("Host", host), ("Host", "evil.example")],
        &[],
    ];
    for headers in ways {
        let answer = send(&s3, &request(&format!("DELETE {path}"), headers, "")).await;
        // Of two hosts, or of none, HTTP itself may say that it is wrong.
        let refused = answer.starts_with("HTTP/1.1 403 ") || answer.starts_with("HTTP/1.1 400 ");
        assert!(refused, "{headers:?} {answer}");
        let line = "POST /";
        let target = ("X-Amz-Target", "DynamoDB_20120810.DeleteTable");
        let headers = [headers, &[target, ("Content-Type", "application/x-amz-json-1.0")]].concat();
        let answer = send(&dynamodb, &request(line, &headers, r#"{"TableName":"lookbook"}"#)).await;
        let refused = answer.starts_with("HTTP/1.1 403 ") || answer.starts_with("HTTP/1.1 400 ");
        assert!(refused, "{headers:?} {answer}");
    }
    is_untouched(&stack).await;

    // Without what tells a page, it is as good as any.
    let opened = [("Host", host), ("Sec-Fetch-Site", "none")];
    let get =
        stack.s3().get_object().bucket("photos").key("a.jpg").presigned(expiry).await.unwrap();
    let path = get.uri().strip_prefix(&s3).unwrap();
    let answer = send(&s3, &request(&format!("GET {path}"), &opened, "")).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with('1'), "{answer}");
}

#[tokio::test]
async fn preflights_forms_and_simple_posts_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let stack = start(dir.path()).await;
    put(&stack, "a.jpg", b"1").await;
    let page = ("Origin", "https://evil.example");
    for endpoint in [stack.s3_endpoint(), stack.dynamodb_endpoint()] {
        let host = ("Host", endpoint.strip_prefix("http://").unwrap());
        let preflight = [host, page, ("Access-Control-Request-Method", "POST")];
        let form = [host, page, ("Content-Type", "multipart/form-data; boundary=x")];
        let body = "--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nb.jpg\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b\"\r\n\r\nplanted\r\n--x--\r\n";
        let delete = "<Delete><Object><Key>a.jpg</Key></Object></Delete>";
        for request in [
            request("OPTIONS /photos/a.jpg", &preflight, ""),
            request("OPTIONS /", &[host], ""),
            request("POST /photos", &form, body),
            request("POST /photos?delete=", &[host, page, ("Content-Type", "text/plain")], delete),
            request("GET /", &[host, page], ""),
        ] {
            let answer = send(&endpoint, &request).await;
            assert!(answer.starts_with("HTTP/1.1 403 "), "{request} {answer}");
            assert!(answer.contains("a web page sent this request"), "{answer}");
            assert!(!answer.to_lowercase().contains("access-control-allow"), "{answer}");
        }
        // The same form without a browser: it is not signed.
        let answer = send(&endpoint, &request("POST /photos", &[host, form[2]], body)).await;
        assert!(answer.starts_with("HTTP/1.1 40"), "{answer}");
    }
    is_untouched(&stack).await;
}
