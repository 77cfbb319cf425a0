//! Photos on the web, from a server on loopback.

use std::time::Instant;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::Redirect;
use axum::routing::get;
use futures::stream;

use super::*;

/// A server, and a client to which all names lead there.
async fn web(hosts: &str) -> UrlClient {
    web_in_time(hosts, TIME).await
}

/// The same with less time.
async fn web_in_time(hosts: &str, time: Duration) -> UrlClient {
    // Ten bytes a second.
    let drips = || async {
        let drops = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Some((Ok::<_, std::io::Error>(vec![7_u8]), ()))
        });
        axum::body::Body::from_stream(drops)
    };
    let endless = || async {
        let chunks = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![7_u8; 1000]));
        axum::body::Body::from_stream(chunks)
    };
    let router = Router::new()
        .route("/photo", get(|| async { "photo" }))
        .route("/there", get(|| async { Redirect::temporary("/photo") }))
        .route("/away", get(|| async { Redirect::temporary("http://other.example/photo") }))
        .route("/inside", get(|| async { Redirect::temporary("http://169.254.169.254/photo") }))
        .route("/round", get(|| async { Redirect::temporary("/round") }))
        .route("/gone", get(|| async { StatusCode::GONE }))
        .route("/announced", get(|| async { ([(header::CONTENT_LENGTH, "5")], "photo") }))
        .route("/endless", get(endless))
        .route("/stalls", get(std::future::pending::<()>))
        .route("/drips", get(drips));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    UrlClient::of_test_server(&hosts.parse().unwrap(), server, time)
}

async fn fetch(web: &UrlClient, path: &str) -> Result<Vec<u8>, UrlError> {
    web.fetch(&format!("http://shop.example{path}"), 5000).await
}

#[tokio::test]
async fn what_is_there_is_fetched_and_redirects_are_followed() {
    let web = web("shop.example").await;
    assert_eq!(fetch(&web, "/photo").await.unwrap(), b"photo");
    assert_eq!(fetch(&web, "/there").await.unwrap(), b"photo");
}

#[tokio::test]
async fn a_redirect_is_checked_like_the_first_url() {
    let web = web("shop.example").await;
    for (path, words) in [
        ("/away", "the host other.example is not among those in URL_HOSTS"),
        ("/inside", "its host is not a name"),
        ("/round", "more than 5 redirects"),
    ] {
        let error = fetch(&web, path).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

/// As the function asks: over HTTPS. What a redirect leads to is no less checked than the first
/// URL.
#[tokio::test]
async fn a_redirect_never_leads_to_plain_http_or_inside() {
    let allowed = Allowed { hosts: "shop.example,localhost".parse().unwrap(), test_server: None };
    let check = |previous, url: &str| allowed.check_redirect(previous, &url.parse().unwrap());
    assert_eq!(check(REDIRECTS, "https://shop.example/a"), Ok(()));
    for (previous, url, words) in [
        (1, "http://shop.example/a", "only https on its own port is allowed"),
        (1, "https://shop.example:8443/a", "only https on its own port is allowed"),
        (1, "https://10.0.0.1/a", "its host is not a name"),
        (1, "https://169.254.169.254/latest/meta-data", "its host is not a name"),
        (1, "https://[fd00:ec2::254]/a", "its host is not a name"),
        (1, "https://other.example/a", "is not among those in URL_HOSTS"),
        (1, "https://user:word@shop.example/a", "a user's name or password"),
        (REDIRECTS + 1, "https://shop.example/a", "more than 5 redirects"),
    ] {
        let error = check(previous, url).unwrap_err();
        assert!(error.contains(words), "{url}: {error}");
    }
    // A name that leads inside is refused when it is connected to, whichever URL it comes from.
    let resolver = Public(Arc::new(allowed));
    let Err(error) = resolver.resolve("localhost".parse().unwrap()).await else {
        panic!("a private address is found");
    };
    assert!(error.to_string().contains("localhost has no public address"), "{error}");
}

#[tokio::test]
async fn a_server_that_stalls_or_drips_is_given_up_in_time() {
    let web = web_in_time("shop.example", Duration::from_millis(500)).await;
    for path in ["/stalls", "/drips"] {
        let begun = Instant::now();
        let error = fetch(&web, path).await.unwrap_err();
        assert_eq!(error.code(), "url_failed");
        assert!(error.to_string().contains("timed out"), "{error}");
        let took = begun.elapsed();
        assert!((Duration::from_millis(500)..Duration::from_secs(5)).contains(&took), "{took:?}");
    }
}

#[tokio::test]
async fn an_answer_is_bounded() {
    let web = web("shop.example").await;
    let error = fetch(&web, "/endless").await.unwrap_err();
    assert_eq!(error.code(), "too_large");
    let error = web.fetch("http://shop.example/announced", 4).await.unwrap_err();
    assert!(matches!(error, UrlError::TooLarge { limit: 4, .. }), "{error}");
    let error = fetch(&web, "/gone").await.unwrap_err().to_string();
    assert!(error.contains("410"), "{error}");
}

#[tokio::test]
async fn only_named_hosts_are_asked_and_only_over_https() {
    let off = UrlClient::new(&Hosts::default());
    let error = off.fetch("https://shop.example/a", 9).await.unwrap_err();
    assert!(error.to_string().contains("name their hosts in URL_HOSTS"), "{error}");
    let web = UrlClient::new(&"shop.example, localhost".parse().unwrap());
    for (url, words) in [
        ("https://other.example/a", "the host other.example is not among those"),
        ("https://shop.example.evil.example/a", "is not among those"),
        ("http://shop.example/a", "only https"),
        ("https://shop.example:8443/a", "only https on its own port"),
        ("https://user@shop.example/a", "a user's name"),
        ("https://127.0.0.1/a", "its host is not a name"),
        ("https://[::1]/a", "its host is not a name"),
        ("https://", "empty host"),
        ("https://localhost/a", "localhost has no public address"),
    ] {
        let error = web.fetch(url, 9).await.unwrap_err().to_string();
        assert!(error.contains(words), "{url}: {error}");
    }
}

/// An address may be signed: what makes it work is in no error, and in no log.
#[tokio::test]
async fn a_shown_address_holds_no_secret() {
    let web = web("shop.example").await;
    for path in ["gone", "away", "round", "inside"] {
        let error = web.fetch(&format!("http://shop.example/{path}?token=secret"), 9).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(path) && !error.contains("secret"), "{error}");
    }
}

#[test]
fn hosts_are_names() {
    let hosts: Hosts = " a.example,B.example ,".parse().unwrap();
    assert_eq!(hosts.0, ["a.example", "b.example"]);
    for wrong in ["127.0.0.1", "a.example/b", "a:80", "*.example x", "[::1]", "user@a.example"] {
        assert_eq!(Hosts::from_str(wrong), Err(wrong.to_owned()));
    }
}
