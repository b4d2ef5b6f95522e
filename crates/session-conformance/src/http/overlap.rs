//! Requests of one browser at the same time, whose responses arrive in any order.

use http::{Response, StatusCode};
use session_http::{Error, Session};

use super::site::{Browser, NOTHING, Reply, Site};
use crate::check::Result;
use crate::context::Context;
use crate::failure::expect;

pub(super) async fn the_writes_of_two_tabs_are_both_kept(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (browser, _) = site.visitor().await?;
    let tab = |key: &'static str, value: &'static str| {
        site.start(&browser, Reply::OK, move |session| {
            session.update("n", |n: Option<u32>| Some(n.unwrap_or(0) + 1))?;
            Ok(session.set(key, value)?)
        })
    };
    for tab in [tab("cart", "tea").await, tab("theme", "dark").await] {
        let response = tab.response().await?;
        expect("the status", &response.status(), &StatusCode::OK)?;
    }
    for (key, value) in [("cart", "tea"), ("theme", "dark"), ("a", "A")] {
        site.shows("what is there at the end", &browser, key, value).await?;
    }
    site.shows("a counter that both counted up", &browser, "n", 2).await
}

/// A reader and a writer that started before `act`: the responses of all three.
async fn around(
    site: &Site,
    browser: &Browser,
    act: fn(&Session) -> std::result::Result<(), Error>,
) -> Result<[Response<String>; 3]> {
    let read =
        site.start(browser, Reply::OK, |session| Ok(session.get::<String>("a").map(drop)?)).await;
    let write = site.start(browser, Reply::OK, |session| Ok(session.set("late", "x")?)).await;
    let act = site.start(browser, Reply::OK, act).await.response().await?;
    Ok([act, write.response().await?, read.response().await?])
}

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// The browser after the responses arrived in this order.
fn after(browser: &Browser, responses: &[Response<String>; 3], order: [usize; 3]) -> Browser {
    let mut browser = browser.clone();
    for response in order.iter().filter_map(|place| responses.get(*place)) {
        browser.take(response);
    }
    browser
}

pub(super) async fn responses_of_a_login_may_arrive_in_any_order(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (browser, _) = site.visitor().await?;
    let responses = around(&site, &browser, |session| {
        session.set("user", "u")?;
        Ok(session.regenerate_id()?)
    })
    .await?;
    for order in ORDERS {
        let browser = after(&browser, &responses, order);
        let what = format!(
            "who is logged in, with the responses of login 0, write 1 and read 2 in the order \
             {order:?}"
        );
        site.shows(&what, &browser, "user", "u").await?;
    }
    Ok(())
}

pub(super) async fn responses_of_a_logout_may_arrive_in_any_order(cx: Context) -> Result {
    let site = Site::new(&cx)?;
    let (browser, _) = site.visitor().await?;
    let responses = around(&site, &browser, |session| Ok(session.destroy()?)).await?;
    for order in ORDERS {
        let browser = after(&browser, &responses, order);
        let what = format!(
            "what is open, with the responses of logout 0, write 1 and read 2 in the order \
             {order:?}"
        );
        for key in ["a", "late"] {
            site.shows(&what, &browser, key, NOTHING).await?;
        }
    }
    Ok(())
}
