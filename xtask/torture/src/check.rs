//! Reads a history and says what should not have happened.

use std::time::Duration;

use serde_json::Value;

use crate::history::{Event, Life, Outcome, Request};

/// What should not have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// A write that was answered 200 is gone.
    Lost,
    /// An increment was counted more often than it was sent.
    Doubled,
    /// A destroyed or retired id opens something.
    Resurrected,
    /// Someone else's data was seen.
    Stranger,
    /// A flash value was seen by a request that began after its reader was answered.
    FlashAgain,
    /// No answer within the limit.
    Stuck,
    /// An answer that no fault explains, such as 500.
    Broken,
}

pub(crate) const FAULTS: [(Fault, &str); 7] = [
    (Fault::Lost, "lost"),
    (Fault::Doubled, "doubled"),
    (Fault::Resurrected, "resurrected"),
    (Fault::Stranger, "stranger"),
    (Fault::FlashAgain, "flash seen again"),
    (Fault::Stuck, "stuck"),
    (Fault::Broken, "broken"),
];

/// When a backend may have lost something: a record, or what was answered shortly before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loss {
    pub(crate) from: Duration,
    pub(crate) until: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) fault: Fault,
    pub(crate) what: String,
    /// The event that shows it.
    pub(crate) event: usize,
}

/// Everything wrong in one life. `evicted` says when the backend may have dropped whole records, as memcached does when it is
/// restarted.
pub(crate) fn check(life: &Life, evicted: &[Loss]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (at, event) in life.events.iter().enumerate() {
        let mut say = |fault, what: String| {
            found.push(Violation {
                fault,
                what,
                event: at,
            });
        };
        match &event.outcome {
            Outcome::Stuck => say(Fault::Stuck, "no answer within the limit".to_owned()),
            Outcome::Status(409 | 503) | Outcome::Gone(_) => {}
            Outcome::Status(status) => say(Fault::Broken, format!("answered {status}")),
            Outcome::Done { .. } => {}
        }
        if event.refused() && !excused(life, event, evicted) {
            say(
                Fault::Lost,
                "refused with 409 although nothing moved or removed the session".to_owned(),
            );
        }
        let Some((marker, value)) = event.done() else {
            continue;
        };
        match marker {
            Some(marker) if marker != life.marker => {
                say(Fault::Stranger, format!("saw {marker}"));
                continue;
            }
            Some(_) => {
                if let Some(retired) = retired(life, event)
                    && !unreachable(life, event, retired, evicted)
                {
                    say(
                        Fault::Resurrected,
                        format!(
                            "its cookie was retired by the request at {:.3}s",
                            retired.start.as_secs_f64()
                        ),
                    );
                    continue;
                }
            }
            None => {
                let new = matches!(event.request, Request::Begin(_));
                if !new && retired(life, event).is_none() && !excused(life, event, evicted) {
                    say(Fault::Lost, "the session is gone".to_owned());
                }
                continue;
            }
        }
        match &event.request {
            // A logout came in between: there is no count left to tell.
            Request::Count if value.is_null() && excused(life, event, evicted) => {}
            Request::Count => counts(life, event, value, 1, &mut say),
            Request::Read => {
                let count = value.get("count").unwrap_or(&Value::Null);
                counts(life, event, count, 0, &mut say);
                keys(life, event, value, &mut say);
            }
            Request::Notice => notice(life, event, value, &mut say),
            _ => {}
        }
    }
    found
}

/// The request by which the cookie of `event` was retired before it began.
fn retired<'a>(life: &'a Life, event: &Event) -> Option<&'a Event> {
    life.events.iter().find(|earlier| {
        let before = earlier.end < event.start && earlier.done().is_some();
        let by = match earlier.request {
            Request::Logout => earlier.done().is_some_and(|(marker, _)| marker.is_some()),
            Request::Login => earlier.cookie == event.cookie && earlier.gave.is_some(),
            _ => false,
        };
        before && by
    })
}

