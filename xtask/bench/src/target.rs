//! The rows of the report, and the target of each.

use std::fmt;
use std::ops::{Div as _, Sub as _};

use crate::figure::{Figures, TIME};
use crate::groups::{
    COMMANDS, COOKIE_STORAGE, COOKIE_VALUES, FILES, HTTP, MEMCACHED, MEMORY_STORE, REDIS, REQUESTS,
    VALKEY,
};
use crate::stats::{by_round, median};

/// One row: our figure beside a peer's.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) group: &'static str,
    pub(crate) scenario: &'static str,
    /// Empty where there is none.
    pub(crate) peer: &'static str,
    pub(crate) compare: Compare,
    pub(crate) limit: Option<Limit>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Compare {
    /// Our time, divided by the peer's.
    Time,
    /// Our bytes, divided by the peer's.
    Bytes,
    /// Our time, divided by the peer's, after the time of the first subject is subtracted from ours
    /// and the time of the second from the peer's.
    Beyond(&'static str, &'static str),
    /// How often we do it in a second, divided by the peer's.
    Rate,
    /// The same, divided by the best that the peer reaches in any of these scenarios.
    BestRate([&'static str; 2]),
    /// The limit applies to our figure itself.
    Count,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

use Compare::{BestRate, Beyond, Bytes, Count, Rate, Time};
use Limit::{AtLeast, AtMost};

const TOWER: &str = "tower-sessions";
const SIGNED: &str = "tower-sessions signed";
const ACTIX: &str = "actix-session private";
const BARE: Compare = Beyond("bare router", "bare router");
const IDLE: Compare = Beyond("idle layer", "idle layer");
const BARE_ACTIX: Compare = Beyond("bare router", "bare actix");
const BEST: Compare = BestRate(["one thread", "two threads"]);
const READ: &str = "read";
const WRITE: &str = "read and write";

#[rustfmt::skip]
pub(crate) const TARGETS: &[Target] = &[
    row(REQUESTS, "untouched, no cookie", TOWER, IDLE, Some(AtMost(0.40))),
    row(REQUESTS, "untouched", TOWER, IDLE, None),
    row(REQUESTS, READ, SIGNED, BARE, Some(AtMost(0.85))),
    row(REQUESTS, WRITE, SIGNED, BARE, Some(AtMost(0.90))),
    row(COOKIE_STORAGE, READ, ACTIX, BARE_ACTIX, Some(AtMost(0.90))),
    row(COOKIE_STORAGE, WRITE, ACTIX, BARE_ACTIX, Some(AtMost(0.97))),
    row(COOKIE_VALUES, "sign 64 B", "SignedJar", Time, Some(AtMost(1.0))),
    row(COOKIE_VALUES, "sign 256 B", "SignedJar", Time, Some(AtMost(1.0))),
    row(COOKIE_VALUES, "sign 3072 B", "SignedJar", Time, Some(AtMost(1.0))),
    row(COOKIE_VALUES, "verify 64 B", "SignedJar", Time, Some(AtMost(1.0))),
    row(COOKIE_VALUES, "verify 256 B", "SignedJar", Time, Some(AtMost(1.0))),
    row(COOKIE_VALUES, "verify 3072 B", "SignedJar", Time, Some(AtMost(1.0))),
    row(COOKIE_VALUES, "seal 64 B", "PrivateJar", Time, None),
    row(COOKIE_VALUES, "seal 256 B", "PrivateJar", Time, Some(AtMost(1.0))),
    row(COOKIE_VALUES, "seal 3072 B", "PrivateJar", Time, Some(AtMost(1.0))),
    row(COOKIE_VALUES, "open 64 B", "PrivateJar", Time, Some(AtMost(1.0))),
    row(COOKIE_VALUES, "open 256 B", "PrivateJar", Time, Some(AtMost(1.0))),
    row(COOKIE_VALUES, "open 3072 B", "PrivateJar", Time, Some(AtMost(1.0))),
    row(MEMORY_STORE, "one thread", TOWER, Rate, Some(AtLeast(1.6))),
    row(MEMORY_STORE, "two threads", TOWER, BEST, Some(AtLeast(2.8))),
    row(MEMORY_STORE, "bytes a session", TOWER, Bytes, Some(AtMost(0.5))),
    row(REDIS, READ, TOWER, Rate, Some(AtLeast(1.2))),
    row(REDIS, WRITE, TOWER, Rate, Some(AtLeast(1.0))),
    row(VALKEY, READ, TOWER, Rate, Some(AtLeast(1.2))),
    row(VALKEY, WRITE, TOWER, Rate, Some(AtLeast(1.1))),
    row(MEMCACHED, READ, "", Rate, None),
    row(FILES, READ, "", Time, None),
    row(HTTP, "untouched", "bare server", Rate, Some(AtLeast(0.94))),
    row(HTTP, READ, "bare server", Rate, Some(AtLeast(0.80))),
    row(COMMANDS, "untouched", TOWER, Count, Some(AtMost(0.0))),
    row(COMMANDS, READ, TOWER, Count, Some(AtMost(1.0))),
    row(COMMANDS, WRITE, TOWER, Count, Some(AtMost(2.0))),
    row(COMMANDS, "empty visitor", TOWER, Count, Some(AtMost(0.0))),
];

const fn row(
    group: &'static str,
    scenario: &'static str,
    peer: &'static str,
    compare: Compare,
    limit: Option<Limit>,
) -> Target {
    Target { group, scenario, peer, compare, limit }
}

/// What was measured for a target. What was not measured is not a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    /// Our figure, in the unit that [`Target::unit`] names.
    pub(crate) ours: f64,
    pub(crate) peer: f64,
    pub(crate) ratio: f64,
    pub(crate) is_met: Option<bool>,
}

impl Target {
    pub(crate) fn outcome(&self, figures: &Figures) -> Outcome {
        let samples = |scenario, subject| {
            let figure = figures.get(self.group, scenario, subject);
            figure.map_or(Vec::new(), |figure| figure.samples.clone())
        };
        let of = |subject| samples(self.scenario, subject);
        let (mut ours, mut peer) = (of("ours"), of(self.peer));
        match self.compare {
            Beyond(floor, peer_floor) => {
                ours = by_round(&ours, &of(floor), f64::sub);
                peer = by_round(&peer, &of(peer_floor), f64::sub);
            }
            BestRate([one, two]) => {
                peer = by_round(&samples(one, self.peer), &samples(two, self.peer), f64::min);
            }
            Time | Bytes | Rate | Count => {}
        }
        let ratio = median(&by_round(&ours, &peer, f64::div));
        let (ours, peer) = (median(&ours), median(&peer));
        let (ours, peer, ratio) = match self.compare {
            Time | Bytes | Beyond(..) => (ours, peer, ratio),
            Rate | BestRate(_) => (1e9 / ours, 1e9 / peer, 1.0 / ratio),
            Count => (ours, peer, f64::NAN),
        };
        let compared = match self.compare {
            Count => ours,
            _ => ratio,
        };
        let limit = self.limit.filter(|_| !compared.is_nan());
        Outcome { ours, peer, ratio, is_met: limit.map(|limit| limit.allows(compared)) }
    }

    pub(crate) fn unit(&self) -> &'static str {
        match self.compare {
            Rate | BestRate(_) => "a second",
            Count => "commands",
            Bytes => "bytes",
            Time | Beyond(..) => TIME,
        }
    }
}

impl Limit {
    pub(crate) fn allows(self, number: f64) -> bool {
        match self {
            AtMost(limit) => number <= limit,
            AtLeast(limit) => number >= limit,
        }
    }
}

/// What is measured, in words.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.group, self.scenario)?;
        match self.compare {
            Beyond(floor, _) => write!(f, " (beyond the {floor})"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AtMost(limit) => write!(f, "at most {limit}"),
            AtLeast(limit) => write!(f, "at least {limit}"),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::figure::Figure;

    fn figure(group: &str, scenario: &str, subject: &str, samples: &[f64]) -> Figure {
        Figure {
            group: group.to_owned(),
            scenario: scenario.to_owned(),
            subject: subject.to_owned(),
            unit: TIME.to_owned(),
            samples: samples.to_vec(),
        }
    }

    /// Some of the cases: two rounds, of which the second was slow.
    pub(crate) fn some() -> Figures {
        Figures(vec![
            figure(REQUESTS, READ, "bare router", &[100.0, 1000.0]),
            figure(REQUESTS, READ, "ours", &[180.0, 1600.0]),
            figure(REQUESTS, READ, SIGNED, &[200.0, 2000.0]),
            figure(MEMORY_STORE, "two threads", "ours", &[100.0, 1000.0]),
            figure(MEMORY_STORE, "two threads", TOWER, &[900.0, 9000.0]),
            figure(MEMORY_STORE, "one thread", TOWER, &[200.0, 2000.0]),
            figure(HTTP, READ, "ours", &[125e3, 125e3]),
            figure(HTTP, READ, "bare server", &[109_375.0, 109_375.0]),
            figure(COMMANDS, WRITE, "ours", &[2.0, 2.0]),
        ])
    }

    fn outcome(group: &str, scenario: &str) -> Outcome {
        let mut targets = TARGETS.iter();
        let target = targets.find(|target| target.group == group && target.scenario == scenario);
        target.unwrap().outcome(&some())
    }

    #[test]
    fn a_floor_is_subtracted_round_by_round() {
        // 80 of 100, and 600 of 1000.
        let read = outcome(REQUESTS, READ);
        assert_eq!((read.ours, read.peer), (340.0, 550.0));
        assert!((read.ratio - 0.7).abs() < 1e-9, "{read:?}");
    }

    #[test]
    fn two_threads_are_compared_with_the_better_of_the_peers_scenarios() {
        let two = outcome(MEMORY_STORE, "two threads");
        assert_eq!((two.ratio, two.is_met), (2.0, Some(false)));
    }

    #[test]
    fn a_rate_is_the_better_the_higher_it_is() {
        let http = outcome(HTTP, READ);
        assert_eq!((http.ours, http.ratio), (8000.0, 0.875));
        assert_eq!(http.is_met, Some(true));
    }

    #[test]
    fn a_count_needs_no_peer() {
        let write = outcome(COMMANDS, WRITE);
        assert_eq!((write.ours, write.is_met), (2.0, Some(true)));
    }

    #[test]
    fn what_was_not_measured_is_neither_met_nor_missed() {
        let redis = outcome(REDIS, READ);
        assert!(redis.ours.is_nan() && redis.is_met.is_none(), "{redis:?}");
    }
}
