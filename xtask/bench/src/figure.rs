//! What was measured.

/// The unit of a time.
pub(crate) const TIME: &str = "ns";

/// What one case came to.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The name of its group.
    pub group: &'static str,
    /// What happened.
    pub scenario: String,
    /// Who did it.
    pub subject: String,
    /// `ns`, or of what it is so many.
    pub unit: String,
    /// What doing it once came to, in each round.
    pub samples: Vec<f64>,
    /// How many allocations doing it once took, where that can be counted.
    pub allocations: Option<f64>,
    /// How many bytes they asked for.
    pub bytes: Option<f64>,
}

/// All figures of a run.
#[derive(Clone, Debug, Default)]
pub struct Figures(pub Vec<Figure>);

impl Figure {
    /// Whether it is that of this case.
    pub(crate) fn is(&self, group: &str, scenario: &str, subject: &str) -> bool {
        self.group == group && self.scenario == scenario && self.subject == subject
    }

    /// The median over the rounds.
    pub fn median(&self) -> f64 {
        quantile(&self.samples, 0.5)
    }

    /// Whether it was measured, in each round; anything else was counted, once.
    pub fn is_time(&self) -> bool {
        self.unit == TIME
    }

    /// How often a second, with as many in flight as its group says; `None` if it is no time.
    pub fn per_second(&self) -> Option<f64> {
        self.is_time().then(|| 1e9 / self.median())
    }

    /// Half of the rounds lie between these.
    pub fn quartiles(&self) -> (f64, f64) {
        (quantile(&self.samples, 0.25), quantile(&self.samples, 0.75))
    }
}

impl Figures {
    /// The figure of a case, if it was measured.
    pub fn get(&self, group: &str, scenario: &str, subject: &str) -> Option<&Figure> {
        let mut all = self.0.iter();
        all.find(|figure| figure.is(group, scenario, subject))
    }

    /// Ours to this one, which does the same; `None` for ours itself, and where both are nothing. To nothing, anything is infinite.
    pub(crate) fn ours_to(&self, figure: &Figure) -> Option<f64> {
        let ours = self.get(figure.group, &figure.scenario, "ours")?;
        let is_another = figure.subject != "ours";
        let ratio = self.ratio(Some(ours), is_another.then_some(figure), None);
        ratio.filter(|ratio| !ratio.is_nan())
    }

    /// `of / to`, each round by itself, and the median of that; `over` is taken off both first.
    pub fn ratio(
        &self,
        of: Option<&Figure>,
        to: Option<&Figure>,
        over: Option<(&Figure, &Figure)>,
    ) -> Option<f64> {
        let (of, to) = (of?, to?);
        let rounds = of.samples.iter().zip(&to.samples).enumerate();
        let ratios = rounds.map(|(round, (of, to))| {
            let (of_floor, to_floor) = over.map_or((0.0, 0.0), |(of, to)| {
                (sample(of, round), sample(to, round))
            });
            (of - of_floor) / (to - to_floor)
        });
        Some(quantile(&ratios.collect::<Vec<_>>(), 0.5))
    }
}

fn sample(figure: &Figure, round: usize) -> f64 {
    figure.samples.get(round).copied().unwrap_or_default()
}

fn quantile(samples: &[f64], at: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = at * (sorted.len().max(1) - 1) as f64;
    let below = sorted.get(place.floor() as usize).copied();
    let above = sorted.get(place.ceil() as usize).copied();
    let (below, above) = (below.unwrap_or(f64::NAN), above.unwrap_or(f64::NAN));
    if below == above {
        // Both may be infinite.
        return below;
    }
    below + (above - below) * place.fract()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::groups::REDIS;

    fn figure(
        group: &'static str,
        scenario: &str,
        subject: &str,
        unit: &str,
        samples: &[f64],
    ) -> Figure {
        Figure {
            group,
            scenario: scenario.to_owned(),
            subject: subject.to_owned(),
            unit: unit.to_owned(),
            samples: samples.to_vec(),
            allocations: None,
            bytes: None,
        }
    }

    /// One target met, one missed, a scenario of one name in two groups, a bar that is cut, and what is no time.
    pub(crate) fn some() -> Figures {
        let time = |group, scenario: &str, subject: &str, samples: &[f64]| {
            figure(group, scenario, subject, TIME, samples)
        };
        let counted = |subject: &str, bytes| {
            figure("memory store", "a session", subject, "bytes", &[bytes; 3])
        };
        Figures(vec![
            counted("ours", 200.0),
            counted("tower-sessions", 500.0),
            time("request", "read", "bare router", &[100.0, 200.0, 100.0]),
            time("request", "read", "ours", &[200.0, 310.0, 190.0]),
            time(
                "request",
                "read",
                "tower-sessions signed",
                &[300.0, 400.0, 300.0],
            ),
            time(
                "request",
                "read",
                "somebody slow",
                &[9000.0, 9100.0, 9900.0],
            ),
            time(REDIS, "read", "ours", &[50.0, 50.0, 60.0]),
            time(REDIS, "read", "tower-sessions", &[55.0, 55.0, 66.0]),
        ])
    }

    #[test]
    fn ours_is_compared_round_by_round() {
        let figures = some();
        let to = |group, scenario, subject| {
            figures.ours_to(figures.get(group, scenario, subject).unwrap())
        };
        // 200 / 300, 310 / 400, 190 / 300
        assert_eq!(
            to("request", "read", "tower-sessions signed"),
            Some(200.0 / 300.0)
        );
        assert_eq!(to(REDIS, "read", "tower-sessions"), Some(50.0 / 55.0));
        assert_eq!(to("memory store", "a session", "tower-sessions"), Some(0.4));
        assert_eq!(to("request", "read", "ours"), None);
    }

    #[test]
    fn what_is_taken_off_is_that_of_the_same_round() {
        let figures = some();
        let of = |subject| figures.get("request", "read", subject);
        let floors = of("bare router").zip(of("bare router"));
        // 100 / 200, 110 / 200, 90 / 200
        let ratio = figures.ratio(of("ours"), of("tower-sessions signed"), floors);
        assert_eq!(ratio, Some(0.5));
    }

    #[test]
    fn to_nothing_anything_is_infinite_and_nothing_is_not_compared() {
        let one = |subject, trips| figure("trips", "read", subject, "trips", &[trips; 3]);
        let compared = |ours, to| {
            let figures = Figures(vec![one("ours", ours), one("peer", to)]);
            figures.ours_to(&figures.0[1])
        };
        assert_eq!(compared(1.0, 0.0), Some(f64::INFINITY));
        assert_eq!(compared(0.0, 0.0), None);
    }

    #[test]
    fn only_a_time_has_a_rate() {
        let figures = some();
        let rate = |group, scenario, subject| {
            let figure = figures.get(group, scenario, subject);
            figure.unwrap().per_second()
        };
        assert_eq!(rate(REDIS, "read", "ours"), Some(2e7));
        assert_eq!(rate("memory store", "a session", "ours"), None);
    }

    #[test]
    fn quantiles_lie_between_the_samples() {
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(&[4.0, 1.0, 2.0, 3.0], 0.5), 2.5);
        assert!(quantile(&[], 0.5).is_nan());
        let figure = figure("", "", "", TIME, &[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(figure.quartiles(), (2.0, 4.0));
    }
}
