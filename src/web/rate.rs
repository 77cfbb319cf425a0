//! How much one caller may ask.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::{HeaderValue, StatusCode, header};
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::problem::Problem;

/// How often those are forgotten who ask no more, in requests.
const SWEEP_EVERY: u32 = 4096;

/// A limit for each address: so many requests a second, ten times as many at once.
pub struct Rate {
    limiter: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
    clock: DefaultClock,
    asked: AtomicU32,
}

impl Rate {
    /// So many requests a second.
    pub fn new(per_second: NonZeroU32) -> Self {
        let burst = per_second.saturating_mul(NonZeroU32::MIN.saturating_add(9));
        let quota = Quota::per_second(per_second).allow_burst(burst);
        Self {
            limiter: RateLimiter::hashmap(quota),
            clock: DefaultClock::default(),
            asked: AtomicU32::new(0),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    ///
    /// 429 if there were too many.
    pub fn count(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        // Memory is bounded by who has asked lately.
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.limiter.retain_recent();
        }
        let address = address.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), network);
        self.limiter.check_key(&address).map_err(|until| {
            let seconds = until.wait_time_from(self.clock.now()).as_secs() + 1;
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many requests: wait, then go on")
                .with(header::RETRY_AFTER, HeaderValue::from(seconds))
        })
    }
}

/// Whose address it is: a household has a whole network of IPv6 addresses.
fn network(address: IpAddr) -> IpAddr {
    // One of IPv4 on a socket of IPv6 is one of IPv4.
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_limit() {
        let rate = Rate::new(NonZeroU32::MIN);
        let (one, other) = ("192.0.2.1".parse().ok(), "2001:db8::1".parse().ok());
        for _ in 0..10 {
            rate.count(one).unwrap();
        }
        let problem = rate.count(one).unwrap_err();
        assert_eq!(problem.status(), StatusCode::TOO_MANY_REQUESTS);
        let wait = problem.into_headers()[header::RETRY_AFTER].clone();
        assert_eq!(wait, HeaderValue::from_static("1"));
        rate.count(other).unwrap();
        // The same network.
        for _ in 0..9 {
            rate.count("2001:db8::2".parse().ok()).unwrap();
        }
        assert!(rate.count("2001:db8::3".parse().ok()).is_err());
        assert_ne!(
            network("::ffff:192.0.2.1".parse().unwrap()),
            network("::ffff:192.0.2.2".parse().unwrap())
        );
    }
}
