//! When to look at the folder.

use std::time::{Duration, Instant};

/// The shortest time between two scans.
const GAP: Duration = Duration::from_millis(250);
/// The longest time between two scans.
pub(super) const RESCAN_EVERY: Duration = Duration::from_secs(5);

/// The time of the next scan: soon after something happened, but scans take up at most a third of
/// the time, and now and then in any case.
#[derive(Debug)]
pub(super) struct Schedule {
    next: Instant,
    earliest: Instant,
    again: bool,
}

impl Schedule {
    /// Begins with a scan at once.
    pub(super) fn new(now: Instant) -> Self {
        Self { next: now, earliest: now, again: false }
    }

    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Something happened that a scan, if one is running, may have passed by already.
    pub(super) fn soon(&mut self) {
        self.again = true;
        self.next = self.next.min(self.earliest);
    }

    /// A scan has begun.
    pub(super) fn begun(&mut self) {
        self.again = false;
    }

    /// The scan has ended; `again` says that what it found asks for another.
    pub(super) fn ended(&mut self, started: Instant, ended: Instant, again: bool) {
        self.earliest = ended + GAP.max(2 * (ended - started));
        self.next = if again || self.again { self.earliest } else { ended + RESCAN_EVERY };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_follow_changes_but_not_too_closely() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut schedule = Schedule::new(start);
        schedule.begun();
        schedule.ended(at(0), at(10), false);
        assert_eq!(schedule.next(), at(10) + RESCAN_EVERY);
        schedule.soon();
        assert_eq!(schedule.next(), at(260));
        schedule.begun();
        schedule.ended(at(260), at(1260), true);
        assert_eq!(schedule.next(), at(3260));
    }

    #[test]
    fn what_happens_during_a_scan_asks_for_another() {
        let start = Instant::now();
        let mut schedule = Schedule::new(start);
        schedule.begun();
        schedule.soon();
        schedule.ended(start, start, false);
        assert_eq!(schedule.next(), start + GAP);
        schedule.begun();
        schedule.ended(start, start, false);
        assert_eq!(schedule.next(), start + RESCAN_EVERY);
    }
}
