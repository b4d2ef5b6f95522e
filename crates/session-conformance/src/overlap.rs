//! The levels `overlap` and `fault`: what [`explore`](crate::explore) finds on a store.

use std::time::Duration;

use crate::check::{Check, Result, check};
use crate::context::Context;
use crate::explore::{self, Explored, Faults};

#[rustfmt::skip]
const OVERLAP: &[Check] = &[
    long(check!(Overlap, "overlap", two_requests_in_every_order, "Two requests at once, in some unlucky order: a change is lost, or a session that ended lives on.", [Records])),
    long(check!(Overlap, "overlap", three_requests_in_every_order, "Three requests at once, in some unlucky order: a change is lost, or a session that ended lives on.", [Records])),
];

#[rustfmt::skip]
const FAULT: &[Check] = &[
    long(check!(Fault, "fault", two_requests_with_one_fault_anywhere, "The store fails, loses a reply, answers late or loses its client, in some unlucky moment: a change is lost or made twice, or a session that ended lives on.", [Records])),
];

pub(crate) const GROUPS: &[&[Check]] = &[OVERLAP, FAULT];

/// How many schedules are run on a store of which it is not asked to run all.
const SOME: usize = 2_000;

const fn long(check: Check) -> Check {
    Check {
        limit: Duration::from_secs(15 * 60),
        ..check
    }
}

fn told(cx: &Context, explored: std::result::Result<Explored, Box<crate::Failure>>) -> Result {
    let explored = explored.map_err(|failure| *failure)?;
    cx.trace.remark(explored.to_string());
    Ok(())
}

async fn two_requests_in_every_order(cx: Context) -> Result {
    let store = cx.bare_store()?;
    told(
        &cx,
        explore::two_requests(store, Faults::None, usize::MAX).await,
    )
}

async fn three_requests_in_every_order(cx: Context) -> Result {
    let (store, most) = (cx.bare_store()?, most(&cx));
    told(&cx, explore::three_requests(store, most).await)
}

async fn two_requests_with_one_fault_anywhere(cx: Context) -> Result {
    let (store, most) = (cx.bare_store()?, most(&cx));
    told(&cx, explore::two_requests(store, Faults::One, most).await)
}

fn most(cx: &Context) -> usize {
    if cx.thorough { usize::MAX } else { SOME }
}
