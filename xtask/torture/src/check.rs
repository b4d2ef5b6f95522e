//! Checks a history against the promises.

use std::time::Duration;

use serde_json::Value;

use crate::history::{Event, History, Outcome, Request};

/// The kinds of violations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A write that was answered with 200 is missing.
    Lost,
    /// More increments were applied than were sent.
    Doubled,
    /// The id of a session that was destroyed, or that moved to another id, opens a session.
    Resurrected,
    /// A request saw the data of another session.
    Stranger,
    /// A request saw a flash value after another request had read it and was answered.
    FlashAgain,
    /// No answer within the limit.
    Stuck,
    /// A status that no fault explains, such as 500.
    Broken,
}

/// The kinds, with their names in reports.
pub(crate) const KINDS: [(Kind, &str); 7] = [
    (Kind::Lost, "lost"),
    (Kind::Doubled, "doubled"),
    (Kind::Resurrected, "resurrected"),
    (Kind::Stranger, "stranger"),
    (Kind::FlashAgain, "flash seen again"),
    (Kind::Stuck, "stuck"),
    (Kind::Broken, "broken"),
];

/// A time in which the backend may have lost records, or writes that it had acknowledged before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LossWindow {
    pub(crate) from: Duration,
    pub(crate) until: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) kind: Kind,
    pub(crate) what: String,
    /// The index of the event that shows it.
    pub(crate) event: usize,
}

/// Finds the violations in a history. `evicted` says when the backend may have dropped whole
/// records, as memcached does when it is restarted.
pub(crate) fn check(history: &History, evicted: &[LossWindow]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (index, event) in history.events.iter().enumerate() {
        let mut report = |kind, what: String| {
            found.push(Violation { kind, what, event: index });
        };
        match &event.outcome {
            Outcome::Stuck => report(Kind::Stuck, "no answer within the limit".to_owned()),
            Outcome::Status(409 | 503) | Outcome::Disconnected(_) => {}
            Outcome::Status(status) => report(Kind::Broken, format!("answered {status}")),
            Outcome::Done { .. } => {}
        }
        if event.refused() && !excused(history, event, evicted) {
            report(
                Kind::Lost,
                "refused with 409, but nothing moved or removed the session".to_owned(),
            );
        }
        let Some((marker, value)) = event.done() else {
            continue;
        };
        match marker {
            Some(marker) if marker != history.marker => {
                report(Kind::Stranger, format!("saw {marker}"));
                continue;
            }
            Some(_) => {
                if let Some(retired) = retired(history, event)
                    && !unreachable(history, event, retired, evicted)
                {
                    report(
                        Kind::Resurrected,
                        format!(
                            "its cookie was retired by the request at {:.3}s",
                            retired.start.as_secs_f64()
                        ),
                    );
                    continue;
                }
            }
            None => {
                let starts = matches!(event.request, Request::Start(_));
                if !starts && retired(history, event).is_none() && !excused(history, event, evicted)
                {
                    report(Kind::Lost, "the session is gone".to_owned());
                }
                continue;
            }
        }
        match &event.request {
            // A logout came in between, so the session has no count.
            Request::Count if value.is_null() && excused(history, event, evicted) => {}
            Request::Count => count(history, event, value, 1, &mut report),
            Request::Read => {
                let counter = value.get("count").unwrap_or(&Value::Null);
                count(history, event, counter, 0, &mut report);
                values(history, event, value, &mut report);
            }
            Request::Notice => notice(history, event, value, &mut report),
            _ => {}
        }
    }
    found
}

/// The logout or login after which the cookie of `event` must not open the session, if it was
/// answered before `event` was sent.
fn retired<'a>(history: &'a History, event: &Event) -> Option<&'a Event> {
    history.events.iter().find(|earlier| {
        let before = earlier.end < event.start && earlier.done().is_some();
        let retires = match earlier.request {
            Request::Logout => earlier.found_session(),
            Request::Login => earlier.cookie == event.cookie && earlier.set_cookie.is_some(),
            _ => false,
        };
        before && retires
    })
}

/// Whether the logout could not find the session of this cookie, because the backend had dropped a
/// tombstone. Two logins at the same time make two sessions, and only the tombstone of the session
/// before them names both.
fn unreachable(history: &History, event: &Event, logout: &Event, evicted: &[LossWindow]) -> bool {
    let start = history.start();
    let dropped = |loss: &LossWindow| start < loss.until && loss.from < logout.end;
    logout.request == Request::Logout
        && visibility(history, event, logout) == Visibility::OtherSession
        && evicted.iter().any(dropped)
}

/// Whether something explains that `event` found no session: a login or logout that overlapped or
/// whose outcome is unknown, or a backend that may have dropped the record.
fn excused(history: &History, event: &Event, evicted: &[LossWindow]) -> bool {
    let other = history.events.iter().any(|other| {
        let overlaps = other.start < event.end && other.end >= event.start;
        let may_explain = overlaps || other.unknown() || other.request == Request::Logout;
        !std::ptr::eq(other, event)
            && matches!(other.request, Request::Login | Request::Logout)
            && other.start < event.end
            && (may_explain || (other.set_cookie.is_some() && other.cookie == event.cookie))
    });
    let start = history.start();
    other || evicted.iter().any(|loss| start < loss.until && loss.from < event.end)
}

/// Whether a later request must see a write.
#[derive(PartialEq, Eq)]
enum Visibility {
    /// The write went to another session. Two logins at the same time make two of them.
    OtherSession,
    /// The write overlapped a login. It may have come before or after it.
    Maybe,
    Must,
}

