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
                "Requests overlap in an unlucky order: a change is lost, or an ended session lives on."
        }
    };
}

pub(crate) const CHECKS: &[Check] = __overlap_checks!(table);

/// So many schedules end in seconds on a store in memory, and in a minute on a distant one.
pub(crate) const SHORT_RUN: usize = 2_000;

/// Two requests. With the feature `engine` every schedule of two is run, and three requests too: what
/// these find is a mistake in the engine more likely than in a store.
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
