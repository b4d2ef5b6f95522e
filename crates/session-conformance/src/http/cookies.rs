//! The cookie, as browsers and attackers see it.

use http::{Response, header};

use super::site::{Browser, Site, set_cookies};
use crate::Failure;
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::{ensure, expect};

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Http, "http", a_visit_without_data_sets_no_cookie, "Every visitor gets a cookie, and a banner that asks for consent.", []),
    check!(Http, "http", the_cookie_is_safe_by_default, "A script, another site or a plain connection gets hold of the session.", []),
    check!(Http, "http", the_cookie_opens_the_session, "Nothing that a user does is remembered.", []),
    check!(Http, "http", a_forged_cookie_opens_nothing, "Whoever changes a cookie gets into a session, or sees an error page.", []),
    check!(Http, "http", caches_are_told, "A cache gives one user's cookie, or page, to another.", []),
    check!(Http, "http", other_cookies_do_not_disturb, "Another cookie on the same domain logs the user out.", []),
];

async fn a_visit_without_data_sets_no_cookie(cx: Context) -> Result {
    let (site, mut browser) = (Site::new(&cx)?, Browser::default());
    let response = site
        .visit(&mut browser, |session| {
            session.get::<u32>("n").map(drop).map_err(Into::into)
        })
        .await?;
    expect("Set-Cookie", &set_cookies(&response).count(), &0)
}

/// A browser for which `a` is "A", and the response that made it so.
async fn visitor(site: &Site) -> Result<(Browser, Response<String>)> {
    let mut browser = Browser::default();
    let response = site
        .visit(&mut browser, |session| Ok(session.set("a", "A")?))
        .await?;
    Ok((browser, response))
}

async fn the_cookie_is_safe_by_default(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (_, response) = visitor(&site).await?;
    let lines: Vec<_> = set_cookies(&response).collect();
    let [line] = *lines.as_slice() else {
        return Err(Failure::new(format!(
            "{} cookies were set, not one",
            lines.len()
        )));
    };
    let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
    ensure(pair.starts_with("__Host-session="), || {
        "the cookie is not called __Host-session".to_owned()
    })?;
    let mut attributes: Vec<_> = attributes.split(';').map(str::trim).collect();
    attributes.retain(|part| !part.starts_with("Max-Age=") && !part.starts_with("Expires="));
    attributes.sort_unstable();
    expect(
        "its attributes",
        &attributes,
        &vec!["HttpOnly", "Path=/", "SameSite=Lax", "Secure"],
    )
}

async fn the_cookie_opens_the_session(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (mut browser, _) = visitor(&site).await?;
    for n in 0..3 {
        let seen = site.sees(&browser, "a").await?;
        expect("the next page", &seen.as_deref(), &Some("A"))?;
        site.visit(&mut browser, move |session| Ok(session.set("n", &n)?))
            .await?;
    }
    Ok(())
}

async fn a_forged_cookie_opens_nothing(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (browser, _) = visitor(&site).await?;
    let (other, _) = visitor(&Site::new(&cx)?).await?;
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
        for text in [
            "",
            "x",
            &value[..value.len() / 2],
            &format!("{value}A"),
            &format!("\"{value}\"x"),
        ] {
            let cookies = vec![("__Host-session".to_owned(), text.to_owned())];
            forged.push(Browser { cookies });
        }
    }
    for (n, forged) in forged.iter().enumerate() {
        let seen = site.sees(forged, "a").await?;
        expect(&format!("what forged cookie {n} opens"), &seen, &None)?;
    }
    let seen = site.sees(&browser, "a").await?;
    expect("what the true one opens", &seen.as_deref(), &Some("A"))
}

async fn caches_are_told(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (mut browser, first) = visitor(&site).await?;
    let field = |response: &Response<String>, name| {
        let field = response.headers().get(name);
        field
            .and_then(|field| Some(field.to_str().ok()?.to_ascii_lowercase()))
            .unwrap_or_default()
    };
    let cache = field(&first, header::CACHE_CONTROL);
    ensure(
        cache.contains("no-cache") || cache.contains("no-store") || cache.contains("private"),
        || format!("a response that sets the cookie says Cache-Control: {cache:?}"),
    )?;
    let read = site
        .visit(&mut browser, |session| {
            Ok(session.get::<String>("a").map(drop)?)
        })
        .await?;
    for (what, response) in [("sets the cookie", &first), ("read the session", &read)] {
        let vary = field(response, header::VARY);
        ensure(vary.contains("cookie"), || {
            format!("a response that {what} says Vary: {vary:?}")
        })?;
    }
    Ok(())
}

async fn other_cookies_do_not_disturb(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (browser, _) = visitor(&site).await?;
    let others = [
        ("theme", "dark"),
        ("empty", ""),
        ("__Host-session", "planted"),
        ("session", "x"),
    ];
    let mut before = Browser::default();
    for (name, value) in others {
        before.cookies.push((name.to_owned(), value.to_owned()));
    }
    before.cookies.extend(browser.cookies);
    before.cookies.push(("last".to_owned(), "x=y".to_owned()));
    let seen = site.sees(&before, "a").await?;
    expect(
        "with other cookies before and after",
        &seen.as_deref(),
        &Some("A"),
    )
}
