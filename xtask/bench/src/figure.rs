//! What was measured.

use serde::{Deserialize, Serialize};

use crate::stats;

/// The unit of a time: nanoseconds.
pub(crate) const TIME: &str = "ns";

/// What one case came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) group: String,
    pub(crate) scenario: String,
    pub(crate) subject: String,
    pub(crate) unit: String,
    /// What doing it once came to, in each round.
    pub(crate) samples: Vec<f64>,
}

/// All figures of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures(pub(crate) Vec<Figure>);

impl Figure {
    pub(crate) fn median(&self) -> f64 {
        stats::median(&self.samples)
    }

    fn is_of(&self, group: &str, scenario: &str, subject: &str) -> bool {
        self.group == group && self.scenario == scenario && self.subject == subject
    }
}

impl Figures {
    /// The figure of a case, if it was measured.
    pub(crate) fn get(&self, group: &str, scenario: &str, subject: &str) -> Option<&Figure> {
        let mut figures = self.0.iter();
        figures.find(|figure| figure.is_of(group, scenario, subject))
    }

    /// Adds a figure, or the rounds of another process to the figure of the same case.
    pub(crate) fn add(&mut self, new: Figure) {
        let mut figures = self.0.iter_mut();
        match figures.find(|figure| figure.is_of(&new.group, &new.scenario, &new.subject)) {
            Some(figure) => figure.samples.extend(new.samples),
            None => self.0.push(new),
        }
    }
}
