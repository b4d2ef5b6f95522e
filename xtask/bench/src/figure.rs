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
    /// Nanoseconds for doing it once, of each round; or one number of another kind, such as bytes.
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

    #[test]
    fn quantiles_lie_between_the_samples() {
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile(&[4.0, 1.0, 2.0, 3.0], 0.5), 2.5);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
