//! Interleaved measurement.

use std::time::{Duration, Instant};

use crate::Case;
use crate::case::Work;
use crate::figure::{Figure, TIME};

/// Long compared with the resolution of the clock, short compared with what else disturbs the
/// machine.
const RUN: Duration = Duration::from_millis(5);

/// Measures the cases in turns, `rounds` times each, so that whatever slows the machine down for a
/// while slows all of them.
pub(crate) fn measure(group: &str, mut cases: Vec<Case>, rounds: usize) -> Vec<Figure> {
    let mut times: Vec<usize> = cases.iter_mut().map(calibrate).collect();
    let mut samples = vec![Vec::with_capacity(rounds); cases.len()];
    for round in 0..rounds {
        for step in 0..cases.len() {
            // Forwards and backwards in turn: no case always follows the same one.
            let at = match round % 2 {
                0 => step,
                _ => cases.len() - 1 - step,
            };
            samples[at].push(sample(&mut cases[at], &mut times[at]));
        }
    }
    let figure = |(case, samples): (Case, Vec<f64>)| Figure {
        group: group.to_owned(),
        scenario: case.scenario,
        subject: case.subject.to_owned(),
        unit: match case.work {
            Work::Timed(_) => TIME.to_owned(),
            Work::Counted(_, unit) => unit.to_owned(),
        },
        samples,
    };
    cases.into_iter().zip(samples).map(figure).collect()
}

fn sample(case: &mut Case, times: &mut usize) -> f64 {
    let run = match &mut case.work {
        Work::Counted(number, _) => return *number,
        Work::Timed(run) => run,
    };
    let mut took = time(run, *times);
    // Something held the case up while it was calibrated, and its runs are too short.
    if took < RUN / 2 {
        *times = fitting(*times, took);
        took = time(run, *times);
    }
    took.as_secs_f64() * 1e9 / *times as f64
}

/// How many times the case is done in one run.
fn calibrate(case: &mut Case) -> usize {
    let Work::Timed(run) = &mut case.work else {
        return 1;
    };
    let mut times = 8;
    loop {
        // The fastest of three: something may have held the others up.
        let [one, two, three] = [(); 3].map(|()| time(run, times));
        let took = one.min(two).min(three);
        if took >= RUN / 4 {
            return fitting(times, took);
        }
        times *= 2;
    }
}

/// How many times fit into a run, if `times` took so long.
fn fitting(times: usize, took: Duration) -> usize {
    let scale = RUN.as_secs_f64() / took.as_secs_f64();
    ((times as f64 * scale) as usize).max(1)
}

fn time(run: &mut dyn FnMut(usize), times: usize) -> Duration {
    let start = Instant::now();
    run(times);
    start.elapsed()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn cases_take_turns_forwards_and_backwards() {
        let turns = Rc::new(RefCell::new(Vec::new()));
        let case = |name: &'static str| {
            let turns = Rc::clone(&turns);
            Case::timed("a scenario", name, move |_| {
                std::thread::sleep(RUN);
                turns.borrow_mut().push(name);
            })
        };
        let bytes = Case::counted("a scenario", "bytes", 7.0, "bytes");
        let figures = measure("a group", vec![case("one"), case("two"), bytes], 3);
        let turns = turns.borrow();
        let measured = &turns[turns.len() - 6..];
        assert_eq!(measured, ["one", "two", "two", "one", "one", "two"]);
        // A run of at least five milliseconds, of at most eight times.
        assert!(figures[0].median() > 5e5, "{figures:?}");
        assert_eq!(figures[2].samples, [7.0; 3]);
    }

    #[test]
    fn what_holds_a_case_up_at_first_does_not_make_all_its_runs_short() {
        let runs = Rc::new(RefCell::new(Vec::new()));
        let (seen, mut slow) = (Rc::clone(&runs), 60);
        let case = Case::timed("a scenario", "a subject", move |times| {
            seen.borrow_mut().push(times);
            for _ in 0..times {
                let wait = if slow > 0 { 500 } else { 5 };
                slow -= i32::from(slow > 0);
                let start = Instant::now();
                while start.elapsed() < Duration::from_micros(wait) {}
            }
        });
        measure("a group", vec![case], 30);
        let last = runs.borrow().last().copied().unwrap();
        let expected = RUN.as_micros() as usize / 5;
        assert!(last > expected / 4, "{last} of {expected}");
    }
}
