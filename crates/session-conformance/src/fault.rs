//! The level `fault`: two requests at the same time, and one store operation that goes wrong.

use crate::check::{Check, Result, table};
use crate::context::Context;
use crate::explore::{self, Faults};

#[doc(hidden)]
#[macro_export]
macro_rules! __fault_checks {
    ($($then:tt)+) => {
        $($then)+! {
            Fault fault
            two_requests_with_one_fault [Records]
                "The store fails, or a client hangs up, at an unlucky moment: a change is lost or \
                 made twice, or an ended session lives."
        }
    };
}

pub(crate) const CHECKS: &[Check] = __fault_checks!(table);

async fn two_requests_with_one_fault(cx: Context) -> Result {
    let explored = explore::two_requests(cx.bare_store()?, Faults::One, cx.schedules()).await?;
    cx.trace.set_remark(explored.to_string());
    Ok(())
}
