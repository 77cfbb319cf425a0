//! Photos on the web, for who asks about one that is in no bucket.
//!
//! A URL comes from outside, so it decides nothing: only hosts that the settings name are asked,
//! over HTTPS, at public addresses, and so is each redirect; an answer has a time and a size.
//! Without a named host all of it is off.
//!
//! Source: OWASP cheat sheet series, "Server-Side Request Forgery Prevention".

mod address;

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Url};

/// The most redirects that are followed.
const REDIRECTS: usize = 5;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long all of it may take, redirects and body included.
const TIME: Duration = Duration::from_secs(10);

/// The hosts that photos may be fetched from; none, unless they are named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

/// Fetches photos from the web.
#[derive(Debug)]
pub struct UrlClient {
    allowed: Arc<Allowed>,
    /// None if no host is allowed: then nothing is set up for it. Or why it could not be.
    client: Option<Result<Client, String>>,
}

/// What may be asked.
#[derive(Debug)]
struct Allowed {
    hosts: Hosts,
    /// Where all names lead, in tests: plain HTTP on loopback.
    test_server: Option<SocketAddr>,
}

/// Why a photo on the web was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// It must not be asked for.
    #[error("{url} is not fetched: {why}")]
    NotAllowed {
        /// The URL.
        url: String,
        /// Why not, and what to do.
        why: String,
    },
    /// Its host did not hand it out.
    #[error("{url} could not be fetched: {cause}")]
    Failed {
        /// The URL.
        url: String,
        /// The chain of causes.
        cause: String,
    },
    /// It is larger than a photo may be.
    #[error("{url} has more than {limit} bytes (MAX_BYTES)")]
    TooLarge {
        /// The URL.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// The client could not be set up.
    #[error("photos on the web cannot be fetched: {0}")]
    Setup(String),
}

impl UrlError {
    /// A stable name, for logs and for the error's type in Lambda's answer.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAllowed { .. } => "url_not_allowed",
            Self::Failed { .. } => "url_failed",
            Self::TooLarge { .. } => "too_large",
            Self::Setup(_) => "url_setup",
        }
    }
}

impl FromStr for Hosts {
    type Err = String;

    /// Names with commas between them. An address is no name: it could not be told from a private
    /// one.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hosts = text.split(',').map(str::trim).filter(|host| !host.is_empty()).map(|host| {
            let url = Url::parse(&format!("https://{host}/"));
            let name = url.as_ref().ok().and_then(Url::domain).map(ToOwned::to_owned);
            name.filter(|name| name.eq_ignore_ascii_case(host)).ok_or_else(|| host.to_owned())
        });
        Ok(Self(hosts.collect::<Result<_, _>>()?))
    }
}

impl Allowed {
    /// The URL, if it may be asked; otherwise why not.
    fn check(&self, url: &Url) -> Result<(), String> {
        if self.hosts.0.is_empty() {
            return Err("photos on the web are off; name their hosts in URL_HOSTS".to_owned());
        }
        let host = url.domain().ok_or("its host is not a name")?;
        if !self.hosts.0.iter().any(|allowed| allowed == host) {
            return Err(format!("the host {host} is not among those in URL_HOSTS"));
        }
        if self.test_server.is_none() && (url.scheme() != "https" || url.port().is_some()) {
            return Err("only https on its own port is allowed".to_owned());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it holds a user's name or password".to_owned());
        }
        Ok(())
    }

    fn redirect(&self, attempt: Attempt<'_>) -> reqwest::redirect::Action {
        match self.check_redirect(attempt.previous().len(), attempt.url()) {
            Ok(()) => attempt.follow(),
            Err(why) => attempt.error(why),
        }
    }

    /// The URL after so many others, if it may be asked; otherwise why not.
    fn check_redirect(&self, previous: usize, url: &Url) -> Result<(), String> {
        if previous > REDIRECTS {
            return Err(format!("more than {REDIRECTS} redirects"));
        }
        self.check(url)
            .map_err(|why| format!("redirected to {}: {why}", crate::address::shown(url.as_str())))
    }
}

/// Names resolve to public addresses only. It is the connection that is checked, so a name that
/// changes its address between two questions gains nothing.
struct Public(Arc<Allowed>);

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        let test_server = self.0.test_server;
        Box::pin(async move {
            if let Some(address) = test_server {
                return Ok(Box::new(std::iter::once(address)) as Addrs);
            }
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> =
                found.filter(|address| address::is_public(address.ip())).collect();
            if public.is_empty() {
                return Err(format!("{} has no public address", name.as_str()).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

impl UrlClient {
    /// Sets up what these hosts need. Should that fail, each fetch says so; all else goes on.
    #[must_use]
    pub fn new(hosts: &Hosts) -> Self {
        Self::with(Allowed { hosts: hosts.clone(), test_server: None }, TIME)
    }

    /// One that asks for these hosts at a test's server, over plain HTTP, and waits as long.
    #[cfg(test)]
    pub(crate) fn of_test_server(hosts: &Hosts, server: SocketAddr, time: Duration) -> Self {
        Self::with(Allowed { hosts: hosts.clone(), test_server: Some(server) }, time)
    }

    fn with(allowed: Allowed, time: Duration) -> Self {
        let allowed = Arc::new(allowed);
        if allowed.hosts.0.is_empty() {
            return Self { allowed, client: None };
        }
        let rule = Arc::clone(&allowed);
        let client = Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(time)
            .https_only(allowed.test_server.is_none())
            .no_proxy()
            .referer(false)
            .redirect(Policy::custom(move |attempt| rule.redirect(attempt)))
            .dns_resolver(Public(Arc::clone(&allowed)))
            .build()
            .map_err(super::chain);
        Self { allowed, client: Some(client) }
    }

    /// Fetches what is there, at most `limit` bytes of it.
    pub async fn fetch(&self, url: &str, limit: u64) -> Result<Vec<u8>, UrlError> {
        let shown = || crate::address::shown(url);
        let not_allowed = |why: String| UrlError::NotAllowed { url: shown(), why };
        let failed = |error| {
            // The error names the address once more, and whole.
            let cause = super::chain(reqwest::Error::without_url(error));
            UrlError::Failed { url: shown(), cause }
        };
        let parsed = Url::parse(url).map_err(|error| not_allowed(error.to_string()))?;
        self.allowed.check(&parsed).map_err(not_allowed)?;
        let client = match &self.client {
            Some(Ok(client)) => client,
            Some(Err(cause)) => return Err(UrlError::Setup(cause.clone())),
            None => return Err(not_allowed("no host is allowed".to_owned())),
        };
        let answer = client.get(parsed).send().await.map_err(failed)?;
        let mut answer = answer.error_for_status().map_err(failed)?;
        let too_large = || UrlError::TooLarge { url: shown(), limit };
        if answer.content_length().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        // Grows with what comes, not with what is announced.
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if (bytes.len() + chunk.len()) as u64 > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests;