fn visibility(history: &History, event: &Event, write: &Event) -> Visibility {
    let mut cookie = event.cookie;
    let mut overlapped = false;
    while cookie != write.cookie {
        let Some(login) = history
            .events
            .iter()
            .find(|login| login.set_cookie.is_some() && login.set_cookie == cookie)
        else {
            return Visibility::OtherSession;
        };
        overlapped |= login.cookie == write.cookie && write.end >= login.start;
        if login.cookie.is_none() {
            return Visibility::OtherSession;
        }
        cookie = login.cookie;
    }
    if overlapped { Visibility::Maybe } else { Visibility::Must }
}

fn count(
    history: &History,
    event: &Event,
    value: &Value,
    own: u64,
    report: &mut impl FnMut(Kind, String),
) {
    let counted = value.as_u64().unwrap_or(0);
    let others = || {
        let counts = history.events.iter().filter(|other| other.request == Request::Count);
        counts.filter(|other| !std::ptr::eq(*other, event))
    };
    let least = others()
        .filter(|other| {
            other.end < event.start && visibility(history, event, other) == Visibility::Must
        })
        .filter(|other| other.found_session())
        .count() as u64
        + own;
    let most = others()
        .filter(|other| {
            other.start < event.end && visibility(history, event, other) != Visibility::OtherSession
        })
        .filter(|other| other.found_session() || other.unknown())
        .count() as u64
        + own;
    if counted < least {
        report(
            Kind::Lost,
            format!("{least} increments were answered before, but the count is {counted}"),
        );
    }
    if counted > most {
        report(
            Kind::Doubled,
            format!("at most {most} increments were sent, but the count is {counted}"),
        );
    }
}

fn values(history: &History, event: &Event, values: &Value, report: &mut impl FnMut(Kind, String)) {
    for other in &history.events {
        if let Request::Set(key, value) = &other.request
            && other.end < event.start
            && other.found_session()
            && visibility(history, event, other) == Visibility::Must
            && values.get(key).and_then(Value::as_str) != Some(value)
        {
            report(Kind::Lost, format!("{key}={value} was answered before, but is missing"));
        }
    }
}

fn notice(history: &History, event: &Event, value: &Value, report: &mut impl FnMut(Kind, String)) {
    let readers = || history.events.iter().filter(|other| other.request == Request::Notice);
    let Some(text) = value.as_str() else {
        // The request found no notice. Was one set that no other request can have read?
        let flashed =
            history.events.iter().rev().find(|other| {
                matches!(other.request, Request::Flash(_)) && other.start < event.start
            });
        let Some(flashed) = flashed else { return };
        let read = readers().any(|other| {
            !std::ptr::eq(other, event)
                && other.end >= flashed.start
                && other.start < event.end
                && !other.refused()
        });
        if flashed.found_session() && flashed.end < event.start && !read {
            report(Kind::Lost, format!("{} was never read", flashed.request.path()));
        }
        return;
    };
    let again = readers().any(|other| {
        other.end < event.start
            && other.done().is_some_and(|(_, value)| value.as_str() == Some(text))
    });
    if again {
        report(Kind::FlashAgain, format!("{text} was read and answered before"));
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
            outcome: Outcome::Done { marker: Some("m".to_owned()), value },
            set_cookie: None,
        }
    }

    fn kinds(events: Vec<Event>) -> Vec<Kind> {
        let history = History {
            marker: "m".to_owned(),
            cookies: vec!["a".to_owned(), "b".to_owned()],
            events,
        };
        check(&history, &[]).into_iter().map(|violation| violation.kind).collect()
    }

    #[test]
    fn a_clean_history_has_no_violations() {
        assert_eq!(
            kinds(vec![
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
    fn each_kind_is_found() {
        let lost = vec![event(0, Request::Count, json!(1)), event(10, Request::Read, json!({}))];
        assert_eq!(kinds(lost), [Kind::Lost]);
        let doubled = vec![event(0, Request::Count, json!(2))];
        assert_eq!(kinds(doubled), [Kind::Doubled]);
        let resurrected =
            vec![event(0, Request::Logout, Value::Null), event(10, Request::Count, json!(1))];
        assert_eq!(kinds(resurrected), [Kind::Resurrected]);
        let again =
            vec![event(0, Request::Notice, json!("f")), event(10, Request::Notice, json!("f"))];
        assert_eq!(kinds(again), [Kind::FlashAgain]);
        let mut stranger = event(0, Request::Read, json!({}));
        stranger.outcome = Outcome::Done { marker: Some("other".to_owned()), value: Value::Null };
        assert_eq!(kinds(vec![stranger]), [Kind::Stranger]);
        let mut gone = event(0, Request::Read, json!({}));
        gone.outcome = Outcome::Done { marker: None, value: Value::Null };
        assert_eq!(kinds(vec![gone]), [Kind::Lost]);
        let mut stuck = event(0, Request::Read, json!({}));
        stuck.outcome = Outcome::Stuck;
        assert_eq!(kinds(vec![stuck]), [Kind::Stuck]);
    }

    #[test]
    fn a_request_without_an_answer_may_have_been_applied_or_not() {
        let mut unknown = event(0, Request::Count, Value::Null);
        unknown.outcome = Outcome::Disconnected("hung up");
        for count in [0, 1] {
            let read = event(10, Request::Read, json!({ "count": count }));
            assert_eq!(kinds(vec![unknown.clone(), read]), []);
        }
    }
}
