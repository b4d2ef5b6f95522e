//! A page about the session itself. It does not show the id, because anyone who reads the id can
//! use the session.

use std::time::{Duration, SystemTime};

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::app::Shop;
use crate::failure::Failure;
use crate::page::{Page, render};

#[derive(Template)]
#[template(path = "session.html")]
struct SessionPage {
    page: Page,
    shop: Shop,
    is_new: bool,
    age: String,
    left: String,
    idle: String,
    absolute: String,
    entries: Vec<Entry>,
}

struct Entry {
    key: String,
    kind: &'static str,
    bytes: usize,
}

pub(crate) async fn show(State(shop): State<Shop>, page: Page) -> Result<Response, Failure> {
    let session = &page.session;
    let now = SystemTime::now();
    let data = session.data();
    let values = data.values.iter().map(|(key, json)| ("value", key, json));
    let flash = data.flash.iter().map(|(key, json)| ("flash", key, json));
    let entries = values
        .chain(flash)
        .map(|(kind, key, json)| Entry { key: key.clone(), kind, bytes: json.get().len() })
        .collect();
    render(&SessionPage {
        is_new: session.is_new(),
        age: words(now.duration_since(session.created()).unwrap_or_default()),
        left: words(session.expires().duration_since(now).unwrap_or_default()),
        idle: words(shop.idle),
        absolute: words(shop.absolute),
        entries,
        shop,
        page,
    })
}

/// The two largest units: "1 day 3 hours".
fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [
        (seconds / 86_400, "day"),
        (seconds / 3600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ];
    let words: Vec<_> = units
        .into_iter()
        .skip_while(|(count, _)| *count == 0)
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}{}", if count == 1 { "" } else { "s" }))
        .collect();
    if words.is_empty() { "no time at all".to_owned() } else { words.join(" ") }
}
