//! Which requests are answered at all: those of programs on this machine.
//!
//! A browser lets any web page send requests to 127.0.0.1. They are told by what the browser adds to
//! them and no page can leave out (`Origin`, `Sec-Fetch-Site`), and, if the page's own host name was
//! made to point here, by the `Host` that they still carry. Nothing of a refused request is looked
//! at any further. The signature, which a page has no key for, is checked after this.

use hyper::header::{HOST, ORIGIN};
use hyper::http::uri::Authority;
use hyper::{HeaderMap, Method, Uri};

/// What a refused request is told.
const OF_A_PAGE: &str = "a web page sent this request, and the embedded bucket and table answer to programs only: use an S3 or DynamoDB client";
const OF_ANOTHER_HOST: &str =
    "the Host of this request is not this machine: ask 127.0.0.1 or localhost";

/// Why a request is refused, if it is.
///
/// The port of its `Host` may be any: a browser cannot make it up, and a port that is forwarded to
/// this one has another number.
pub(super) fn refusal(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<&'static str> {
    let site = headers.get("sec-fetch-site");
    // `none`: someone opened the address, such as a presigned one, by hand.
    let of_a_page = site.is_some_and(|site| site != "none" && site != "same-origin");
    if of_a_page || headers.contains_key(ORIGIN) || *method == Method::OPTIONS {
        return Some(OF_A_PAGE);
    }
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).and_then(|host| host.parse().ok());
    let is_here = host.as_ref().is_some_and(is_this_machine)
        && hosts.next().is_none()
        && uri.authority().is_none_or(is_this_machine);
    (!is_here).then_some(OF_ANOTHER_HOST)
}

/// `localhost`, and all names below it, are this machine wherever they are asked for; of addresses,
/// only the one that is listened on, and its brother.
fn is_this_machine(host: &Authority) -> bool {
    let name = host.host().to_ascii_lowercase();
    let no_user = !host.as_str().contains('@');
    let is_name = name == "localhost" || bucket_of(&name).is_some();
    no_user && (is_name || matches!(name.as_str(), "127.0.0.1" | "[::1]"))
}

/// The bucket that a host's name names, in lower case: `photos` in `photos.localhost`.
pub(super) fn bucket_of(name: &str) -> Option<&str> {
    name.strip_suffix(".localhost").filter(|bucket| !bucket.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &Method, uri: &str, headers: &[(&'static str, &str)]) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        refusal(method, &uri.parse().unwrap(), &headers).is_none()
    }

    #[test]
    fn programs_on_this_machine_are_answered() {
        for host in
            ["127.0.0.1:9000", "localhost:9000", "LOCALHOST", "[::1]:1", "photos.localhost:2"]
        {
            assert!(ask(&Method::PUT, "/photos/a", &[("host", host)]), "{host}");
        }
        let opened = [("host", "127.0.0.1:9000"), ("sec-fetch-site", "none")];
        assert!(ask(&Method::GET, "/photos/a?X-Amz-Signature=x", &opened));
    }

    #[test]
    fn other_hosts_are_refused() {
        for host in [
            "evil.example",
            "evil.example:9000",
            "127.0.0.1.evil.example:9000",
            "localhost.evil.example",
            "evillocalhost",
            ".localhost",
            "127.0.0.2",
            "0.0.0.0",
            "localhost@evil.example",
            "evil.example@localhost",
            "",
        ] {
            assert!(!ask(&Method::GET, "/photos", &[("host", host)]), "{host}");
        }
        assert!(!ask(&Method::GET, "/photos", &[]));
        assert!(!ask(&Method::GET, "http://evil.example/photos", &[("host", "localhost")]));
        let mut two = HeaderMap::new();
        two.append(HOST, "localhost".parse().unwrap());
        two.append(HOST, "evil.example".parse().unwrap());
        assert!(refusal(&Method::GET, &"/".parse().unwrap(), &two).is_some());
    }

    #[test]
    fn web_pages_are_refused() {
        let host = ("host", "127.0.0.1:9000");
        for origin in ["https://evil.example", "null", "http://127.0.0.1:9000", ""] {
            assert!(!ask(&Method::POST, "/", &[host, ("origin", origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site", "anything"] {
            assert!(!ask(&Method::GET, "/photos/a", &[host, ("sec-fetch-site", site)]), "{site}");
        }
        assert!(!ask(&Method::OPTIONS, "/", &[host]));
    }
}
