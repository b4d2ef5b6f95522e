//! What issue 9 asks for, and what was seen.

use crate::figure::Figures;
use crate::groups;

/// One target, and the ratio that was seen.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) what: String,
    pub(crate) limit: Limit,
    /// `None` where what it compares was not measured.
    pub(crate) seen: Option<f64>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Target {
    pub(crate) fn met(&self) -> Option<bool> {
        Some(match self.limit {
            Limit::AtMost(limit) => self.seen? <= limit,
            Limit::AtLeast(limit) => self.seen? >= limit,
        })
    }
}

/// Every target, in the order of the table in the issue.
pub(crate) fn targets(figures: &Figures) -> Vec<Target> {
    let mut all = Targets {
        figures,
        all: Vec::new(),
    };
    for scenario in ["no cookie, untouched", "untouched"] {
        let what = format!("{scenario}: time beyond an idle layer, to that of tower-sessions");
        let ratio = all.beyond(
            "request",
            scenario,
            "tower-sessions",
            "idle layer",
            "idle layer",
        );
        all.add(what, Limit::AtMost(0.35), ratio);
        let count = |subject| figures.get("request", scenario, subject)?.allocations;
        let beyond = count("ours").zip(count("idle layer"));
        let what = format!("{scenario}: allocations beyond an idle layer");
        all.add(
            what,
            Limit::AtMost(3.0),
            beyond.map(|(ours, floor)| ours - floor),
        );
    }
    for (scenario, limit) in [("read", 0.6), ("read and write", 0.7)] {
        let what = format!(
            "{scenario}, memory: time beyond the bare router, to that of tower-sessions signed"
        );
        let bare = "bare router";
        let ratio = all.beyond("request", scenario, "tower-sessions signed", bare, bare);
        all.add(what, Limit::AtMost(limit), ratio);
    }
    for scenario in ["read", "read and write"] {
        let what = format!(
            "{scenario}, data in the cookie: time beyond the bare app, to that of actix-session private"
        );
        let peer = "actix-session private";
        let ratio = all.beyond(
            "cookie storage",
            scenario,
            peer,
            "bare router",
            "bare actix",
        );
        all.add(what, Limit::AtMost(0.6), ratio);
    }
    for (scenario, peer, limit) in [
        ("seal 1024 B", "PrivateJar", 0.8),
        ("open 1024 B", "PrivateJar", 0.7),
        ("sign 64 B", "SignedJar", 0.75),
        ("verify 64 B", "SignedJar", 0.75),
        ("sign 1024 B", "SignedJar", 0.75),
        ("verify 1024 B", "SignedJar", 0.75),
    ] {
        let what = format!("{scenario}: time, to that of {peer}");
        all.add(
            what,
            Limit::AtMost(limit),
            all.ratio("cookie", scenario, peer),
        );
    }
    all.memory_store();
    all.redis();
    all.loopback();
    all.growth();
    all.all
}

struct Targets<'a> {
    figures: &'a Figures,
    all: Vec<Target>,
}

impl Targets<'_> {
    fn add(&mut self, what: String, limit: Limit, seen: Option<f64>) {
        self.all.push(Target { what, limit, seen });
    }

    /// Our time to a peer's.
    fn ratio(&self, group: &str, scenario: &str, peer: &str) -> Option<f64> {
        let of = |subject| self.figures.get(group, scenario, subject);
        self.figures.ratio(of("ours"), of(peer), None)
    }

    /// Our rate to a peer's.
    fn speed(&self, group: &str, scenario: &str, peer: &str) -> Option<f64> {
        self.ratio(group, scenario, peer).map(f64::recip)
    }

    /// Our time beyond our floor, to a peer's beyond its own.
    fn beyond(
        &self,
        group: &str,
        scenario: &str,
        peer: &str,
        floor: &str,
        peer_floor: &str,
    ) -> Option<f64> {
        let of = |subject| self.figures.get(group, scenario, subject);
        let floors = of(floor).zip(of(peer_floor))?;
        self.figures.ratio(of("ours"), of(peer), Some(floors))
    }

    fn memory_store(&mut self) {
        let (group, peer) = ("memory store", "tower-sessions");
        let what = "memory store, a million sessions, one thread: speed, to that of tower-sessions";
        let one = self.speed(group, "90/10 on 1", peer);
        self.add(what.to_owned(), Limit::AtLeast(3.0), one);
        let median = |scenario, subject| Some(self.figures.get(group, scenario, subject)?.median());
        let best = median("90/10 on 1", peer)
            .zip(median("90/10 on 2", peer))
            .map(|(one, two)| one.min(two));
        let two = best.zip(median("90/10 on 2", "ours"));
        let what = "memory store, two threads: speed, to the best of tower-sessions on one and two";
        self.add(
            what.to_owned(),
            Limit::AtLeast(3.0),
            two.map(|(peer, ours)| peer / ours),
        );
        let what = "memory store: bytes a session, to those of tower-sessions";
        let bytes = self.ratio(group, "a session", peer);
        self.add(what.to_owned(), Limit::AtMost(0.5), bytes);
    }

    fn redis(&mut self) {
        for (scenario, peer, limit) in [
            ("read", "tower-sessions", 1.2),
            ("read", "fred GET", 0.6),
            ("read and write", "tower-sessions", 1.0),
        ] {
            let what =
                format!("Redis, 32 in flight, {scenario}: requests a second, to those of {peer}");
            let speed = self.speed(groups::REDIS, scenario, peer);
            self.add(what, Limit::AtLeast(limit), speed);
        }
    }

    fn loopback(&mut self) {
        let what = "loopback HTTP, untouched: requests a second, to those of the bare server";
        let speed = self.speed(groups::HTTP, "untouched", "bare router");
        self.add(what.to_owned(), Limit::AtLeast(0.95), speed);
    }

    /// Our time for the larger to that for the smaller, beyond what this floor takes for each.
    fn grown(&self, group: &str, [small, large]: [&str; 2], floor: Option<&str>) -> Option<f64> {
        let of = |scenario, subject| self.figures.get(group, scenario, subject);
        let floors = match floor {
            Some(floor) => Some(of(large, floor).zip(of(small, floor))?),
            None => None,
        };
        self.figures
            .ratio(of(large, "ours"), of(small, "ours"), floors)
    }

    fn growth(&mut self) {
        let sessions = ["read, 1000 sessions", "read, 1000000 sessions"];
        let memory = self.grown("growth", sessions, Some(groups::LOOK));
        let sessions = ["read, 1000 sessions", "read, 100000 sessions"];
        let files = self.grown("fs", sessions, None);
        let keys = self.grown("request", ["read", "50 keys: read"], None);
        // The issue says "flat (within noise)": a quarter is what caches and the noise of a quiet machine come to. To fetch one of
        // a million records takes the machine longer than one of a thousand, whoever asks for it.
        let what = "memory: a read beyond a router that looks at one record, with 1,000,000 sessions, to one with 1,000";
        self.add(what.to_owned(), Limit::AtMost(1.25), memory);
        let what = "files: a read with 100,000 sessions, to one with 1,000";
        self.add(what.to_owned(), Limit::AtMost(1.25), files);
        let what = "a read of one key of 50, to one of 3 (the body is 50 times as long)";
        self.add(what.to_owned(), Limit::AtMost(50.0), keys);
    }
}
