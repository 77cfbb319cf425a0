//! Requests and names that mean no good.

use std::time::Duration;

use lookbook::object::ObjectId;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::site::{Home, Site, a_row, problem, put_row};

const KEYS: [&str; 9] = [
    "<script>alert(1)</script>.jpg",
    "a%2Fb.jpg",
    "a+b c&d=e?f#g.jpg",
    "new\nline.jpg",
    "emoji-👗.jpg",
    "\"'><img src=x onerror=alert(1)>.jpg",
    "../../../etc/passwd",
    "a/photo",
    "{{7*7}}/..",
];

fn encoded(key: &str) -> String {
    utf8_percent_encode(key, NON_ALPHANUMERIC).to_string()
}

async fn with_hostile_keys(home: &Home) -> Site {
    let site = home.open().await;
    for key in KEYS {
        let object = ObjectId::new("photos", key).unwrap();
        put_row(&site.table(), &a_row(&object, "hat", 0.9, OffsetDateTime::UNIX_EPOCH)).await;
    }
    site
}

#[tokio::test]
async fn any_key_can_be_read_and_reviewed_and_is_text_everywhere() {
    let home = Home::new();
    let site = with_hostile_keys(&home).await;
    for key in KEYS {
        let path = format!("/api/images/photos/{}", encoded(key));
        let row = site.json(&path).await;
        assert_eq!(row["key"], key);
        let hash = row["content_sha256"].as_str().unwrap();
        let ask = site.ask(Method::PUT, &format!("{path}/review"));
        let ask = ask.header("if-match", format!("\"{hash}\"")).body(r#"{"label": "skirt"}"#);
        assert_eq!(ask.send().await.unwrap().status(), 200, "{key}");
        assert_eq!(site.json(&path).await["shelf"], "skirt");
        // It has a row, but there is no such object: no file of this machine is sent.
        problem(site.get(&format!("{path}/photo?width=100")).await, 404).await;
        let page = site.get(&format!("/images/photos/{}", encoded(key))).await;
        assert_eq!(page.status(), 200, "{key}");
        let html = page.text().await.unwrap();
        assert!(!html.contains("<script>alert"), "{key}");
        assert!(!html.contains("<img src=x"), "{key}");
    }
    for path in ["/", "/shelves/skirt", "/review?shelf=skirt"] {
        let answer = site.get(path).await;
        assert_eq!(answer.status(), 200);
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"));
        let html = answer.text().await.unwrap();
        assert!(!html.contains("<script>alert") && !html.contains("<img src=x"), "{path}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_and_nothing_else_happens() {
    let home = Home::new();
    let site = with_hostile_keys(&home).await;
    let forged = hex::encode(r#"{"v":1,"shelf":"hat","added_at":"x","image":"photos/'; drop"}"#);
    let other = hex::encode(r#"{"v":1,"shelf":"skirt","added_at":"2023","image":"photos/a"}"#);
    let long = "a".repeat(20_000);
    let key = "k".repeat(3000);
    let too_long =
        hex::encode(format!(r#"{{"v":1,"shelf":"hat","added_at":"x","image":"{key}"}}"#));
    for (path, status) in [
        ("/api/shelves/hat?cursor=zz".to_owned(), 400),
        (format!("/api/shelves/hat?cursor={other}"), 400),
        (format!("/api/shelves/hat?cursor={long}"), 400),
        (format!("/api/shelves/hat?cursor={too_long}"), 400),
        ("/api/shelves/hat?limit=0".to_owned(), 400),
        ("/api/shelves/hat?limit=99999999999999999999".to_owned(), 400),
        ("/api/shelves/hat?min_confidence=NaN".to_owned(), 400),
        ("/api/shelves/%00".to_owned(), 404),
        ("/api/reviewed?cursor=00".to_owned(), 400),
        ("/api/changes?since=00".to_owned(), 400),
        ("/api/images/photos".to_owned(), 400),
        ("/api/images/photos/missing.jpg".to_owned(), 404),
        ("/api/images/photos/%ff".to_owned(), 400),
        (format!("/api/images/photos/{}", "k".repeat(1025)), 400),
        ("/api/nothing".to_owned(), 404),
    ] {
        problem(site.get(&path).await, status).await;
    }
    // A position that is nobody's row is a place in the order all the same.
    let answer = site.get(&format!("/api/shelves/hat?cursor={forged}")).await;
    assert_eq!(answer.status(), 200);

    for (method, path, allow) in [
        (Method::DELETE, "/api/images/photos/a.jpg", "GET, HEAD"),
        (Method::PUT, "/api/images/photos/a.jpg", "GET, HEAD"),
        (Method::POST, "/api/images/photos/a.jpg/review", "PUT"),
        (Method::GET, "/api/classify", "POST"),
        (Method::PUT, "/api/shelves", "GET,HEAD"),
    ] {
        let answer = site.ask(method.clone(), path).send().await.unwrap();
        assert_eq!(answer.headers()["allow"], allow, "{method} {path}");
        problem(answer, 405).await;
    }
}

/// What a server says to bytes that no client of ours would send.
async fn raw(site: &Site, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(site.address.trim_start_matches("http://")).await.unwrap();
    // The server may have enough before all is sent.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(10), reading).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn dots_in_an_address_lead_nowhere() {
    let home = Home::new();
    let site = with_hostile_keys(&home).await;
    for path in [
        "/api/images/photos/../../../../etc/passwd",
        "/assets/../../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "//etc/passwd",
        "/api/../../x",
    ] {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = raw(&site, request.as_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(matches!(status, "404" | "400"), "{path}: {answer}");
        assert!(!answer.contains("root:") && !answer.contains("[package]"), "{path}");
    }
}

#[tokio::test]
async fn a_body_of_a_hundred_megabytes_is_refused_in_words() {
    let home = Home::new();
    let site = home.open().await;
    let large = bytes::Bytes::from(vec![b'x'; 100 * 1024 * 1024]);
    for (method, path) in [
        (Method::POST, "/api/classify"),
        (Method::PUT, "/api/uploads/large.jpg"),
        (Method::PUT, "/api/images/photos/a.jpg/review"),
    ] {
        let ask = site.ask(method, path).header("if-match", "*").body(large.clone());
        let words = problem(ask.send().await.unwrap(), 413).await;
        assert!(words.contains("104857600 bytes"), "{words}");
        // Who asks first is told before anything is sent; who does not say how much is cut off.
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        let asked = format!("{head}Expect: 100-continue\r\nContent-Length: 104857600\r\n\r\n");
        let answer = raw(&site, asked.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{path}: {answer}");
    }
    let there = site.stack.s3().list_objects_v2().bucket("photos").send().await.unwrap();
    assert_eq!(there.key_count(), Some(0));
}

#[tokio::test]
async fn too_many_requests_are_told_to_wait() {
    let home = Home::new();
    let site = home.open_with(|parts| parts.per_second = std::num::NonZeroU32::MIN).await;
    let mut refused = 0;
    for _ in 0..15 {
        let answer = site.get("/api/openapi.json").await;
        if answer.status() == 429 {
            assert!(answer.headers().contains_key("retry-after"));
            problem(answer, 429).await;
            refused += 1;
        }
    }
    assert!(refused >= 3, "{refused}");
}
