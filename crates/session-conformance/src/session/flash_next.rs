//! Flash values under `FlashPolicy::NextRequest`: for one request, read or not.

use session_core::FlashPolicy;

use super::site::{Browser, Site};
use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::failure::expect;

#[rustfmt::skip]
pub(super) const CHECKS: &[Check] = &[
    check!(Session, "session", next_request_flash_goes_read_or_not, "In an app that comes from remix, an old notice comes up on a page that it has nothing to do with.", []),
    check!(Session, "session", next_request_flash_is_read_any_number_of_times, "In an app that comes from remix, the second part of a page does not see the notice.", []),
    check!(Session, "session", next_request_flash_can_be_kept, "In an app that comes from remix, a notice is lost in a redirect.", []),
    check!(Session, "session", next_request_flash_set_meanwhile_is_not_lost, "In an app that comes from remix, a notice is lost because another page was loading.", [Merge]),
];

async fn flashed(cx: &Context) -> Result<(Site, Browser)> {
    let site = Site::new(cx).policy(|policy| policy.flash(FlashPolicy::NextRequest));
    let mut browser = Browser::default();
    site.request(&mut browser, |session| {
        session.flash("f", "hello")?;
        session.set("n", &1)
    })
    .await?;
    Ok((site, browser))
}

async fn next_request_flash_goes_read_or_not(cx: Context) -> Result {
    let (site, mut browser) = flashed(&cx).await?;
    site.request(&mut browser, |session| session.get::<u32>("n"))
        .await?;
    let seen = site.sees(&browser, "f").await?;
    expect(
        "the second request, after one that did not read it",
        &seen,
        &None,
    )
}

async fn next_request_flash_is_read_any_number_of_times(cx: Context) -> Result {
    let (site, mut browser) = flashed(&cx).await?;
    let session = site.open(&browser).await?;
    for _ in 0..3 {
        let seen = session.get::<String>("f")?;
        expect(
            "a get of the next request",
            &seen.as_deref(),
            &Some("hello"),
        )?;
    }
    site.end(&session, &mut browser).await?;
    let seen = site.sees(&browser, "f").await?;
    expect("the request after that", &seen, &None)
}

async fn next_request_flash_can_be_kept(cx: Context) -> Result {
    let (site, mut browser) = flashed(&cx).await?;
    for _ in 0..2 {
        site.request(&mut browser, |session| session.keep_flash())
            .await?;
    }
    let seen = site
        .request(&mut browser, |session| session.get::<String>("f"))
        .await?;
    expect(
        "after two requests that kept it",
        &seen.as_deref(),
        &Some("hello"),
    )?;
    let seen = site.sees(&browser, "f").await?;
    expect("after one that did not", &seen, &None)
}

async fn next_request_flash_set_meanwhile_is_not_lost(cx: Context) -> Result {
    let (site, browser) = flashed(&cx).await?;
    let (a, b) = (site.open(&browser).await?, site.open(&browser).await?);
    b.flash("f", "new")?;
    site.write(&b).await?;
    site.write(&a).await?;
    let seen = site.sees(&browser, "f").await?;
    expect(
        "a flash that came while another request was under way",
        &seen.as_deref(),
        &Some("new"),
    )
}
