//! Requests of one browser at the same time, whose responses arrive in any order.

use http::{Response, StatusCode};

use super::site::{Browser, Reply, Site};
use crate::Failure;
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::expect;

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Http, "http", two_tabs_both_stay, "Two tabs: one fills the cart, one sets the theme, and one of the two is lost.", [Merge]),
    check!(Http, "http", responses_of_a_login_arrive_in_any_order, "A slow page that was loading during the login logs the user out.", [Merge, Revoke]),
    check!(Http, "http", responses_of_a_logout_arrive_in_any_order, "A slow page that was loading during the logout logs the user in again.", [Merge, Revoke]),
];

const OK: Reply = Reply::Status(StatusCode::OK);

async fn visitor(site: &Site) -> Result<Browser> {
    let mut browser = Browser::default();
    site.visit(&mut browser, |session| Ok(session.set("a", "A")?))
        .await?;
    Ok(browser)
}

async fn two_tabs_both_stay(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let browser = visitor(&site).await?;
    let add = |session: &session_http::Session| {
        session.update("n", |n: Option<u32>| Some(n.unwrap_or(0) + 1))?;
        Ok(())
    };
    let tabs = [
        site.begin(&browser, OK, move |session| {
            add(session).and_then(|()| Ok(session.set("cart", "tea")?))
        })
        .await,
        site.begin(&browser, OK, move |session| {
            add(session).and_then(|()| Ok(session.set("theme", "dark")?))
        })
        .await,
    ];
    for tab in tabs {
        let response = tab.end().await?.map_err(Failure::new)?;
        expect("the status", &response.status(), &StatusCode::OK)?;
    }
    for (key, value) in [("cart", "tea"), ("theme", "dark"), ("a", "A")] {
        let seen = site.sees(&browser, key).await?;
        expect("what is there at the end", &seen.as_deref(), &Some(value))?;
    }
    let mut browser = browser;
    let response = site
        .visit(&mut browser, |session| match session.get::<u32>("n")? {
            Some(2) => Ok(()),
            _ => Err(session_core::Error::Vanished.into()),
        })
        .await?;
    expect(
        "a counter that both counted up stands at 2",
        &response.status(),
        &StatusCode::OK,
    )
}

/// A reader and a writer that began before `act`, and what the three answered.
async fn around(
    site: &Site,
    browser: &Browser,
    act: fn(&session_http::Session) -> std::result::Result<(), session_http::Error>,
) -> Result<[Response<String>; 3]> {
    let read = site
        .begin(browser, OK, |session| {
            Ok(session.get::<String>("a").map(drop)?)
        })
        .await;
    let write = site
        .begin(browser, OK, |session| Ok(session.set("late", "x")?))
        .await;
    let acted = site
        .begin(browser, OK, act)
        .await
        .end()
        .await?
        .map_err(Failure::new)?;
    let write = write.end().await?.map_err(Failure::new)?;
    let read = read.end().await?.map_err(Failure::new)?;
    Ok([acted, write, read])
}

const ORDERS: [[usize; 3]; 6] = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
];

/// The browser after the responses came in this order.
fn after(browser: &Browser, responses: &[Response<String>; 3], order: [usize; 3]) -> Browser {
    let mut browser = browser.clone();
    for response in order.iter().filter_map(|place| responses.get(*place)) {
        browser.take(response);
    }
    browser
}

async fn responses_of_a_login_arrive_in_any_order(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let browser = visitor(&site).await?;
    let responses = around(&site, &browser, |session| {
        session.set("user", "u")?;
        Ok(session.regenerate_id()?)
    })
    .await?;
    for order in ORDERS {
        let browser = after(&browser, &responses, order);
        let what = format!(
            "who is logged in, with the responses of login 0, write 1 and read 2 in the order {order:?}"
        );
        let seen = site.sees(&browser, "user").await?;
        expect(&what, &seen.as_deref(), &Some("u"))?;
    }
    Ok(())
}

async fn responses_of_a_logout_arrive_in_any_order(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let browser = visitor(&site).await?;
    let responses = around(&site, &browser, |session| Ok(session.destroy()?)).await?;
    for order in ORDERS {
        let browser = after(&browser, &responses, order);
        let what = format!(
            "what is open, with the responses of logout 0, write 1 and read 2 in the order {order:?}"
        );
        for key in ["a", "late"] {
            expect(&what, &site.sees(&browser, key).await?, &None)?;
        }
    }
    Ok(())
}
