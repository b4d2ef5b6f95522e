//! The cookie, as browsers and attackers see it.

use http::{Response, StatusCode, header};

use super::site::{Browser, NOTHING, Site, set_cookies};
use crate::Failure;
use crate::check::Result;
use crate::context::Context;
use crate::failure::{ensure, expect};

pub(super) async fn a_visit_without_data_sets_no_cookie(cx: Context) -> Result {
    let (site, mut browser) = (Site::new(&cx)?, Browser::default());
    let response = site
        .visit(&mut browser, |session| session.get::<u32>("n").map(drop).map_err(Into::into))
        .await?;
    expect("Set-Cookie", &set_cookies(&response).count(), &0)
}

pub(super) async fn the_cookie_is_safe_by_default(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (_, response) = site.visitor().await?;
    let lines: Vec<_> = set_cookies(&response).collect();
    let [line] = *lines.as_slice() else {
        return Err(Failure::new(format!("{} cookies were set, not one", lines.len())));
    };
    let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
    ensure(pair.starts_with("__Host-session="), || {
        "the cookie is not called __Host-session".to_owned()
    })?;
    let mut attributes: Vec<_> = attributes.split(';').map(str::trim).collect();
    attributes.retain(|part| !part.starts_with("Max-Age=") && !part.starts_with("Expires="));
    attributes.sort_unstable();
    expect("its attributes", &attributes, &vec!["HttpOnly", "Path=/", "SameSite=Lax", "Secure"])
}

pub(super) async fn the_cookie_opens_the_session(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (mut browser, _) = site.visitor().await?;
    for n in 0..3 {
        site.shows("the next page", &browser, "a", "A").await?;
        site.visit(&mut browser, move |session| Ok(session.set("n", &n)?)).await?;
    }
    Ok(())
}

pub(super) async fn a_forged_cookie_opens_nothing(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (browser, _) = site.visitor().await?;
    let (other, _) = Site::new(&cx)?.visitor().await?;
    let mut forged = vec![other];
    let length = browser.cookies.first().map_or(0, |(_, value)| value.len());
    for place in (0..length).step_by((length / 40).max(1)) {
        let mut changed = browser.clone();
        if let Some((_, value)) = changed.cookies.first_mut() {
            let old = value.remove(place);
            value.insert(place, if old == 'A' { 'B' } else { 'A' });
        }
        forged.push(changed);
    }
    for (_, value) in &browser.cookies {
        for text in
            ["", "x", &value[..value.len() / 2], &format!("{value}A"), &format!("\"{value}\"x")]
        {
            let cookies = vec![("__Host-session".to_owned(), text.to_owned())];
            forged.push(Browser { cookies });
        }
    }
    for (n, forged) in forged.iter().enumerate() {
        let what = format!("what forged cookie {n} opens");
        site.shows(&what, forged, "a", NOTHING).await?;
    }
    site.shows("what the genuine one opens", &browser, "a", "A").await
}

pub(super) async fn caches_are_told_not_to_share_responses(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (mut browser, first) = site.visitor().await?;
    let field = |response: &Response<String>, name| {
        let field = response.headers().get(name);
        field.and_then(|field| Some(field.to_str().ok()?.to_ascii_lowercase())).unwrap_or_default()
    };
    let cache = field(&first, header::CACHE_CONTROL);
    ensure(
        cache.contains("no-cache") || cache.contains("no-store") || cache.contains("private"),
        || format!("a response that sets the cookie says Cache-Control: {cache:?}"),
    )?;
    let read =
        site.visit(&mut browser, |session| Ok(session.get::<String>("a").map(drop)?)).await?;
    for (what, response) in [("sets the cookie", &first), ("read the session", &read)] {
        let vary = field(response, header::VARY);
        ensure(vary.contains("cookie"), || format!("a response that {what} says Vary: {vary:?}"))?;
    }
    Ok(())
}

pub(super) async fn other_cookies_do_not_interfere(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (browser, _) = site.visitor().await?;
    let others =
        [("theme", "dark"), ("empty", ""), ("__Host-session", "planted"), ("session", "x")];
    let mut before = Browser::default();
    for (name, value) in others {
        before.cookies.push((name.to_owned(), value.to_owned()));
    }
    before.cookies.extend(browser.cookies);
    before.cookies.push(("last".to_owned(), "x=y".to_owned()));
    let what = "with other cookies before and after";
    site.shows(what, &before, "a", "A").await
}

pub(super) async fn an_ended_session_does_not_hide_a_live_one(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (mut ended, _) = site.visitor().await?;
    let (mut moved, _) = site.visitor().await?;
    let mut both = Browser { cookies: [&ended, &moved].map(|it| it.cookies.clone()).concat() };
    site.visit(&mut ended, |session| Ok(session.destroy()?)).await?;
    site.visit(&mut moved, |session| Ok(session.regenerate_id()?)).await?;
    site.shows("what two ended sessions show", &both, "a", NOTHING).await?;
    let (live, _) = site.visitor().await?;
    both.cookies.extend(live.cookies.clone());
    site.shows("a live session behind two ended ones", &both, "a", "A").await?;
    let response = site.visit(&mut both, |session| Ok(session.set("a", "B")?)).await?;
    expect("the status of a write to it", &response.status(), &StatusCode::OK)?;
    site.shows("the live session alone", &live, "a", "B").await
}

pub(super) async fn a_logout_ends_the_sessions_of_all_cookies(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (one, _) = site.visitor().await?;
    let (two, _) = site.visitor().await?;
    let (bystander, _) = site.visitor().await?;
    let mut both = Browser { cookies: [&one, &two].map(|it| it.cookies.clone()).concat() };
    site.visit(&mut both, |session| Ok(session.destroy()?)).await?;
    for (what, browser) in [("the first session", &one), ("the second session", &two)] {
        site.shows(&format!("{what} after the logout"), browser, "a", NOTHING).await?;
    }
    site.shows("a session of someone else", &bystander, "a", "A").await
}
