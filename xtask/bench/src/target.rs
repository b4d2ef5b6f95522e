//! What issue 9 asks for, and what was seen.

use crate::figure::Figures;

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
    let mut all = Vec::new();
    let mut add = |what: &str, limit, seen| {
        all.push(Target {
            what: what.to_owned(),
            limit,
            seen,
        });
    };
    let request = |scenario, subject| figures.get("request", scenario, subject);
    for scenario in ["no cookie, untouched", "untouched"] {
        let floor = request(scenario, "idle layer");
        let (ours, peer) = (
            request(scenario, "ours"),
            request(scenario, "tower-sessions"),
        );
        let over = floor.map(|floor| (floor, floor));
        add(
            &format!("{scenario}: time beyond an idle layer, to that of tower-sessions unsigned"),
            Limit::AtMost(0.35),
            figures.ratio(ours, peer, over),
        );
        let count = |figure: Option<&crate::Figure>| figure?.allocations;
        let beyond = count(ours).zip(count(floor)).map(|(ours, floor)| ours - floor);
        add(
            &format!("{scenario}: allocations beyond an idle layer"),
            Limit::AtMost(3.0),
            beyond,
        );
    }
    for (scenario, limit) in [("read", 0.6), ("read and write", 0.7)] {
        let floor = request(scenario, "bare router");
        let peer = request(scenario, "tower-sessions signed");
        add(
            &format!("{scenario}, memory: time beyond the bare router, to that of tower-sessions signed"),
            Limit::AtMost(limit),
            figures.ratio(
                request(scenario, "ours"),
                peer,
                floor.map(|floor| (floor, floor)),
            ),
        );
    }
    all
}