/// Whether a logout could not find this cookie's session, because the backend dropped the tombstone that named it: of a
/// double-clicked login both answers stand, and only what they replaced leads from one to the other.
fn unreachable(life: &Life, event: &Event, logout: &Event, evicted: &[Loss]) -> bool {
    let began = life
        .events
        .first()
        .map_or(Duration::ZERO, |first| first.start);
    let dropped = |loss: &Loss| began < loss.until && loss.from < logout.end;
    logout.request == Request::Logout
        && seen(life, event, logout) == Seen::Elsewhere
        && evicted.iter().any(dropped)
}

/// Whether something else explains that `event` found no session: a login or logout that overlapped or whose outcome is unknown,
/// or a backend that may have dropped the record.
fn excused(life: &Life, event: &Event, evicted: &[Loss]) -> bool {
    let other = life.events.iter().any(|other| {
        let overlaps = other.start < event.end && other.end >= event.start;
        let may = overlaps || other.unknown() || other.request == Request::Logout;
        !std::ptr::eq(other, event)
            && matches!(other.request, Request::Login | Request::Logout)
            && other.start < event.end
            && (may || (other.gave.is_some() && other.cookie == event.cookie))
    });
    let began = life
        .events
        .first()
        .map_or(Duration::ZERO, |first| first.start);
    other
        || evicted
            .iter()
            .any(|loss| began < loss.until && loss.from < event.end)
}

/// How a write relates to what a later request saw.
#[derive(PartialEq, Eq)]
enum Seen {
    /// It went to another branch: of a double-clicked login both answers stand, each with a session of its own.
    Elsewhere,
    /// It overlapped a login, and may have come before it or not.
    Maybe,
    Must,
}

fn seen(life: &Life, event: &Event, write: &Event) -> Seen {
    let mut cookie = event.cookie;
    let mut overlapped = false;
    while cookie != write.cookie {
        let Some(login) = life
            .events
            .iter()
            .find(|login| login.gave.is_some() && login.gave == cookie)
        else {
            return Seen::Elsewhere;
        };
        overlapped |= login.cookie == write.cookie && write.end >= login.start;
        if login.cookie.is_none() {
            return Seen::Elsewhere;
        }
        cookie = login.cookie;
    }
    if overlapped { Seen::Maybe } else { Seen::Must }
}

fn counts(
    life: &Life,
    event: &Event,
    value: &Value,
    own: u64,
    say: &mut impl FnMut(Fault, String),
) {
    let counted = value.as_u64().unwrap_or(0);
    let others = || {
        let counts = life
            .events
            .iter()
            .filter(|other| other.request == Request::Count);
        counts.filter(|other| !std::ptr::eq(*other, event))
    };
    let kept = |other: &&Event| other.done().is_some_and(|(marker, _)| marker.is_some());
    let least = others()
        .filter(|other| other.end < event.start && seen(life, event, other) == Seen::Must)
        .filter(kept)
        .count() as u64
        + own;
    let most = others()
        .filter(|other| other.start < event.end && seen(life, event, other) != Seen::Elsewhere)
        .filter(|other| kept(other) || other.unknown())
        .count() as u64
        + own;
    if counted < least {
        say(
            Fault::Lost,
            format!("{least} increments were answered before, {counted} are there"),
        );
    }
    if counted > most {
        say(
            Fault::Doubled,
            format!("{most} increments were sent at the most, {counted} are there"),
        );
    }
}

fn keys(life: &Life, event: &Event, values: &Value, say: &mut impl FnMut(Fault, String)) {
    for other in &life.events {
        if let Request::Set(key, value) = &other.request
            && other.end < event.start
            && other.done().is_some_and(|(marker, _)| marker.is_some())
            && seen(life, event, other) == Seen::Must
            && values.get(key).and_then(Value::as_str) != Some(value)
        {
            say(
                Fault::Lost,
                format!("{key}={value} was answered before and is not there"),
            );
        }
    }
}

