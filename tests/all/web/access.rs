//! Who may do what, seen from outside.

use lookbook::object::ObjectId;
use lookbook::settings::{Origins, Reading, Tokens};
use lookbook::web::Access;
use reqwest::{Method, StatusCode};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::site::{Home, Site, a_row, problem, put_row};

const TOKEN: &str = "a token that is long enough";
const REVIEW: &str = "/api/images/photos/hat.jpg/review";

async fn site_with(home: &Home, reading: Reading, token: bool) -> Site {
    let tokens: Tokens =
        if token { hex::encode(Sha256::digest(TOKEN)).parse().unwrap() } else { Tokens::default() };
    let site = home
        .open_with(|parts| {
            parts.access = Access::Set { reading, tokens, trusts_iam: false };
            parts.origins = Origins::These(vec!["https://shop.example".into()]);
        })
        .await;
    put(&site).await;
    site
}

async fn put(site: &Site) {
    let object = ObjectId::new("photos", "hat.jpg").unwrap();
    let row = a_row(&object, "hat", 0.9, OffsetDateTime::UNIX_EPOCH);
    put_row(&site.table(), &row).await;
}

async fn revision(site: &Site) -> String {
    site.place.row("hat.jpg").await.unwrap().revision.to_string()
}

/// All that can write.
fn writes() -> [(Method, &'static str, &'static str); 5] {
    [
        (Method::PUT, REVIEW, r#"{"label": "skirt"}"#),
        (Method::PUT, REVIEW, r#"{"rejected": true}"#),
        (Method::POST, "/api/classify", "no photo"),
        (Method::POST, "/api/uploads", r#"{"name": "new.jpg"}"#),
        (Method::PUT, "/api/uploads/new.jpg", "content"),
    ]
}

async fn is_unchanged(site: &Site, before: &str) {
    assert_eq!(revision(site).await, before);
    let there = site.stack.s3().list_objects_v2().bucket("photos").send().await.unwrap();
    assert_eq!(there.key_count(), Some(0), "something was uploaded");
}

#[tokio::test]
async fn a_write_without_the_token_is_refused_and_changes_nothing() {
    let wrong = ["", "Bearer", "Bearer wrong token of some length", "Basic YTpi", "Bearer a\u{e9}"];
    for (reading, has_token) in
        [(Reading::Open, true), (Reading::Closed, true), (Reading::Open, false)]
    {
        let home = Home::new();
        let site = site_with(&home, reading, has_token).await;
        let before = revision(&site).await;
        for (method, path, body) in writes() {
            for authorization in wrong {
                let mut ask = site.ask(method.clone(), path).header("if-match", "*").body(body);
                if !authorization.is_empty() {
                    ask = ask.header("authorization", authorization);
                }
                let answer = ask.send().await.unwrap();
                assert!(answer.headers().contains_key("www-authenticate"));
                problem(answer, 401).await;
            }
        }
        is_unchanged(&site, &before).await;
        let read = site.get("/api/shelves").await.status();
        assert_eq!(read.is_success(), reading == Reading::Open, "{read}");
    }
}

/// A client that sends a large body and is refused still hears why.
#[tokio::test]
async fn who_sends_a_photo_without_the_token_is_told() {
    let home = Home::new();
    let site = site_with(&home, Reading::Open, true).await;
    let photo = vec![7; 20 * 1024 * 1024];
    for (method, path) in [(Method::POST, "/api/classify"), (Method::PUT, "/api/uploads/a.jpg")] {
        let answer = site.ask(method, path).body(photo.clone()).send().await.unwrap();
        problem(answer, 401).await;
    }
}

#[tokio::test]
async fn with_the_token_a_photo_is_reviewed_and_a_replaced_one_is_not() {
    let home = Home::new();
    let site = site_with(&home, Reading::Closed, true).await;
    let ask = |method: Method, path: &str| {
        site.ask(method, path).header("authorization", format!("Bearer {TOKEN}"))
    };
    let answer = ask(Method::GET, "/api/images/photos/hat.jpg").send().await.unwrap();
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    let review = |tag: &str, body: &'static str| {
        ask(Method::PUT, REVIEW).header("if-match", tag.to_owned()).body(body)
    };
    problem(ask(Method::PUT, REVIEW).body("{}").send().await.unwrap(), 400).await;
    let unnamed = ask(Method::PUT, REVIEW).body(r#"{"clear": true}"#);
    problem(unnamed.send().await.unwrap(), 428).await;
    let other = format!("\"{}\"", "0".repeat(64));
    let refused = review(&other, r#"{"label": "skirt"}"#).send().await.unwrap();
    assert!(problem(refused, 412).await.contains("replaced"));

    for (body, shelf) in [
        (r#"{"label": "skirt"}"#, "skirt"),
        (r#"{"rejected": true}"#, "rejected"),
        (r#"{"clear": true}"#, "hat"),
    ] {
        // The row's ETag of the beginning: what matters is the content.
        let answer = review(&etag, body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_ne!(answer.headers()["etag"].to_str().unwrap(), etag);
        let row = super::site::body(answer).await;
        assert_eq!(row["shelf"], shelf);
        assert_eq!(site.place.row("hat.jpg").await.unwrap().shelf.unwrap().as_str(), shelf);
    }
}

#[tokio::test]
async fn no_web_page_acts_for_who_sits_at_this_machine() {
    let home = Home::new();
    let site = home.open().await;
    put(&site).await;
    let before = revision(&site).await;
    let foreign = [
        ("host", "evil.example"),
        ("host", "evil.example:80"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    let reads = [(Method::GET, "/api/shelves", ""), (Method::GET, "/", "")];
    for (method, path, body) in writes().into_iter().chain(reads) {
        for (name, value) in foreign {
            let ask = site.ask(method.clone(), path).header("if-match", "*").header(name, value);
            let answer = ask.body(body).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method} {path} {name}: {value}");
        }
    }
    is_unchanged(&site, &before).await;
    let ours = site.ask(Method::PUT, REVIEW).header("if-match", "*");
    let ours = ours.header("origin", &site.address).header("sec-fetch-site", "same-origin");
    let answer = ours.body(r#"{"label": "skirt"}"#).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn websites_that_are_named_may_call_from_a_browser() {
    let home = Home::new();
    let site = site_with(&home, Reading::Open, true).await;
    for (origin, allowed) in [("https://shop.example", true), ("https://evil.example", false)] {
        let ask = site.ask(Method::OPTIONS, REVIEW).header("origin", origin);
        let ask = ask
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "authorization,if-match");
        let answer = ask.send().await.unwrap();
        let headers = answer.headers();
        let told = headers.get("access-control-allow-origin").map(|o| o.to_str().unwrap());
        assert_eq!(told, allowed.then_some(origin));
        assert!(!headers.contains_key("access-control-allow-credentials"));
        let answer = site.ask(Method::GET, "/api/shelves").header("origin", origin);
        let answer = answer.send().await.unwrap();
        let told = answer.headers().get("access-control-allow-origin").is_some();
        assert_eq!(told, allowed);
    }
}

#[tokio::test]
async fn who_signs_in_with_the_page_may_write_from_it() {
    let home = Home::new();
    let site = site_with(&home, Reading::Closed, true).await;
    let sign_in = |token: &'static str| {
        let form = format!("token={}&next=%2F", token.replace(' ', "+"));
        site.ask(Method::POST, "/sign-in")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", &site.address)
            .body(form)
    };
    let wrong = sign_in("some other token of this length").send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(!wrong.headers().contains_key("set-cookie"));
    let right = sign_in(TOKEN).send().await.unwrap();
    assert_eq!(right.status(), StatusCode::SEE_OTHER);
    let cookie = right.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let pair = cookie.split(';').next().unwrap().to_owned();
    let review = |origin: &str| {
        let ask = site.ask(Method::PUT, REVIEW).header("cookie", &pair).header("if-match", "*");
        ask.header("origin", origin.to_owned()).body(r#"{"label": "skirt"}"#)
    };
    problem(review("https://evil.example").send().await.unwrap(), 403).await;
    assert_eq!(review(&site.address).send().await.unwrap().status(), StatusCode::OK);
    assert!(
        site.ask(Method::GET, "/")
            .header("cookie", &pair)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    let unknown = site.get("/").await;
    assert_eq!(unknown.status(), StatusCode::SEE_OTHER);
    assert!(unknown.headers()["location"].to_str().unwrap().starts_with("/sign-in"));
}
