//! Who may do what: decided from plain values.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::problem::Problem;
use crate::settings::{Reading, Tokens};

/// What a request needs the right to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// To see the catalogue.
    Read,
    /// To change it, or to have work done.
    Write,
    /// Nothing: it is the same for everybody, as a style sheet is.
    Nothing,
}

/// Who may do what.
#[derive(Debug, Clone, PartialEq)]
pub enum Access {
    /// Whoever sits at this machine may do everything; no web page may do anything. Only for a server
    /// on a loopback address.
    ThisMachine,
    /// What is set.
    Set {
        /// Who may read.
        reading: Reading,
        /// Who may write, and read.
        tokens: Tokens,
        /// Whether a caller whom AWS has checked may write, and read.
        trusts_iam: bool,
    },
}

/// What the server knows of a request's sender, beside what it says itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sender {
    /// Where it comes from.
    pub address: Option<IpAddr>,
    /// Whether AWS has checked its signature.
    pub is_checked_by_iam: bool,
}

/// The cookie that holds the token of who has signed in with the page.
pub const COOKIE: &str = "lookbook-token";

impl Access {
    /// Whether the request may be answered.
    ///
    /// # Errors
    ///
    /// 401 if a token would help, 403 if nothing would.
    pub fn check(
        &self,
        need: Need,
        method: &Method,
        headers: &HeaderMap,
        sender: Sender,
    ) -> Result<(), Problem> {
        match self {
            Self::ThisMachine => check_page_of_ours(headers),
            Self::Set { reading, .. } => {
                let open = *reading == Reading::Open;
                if need == Need::Nothing || need == Need::Read && open {
                    return Ok(());
                }
                self.check_writer(method, headers, sender)
            }
        }
    }

    /// Whether the sender may write.
    #[must_use]
    pub fn may_write(&self, method: &Method, headers: &HeaderMap, sender: Sender) -> bool {
        self.check(Need::Write, method, headers, sender).is_ok()
    }

    /// Whether there is a token to sign in with.
    #[must_use]
    pub fn takes_tokens(&self) -> bool {
        matches!(self, Self::Set { tokens, .. } if !tokens.is_empty())
    }

    /// Whether what everybody gets may be kept by caches between here and there.
    #[must_use]
    pub fn is_public(&self) -> bool {
        matches!(self, Self::Set { reading: Reading::Open, .. })
    }

    /// Whether this token is one to sign in with.
    #[must_use]
    pub fn accepts(&self, token: &str) -> bool {
        matches!(self, Self::Set { tokens, .. } if tokens.accept(token))
    }

    fn check_writer(
        &self,
        method: &Method,
        headers: &HeaderMap,
        sender: Sender,
    ) -> Result<(), Problem> {
        let Self::Set { tokens, trusts_iam, .. } = self else { return Ok(()) };
        if *trusts_iam && sender.is_checked_by_iam {
            return Ok(());
        }
        if bearer(headers).is_some_and(|token| tokens.accept(token)) {
            return Ok(());
        }
        if cookie(headers).is_some_and(|token| tokens.accept(token)) {
            // A browser sends the cookie by itself: only our own page may make it do so.
            return if method.is_safe() { Ok(()) } else { check_page_of_ours_or_none(headers) };
        }
        let words = if tokens.is_empty() && !*trusts_iam {
            "no token is set, so nobody may do this: set WEB_TOKEN_SHA256"
        } else {
            "this needs a token: send `Authorization: Bearer TOKEN`"
        };
        Err(Problem::new(StatusCode::UNAUTHORIZED, words)
            .with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"catalogue\"")))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = texts.flat_map(|text| text.split(';'));
    cookies.find_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// A request on this machine: its `Host` is this machine, and no page but ours has sent it.
///
/// A browser lets any web page send requests to 127.0.0.1. They are told by what the browser adds to
/// them and no page can leave out (`Origin`, `Sec-Fetch-Site`), and, if the page's own host name was
/// made to point here, by the `Host` that they still carry.
fn check_page_of_ours(headers: &HeaderMap) -> Result<(), Problem> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    if hosts.next().is_some() || !host.parse().is_ok_and(|host| is_this_machine(&host)) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "the Host of this request is not this machine: ask 127.0.0.1 or localhost",
        ));
    }
    // Both: nothing lies between this machine's browser and this server.
    if site_is_ours(headers) != Some(false) && origin_is_ours(headers) {
        return Ok(());
    }
    Err(another_page())
}

/// If a page has sent the request, it is ours. Where a browser says whose page it is, that counts: a
/// proxy on the way may have put another `Host` in.
fn check_page_of_ours_or_none(headers: &HeaderMap) -> Result<(), Problem> {
    if site_is_ours(headers).unwrap_or_else(|| origin_is_ours(headers)) {
        return Ok(());
    }
    Err(another_page())
}

/// What the browser says of the page that has sent a request, if it says something.
fn site_is_ours(headers: &HeaderMap) -> Option<bool> {
    let site = headers.get("sec-fetch-site")?.to_str().unwrap_or("?");
    // `none`: someone has typed the address.
    Some(matches!(site, "none" | "same-origin"))
}

