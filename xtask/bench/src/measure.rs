//! Interleaved measurement.

use std::time::{Duration, Instant};

use crate::figure::TIME;
use crate::{Case, Figure};

/// Measures the cases in turns, so that whatever slows the machine down for a while slows all of them: `rounds` times each.
pub(crate) fn measure(group: &'static str, mut cases: Vec<Case>, rounds: usize) -> Vec<Figure> {
    let mut times: Vec<usize> = cases.iter_mut().map(calibrate).collect();
    let mut samples = vec![Vec::with_capacity(rounds); cases.len()];
    for round in 0..rounds {
        for step in 0..cases.len() {
            // Forwards and backwards in turn: no case always follows the same one.
            let at = if round % 2 == 0 {
                step
            } else {
                cases.len() - 1 - step
            };
            let case = &mut cases[at];
            if let Some((value, _)) = case.value {
                samples[at].push(value);
                continue;
            }
            let mut took = time(case, times[at]);
            // It was held up while it was calibrated, as by an allocator that sorts what the set-up of a million sessions left.
            if took < case.lasts / 2 {
                times[at] = due(case, times[at], took);
                took = time(case, times[at]);
            }
            samples[at].push(took.as_secs_f64() * 1e9 / times[at] as f64);
        }
    }
    let figures = cases.into_iter().zip(samples);
    figures
        .map(|(case, samples)| Figure {
            group,
            scenario: case.scenario,
            subject: case.subject.to_owned(),
            unit: case.value.map_or(TIME, |(_, unit)| unit).to_owned(),
            samples,
            allocations: None,
            bytes: None,
        })
        .collect()
}

fn time(case: &mut Case, times: usize) -> Duration {
    let start = Instant::now();
    (case.run)(times);
    start.elapsed()
}

fn calibrate(case: &mut Case) -> usize {
    if case.value.is_some() {
        return 1;
    }
    let mut times = 8;
    loop {
        // The quickest of three: if one was held up, all runs would be so short that what comes before a case's first step shows.
        let [one, two, three] = [(); 3].map(|()| time(case, times));
        let took = one.min(two).min(three);
        if took >= case.lasts / 4 || times > 1 << 24 {
            return due(case, times, took);
        }
        times *= 2;
    }
}

/// How often it is to be done in one run, where so many times took this long.
fn due(case: &Case, times: usize, took: Duration) -> usize {
    let scale = case.lasts.as_secs_f64() / took.as_secs_f64();
    ((times as f64 * scale) as usize).max(1)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn what_holds_a_case_up_at_first_does_not_make_all_its_runs_short() {
        let runs = Rc::new(RefCell::new(Vec::new()));
        let (noted, mut held_up) = (Rc::clone(&runs), 60);
        let case = Case::new("a scenario", "a subject", move |times| {
            noted.borrow_mut().push(times);
            for _ in 0..times {
                let step = if held_up > 0 { 500 } else { 5 };
                held_up -= i32::from(held_up > 0);
                let start = Instant::now();
                while start.elapsed() < Duration::from_micros(step) {}
            }
        });
        let expected = case.lasts.as_micros() as usize / 5;
        measure("a group", vec![case], 30);
        let last = runs.borrow().last().copied().unwrap();
        assert!(last > expected / 4, "{last} of {expected}");
    }

    #[test]
    fn cases_take_turns_forwards_and_backwards() {
        let turns = Rc::new(RefCell::new(Vec::new()));
        let case = |name: &'static str| {
            let turns = Rc::clone(&turns);
            let mut case = Case::new("a scenario", name, move |_| {
                std::thread::sleep(Duration::from_millis(2));
                turns.borrow_mut().push(name);
            });
            case.lasts = Duration::from_millis(2);
            case
        };
        let figures = measure("a group", vec![case("one"), case("two")], 3);
        let turns = turns.borrow();
        let measured = &turns[turns.len() - 6..];
        assert_eq!(measured, ["one", "two", "two", "one", "one", "two"]);
        assert!(figures.iter().all(|figure| figure.samples.len() == 3));
        // Two milliseconds a run, of about eight times.
        assert!(figures[0].median() > 1e5, "{figures:?}");
    }
}
