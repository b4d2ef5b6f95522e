//! Medians and ratios over the rounds of a run.

/// The median.
pub(crate) fn median(samples: &[f64]) -> f64 {
    quantile(samples, 0.5)
}

/// The bounds of the middle half.
pub(crate) fn middle_half(samples: &[f64]) -> [f64; 2] {
    [quantile(samples, 0.25), quantile(samples, 0.75)]
}

/// Combines the samples of two cases that were taken in the same round. Rounds that only
/// one of them has are skipped.
pub(crate) fn by_round(one: &[f64], other: &[f64], combine: fn(f64, f64) -> f64) -> Vec<f64> {
    let rounds = one.iter().zip(other);
    rounds.map(|(one, other)| combine(*one, *other)).collect()
}

fn quantile(samples: &[f64], at: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = at * last as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use std::ops::Div as _;

    use super::*;

    #[test]
    fn quantiles_lie_between_the_samples() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(middle_half(&[5.0, 1.0, 4.0, 2.0, 3.0]), [2.0, 4.0]);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_ratio_compares_samples_of_the_same_round() {
        let ratios = by_round(&[1.0, 10.0, 3.0], &[2.0, 40.0, 4.0], f64::div);
        assert_eq!(ratios, [0.5, 0.25, 0.75]);
    }
}