/// Whether the page that has sent a request, if one has, is of the host that is asked.
fn origin_is_ours(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let host = text(header::HOST).unwrap_or_default();
    text(header::ORIGIN).is_none_or(|origin| {
        let of_host = origin.split_once("://").map(|(_, host)| host);
        of_host.is_some_and(|of| of.eq_ignore_ascii_case(host))
    })
}

fn another_page() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "another website's page sent this request: open the catalogue's own page, or call the API \
         from a program",
    )
}

/// Whether the request is for this machine itself, and not by way of a server that others reach.
pub(super) fn is_for_this_machine(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host = text(header::HOST).and_then(|host| host.parse().ok());
    let by_tls = text(header::ORIGIN).is_some_and(|origin| origin.starts_with("https://"));
    host.is_some_and(|host| is_this_machine(&host)) && !by_tls
}

fn is_this_machine(host: &Authority) -> bool {
    let name = host.host().to_ascii_lowercase();
    !host.as_str().contains('@') && matches!(name.as_str(), "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    const TOKEN: &str = "a token that is long enough";

    fn set(reading: Reading, token: bool, trusts_iam: bool) -> Access {
        let hash = hex::encode(Sha256::digest(TOKEN));
        let tokens = if token { hash.parse().unwrap() } else { Tokens::default() };
        Access::Set { reading, tokens, trusts_iam }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect()
    }

    fn status(access: &Access, need: Need, pairs: &[(&'static str, &str)]) -> u16 {
        let method = if need == Need::Write { Method::PUT } else { Method::GET };
        let checked = access.check(need, &method, &headers(pairs), Sender::default());
        checked.map_or_else(|problem| problem.status().as_u16(), |()| 200)
    }

    #[test]
    fn nobody_writes_unless_a_token_is_set_and_sent() {
        let bearer = [("authorization", "Bearer a token that is long enough")];
        let (open, closed) = (Reading::Open, Reading::Closed);
        for reading in [open, closed] {
            assert_eq!(status(&set(reading, false, false), Need::Write, &bearer), 401);
            assert_eq!(status(&set(reading, true, false), Need::Write, &[]), 401);
            assert_eq!(status(&set(reading, true, false), Need::Write, &bearer), 200);
        }
        for wrong in ["Bearer a token that is long enougH", "Basic a", "Bearer", ""] {
            let wrong = [("authorization", wrong)];
            assert_eq!(status(&set(open, true, false), Need::Write, &wrong), 401);
        }
        assert_eq!(status(&set(open, false, false), Need::Read, &[]), 200);
        assert_eq!(status(&set(closed, true, false), Need::Read, &[]), 401);
        assert_eq!(status(&set(closed, true, false), Need::Read, &bearer), 200);
        assert_eq!(status(&set(closed, false, false), Need::Nothing, &[]), 200);
    }

    #[test]
    fn a_page_of_ours_may_use_its_cookie_and_no_other_page() {
        let access = set(Reading::Open, true, false);
        let cookie = ("cookie", "a=b; lookbook-token=a token that is long enough");
        let host = ("host", "shop.example");
        let ours = [host, cookie, ("origin", "https://shop.example")];
        assert_eq!(status(&access, Need::Write, &ours), 200);
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert_eq!(
                status(&access, Need::Write, &[host, cookie, (name, value)]),
                403,
                "{value}"
            );
        }
        // A proxy may have put its own Host in: the browser's word on the page counts.
        let behind = [("host", "127.0.0.1"), cookie, ("origin", "https://shop.example")];
        assert_eq!(status(&access, Need::Write, &behind), 403);
        let told = [behind[0], behind[1], behind[2], ("sec-fetch-site", "same-origin")];
        assert_eq!(status(&access, Need::Write, &told), 200);
        let wrong = ("cookie", "lookbook-tokenx=a token that is long enough");
        assert_eq!(status(&access, Need::Write, &[host, wrong]), 401);
    }

    #[test]
    fn iam_counts_only_where_it_is_trusted() {
        let iam = Sender { is_checked_by_iam: true, address: None };
        for (trusts, expected) in [(true, true), (false, false)] {
            let access = set(Reading::Closed, false, trusts);
            let may = access.may_write(&Method::PUT, &HeaderMap::new(), iam);
            assert_eq!(may, expected);
        }
        let access = set(Reading::Closed, false, true);
        assert!(!access.may_write(&Method::PUT, &HeaderMap::new(), Sender::default()));
    }

    #[test]
    fn on_this_machine_only_programs_and_our_page_are_answered() {
        let access = Access::ThisMachine;
        for host in ["127.0.0.1:9002", "localhost", "[::1]:9002"] {
            assert_eq!(status(&access, Need::Write, &[("host", host)]), 200);
            let origin = format!("http://{host}");
            assert_eq!(status(&access, Need::Write, &[("host", host), ("origin", &origin)]), 200);
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "a@localhost", "127.0.0.2", ""] {
            assert_eq!(status(&access, Need::Nothing, &[("host", host)]), 403, "{host}");
        }
        assert_eq!(status(&access, Need::Read, &[]), 403);
        let host = ("host", "127.0.0.1:9002");
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "http://127.0.0.1:9000"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
        ] {
            assert_eq!(status(&access, Need::Read, &[host, (name, value)]), 403, "{value}");
        }
    }
}
