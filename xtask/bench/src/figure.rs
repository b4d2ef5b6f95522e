//! What was measured.

/// What one case came to.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The name of its group.
    pub group: &'static str,
    /// What happened.
    pub scenario: String,
    /// Who did it.
    pub subject: String,
    /// Whether it is a time; a number of another kind otherwise, such as bytes.
    pub timed: bool,
    /// Nanoseconds for doing it once, or that number, of each round.
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

    /// How often a second, one after the other or so many in flight as its group says; `None` if it is no time.
    pub fn per_second(&self) -> Option<f64> {
        self.timed.then(|| 1e9 / self.median())
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

    /// Ours to this one, which does the same; `None` for ours itself, and where both are nothing.
    pub(crate) fn ours_to(&self, figure: &Figure) -> Option<f64> {
        let ours = self.get(figure.group, &figure.scenario, "ours")?;
        let is_another = figure.subject != "ours";
        let ratio = self.ratio(Some(ours), is_another.then_some(figure), None);
        ratio.filter(|ratio| ratio.is_finite())
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
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(subject: &str, samples: &[f64]) -> Figure {
        Figure {
            group: "request",
            scenario: "read".to_owned(),
            subject: subject.to_owned(),
            timed: true,
            samples: samples.to_vec(),
            allocations: None,
            bytes: None,
        }
    }

    #[test]
    fn ours_is_compared_round_by_round() {
        let ours = figure("ours", &[10.0, 30.0, 8.0]);
        let peer = figure("peer", &[20.0, 40.0, 16.0]);
        let figures = Figures(vec![ours.clone(), peer.clone()]);
        assert_eq!(figures.ours_to(&peer), Some(0.5));
        assert_eq!(figures.ours_to(&ours), None);
        assert_eq!(figures.ours_to(&figure("nobody", &[0.0; 3])), None);
        assert_eq!(Figures(vec![peer.clone()]).ours_to(&peer), None);
        assert_eq!(peer.per_second(), Some(5e7));
    }

    #[test]
    fn quantiles_lie_between_the_samples() {
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(&[4.0, 1.0, 2.0, 3.0], 0.5), 2.5);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
