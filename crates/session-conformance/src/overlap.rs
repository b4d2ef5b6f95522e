//! The level `overlap`: requests at the same time, in many orders of their store operations.

use crate::check::{Check, Result, table};
use crate::context::Context;
use crate::explore::{self, Faults};

#[doc(hidden)]
#[macro_export]
macro_rules! __overlap_checks {
    ($($then:tt)+) => {
        $($then)+! {
            Overlap overlap
            requests_in_any_order [Records]
                "Requests overlap in an unlucky order: a change is lost, or an ended session lives."
        }
    };
}

pub(crate) const CHECKS: &[Check] = __overlap_checks!(table);

/// So many schedules take less than a second on a store in memory, and about a minute on a distant
/// server.
pub(crate) const SHORT_RUN: usize = 2_000;

/// Explores two requests. With the feature `engine` it runs every schedule of two requests, and
/// explores three: these find mistakes in the engine rather than in a store.
async fn requests_in_any_order(cx: Context) -> Result {
    let engine = cfg!(feature = "engine");
    let limit = if engine { usize::MAX } else { cx.schedules() };
    let two = explore::two_requests(cx.bare_store()?, Faults::None, limit).await?;
    cx.trace.set_remark(two.to_string());
    if engine {
        let three = explore::three_requests(cx.bare_store()?, cx.schedules()).await?;
        cx.trace.set_remark(format!("{two}; {three}"));
    }
    Ok(())
}