fn notice(life: &Life, event: &Event, value: &Value, say: &mut impl FnMut(Fault, String)) {
    let readers = || {
        life.events
            .iter()
            .filter(|other| other.request == Request::Notice)
    };
    let Some(text) = value.as_str() else {
        // It read nothing: was there something that nobody can have read?
        let flashed =
            life.events.iter().rev().find(|other| {
                matches!(other.request, Request::Flash(_)) && other.start < event.start
            });
        let Some(flashed) = flashed else { return };
        let kept = flashed.done().is_some_and(|(marker, _)| marker.is_some());
        let read = readers().any(|other| {
            !std::ptr::eq(other, event)
                && other.end >= flashed.start
                && other.start < event.end
                && !other.refused()
        });
        if kept && flashed.end < event.start && !read {
            say(
                Fault::Lost,
                format!("{} was never read", flashed.request.path()),
            );
        }
        return;
    };
    let again = readers().any(|other| {
        other.end < event.start
            && other
                .done()
                .is_some_and(|(_, value)| value.as_str() == Some(text))
    });
    if again {
        say(
            Fault::FlashAgain,
            format!("{text} was read and answered before"),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(start: u64, request: Request, value: Value) -> Event {
        Event {
            start: Duration::from_millis(start),
            end: Duration::from_millis(start + 5),
            request,
            cookie: Some(0),
            server: 0,
            outcome: Outcome::Done {
                marker: Some("m".to_owned()),
                value,
            },
            gave: None,
        }
    }

    fn faults(events: Vec<Event>) -> Vec<Fault> {
        let life = Life {
            marker: "m".to_owned(),
            cookies: vec!["a".to_owned(), "b".to_owned()],
            events,
        };
        check(&life, &[])
            .into_iter()
            .map(|found| found.fault)
            .collect()
    }

    #[test]
    fn a_clean_history_has_no_faults() {
        assert_eq!(
            faults(vec![
                event(0, Request::Count, json!(1)),
                event(10, Request::Set("k".into(), "v".into()), Value::Null),
                event(20, Request::Read, json!({"count": 1, "k": "v"})),
                event(30, Request::Flash("f".into()), Value::Null),
                event(40, Request::Notice, json!("f")),
                event(50, Request::Notice, Value::Null),
            ]),
            []
        );
    }

    #[test]
    fn each_fault_is_seen() {
        let lost = vec![
            event(0, Request::Count, json!(1)),
            event(10, Request::Read, json!({})),
        ];
        assert_eq!(faults(lost), [Fault::Lost]);
        let doubled = vec![event(0, Request::Count, json!(2))];
        assert_eq!(faults(doubled), [Fault::Doubled]);
        let back = vec![
            event(0, Request::Logout, Value::Null),
            event(10, Request::Count, json!(1)),
        ];
        assert_eq!(faults(back), [Fault::Resurrected]);
        let again = vec![
            event(0, Request::Notice, json!("f")),
            event(10, Request::Notice, json!("f")),
        ];
        assert_eq!(faults(again), [Fault::FlashAgain]);
        let mut stranger = event(0, Request::Read, json!({}));
        stranger.outcome = Outcome::Done {
            marker: Some("other".to_owned()),
            value: Value::Null,
        };
        assert_eq!(faults(vec![stranger]), [Fault::Stranger]);
        let mut gone = event(0, Request::Read, json!({}));
        gone.outcome = Outcome::Done {
            marker: None,
            value: Value::Null,
        };
        assert_eq!(faults(vec![gone]), [Fault::Lost]);
        let mut stuck = event(0, Request::Read, json!({}));
        stuck.outcome = Outcome::Stuck;
        assert_eq!(faults(vec![stuck]), [Fault::Stuck]);
    }

    #[test]
    fn what_was_not_answered_may_have_happened_or_not() {
        let mut unknown = event(0, Request::Count, Value::Null);
        unknown.outcome = Outcome::Gone("hung up");
        for count in [0, 1] {
            let read = event(10, Request::Read, json!({ "count": count }));
            assert_eq!(faults(vec![unknown.clone(), read]), []);
        }
    }
}
