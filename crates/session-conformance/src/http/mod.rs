//! The level `http`: requests and responses through `SessionLayer`, with a browser that keeps
//! cookies.

mod cookies;
mod outcomes;
mod overlap;
mod site;

use crate::check::{Check, table};

#[doc(hidden)]
#[macro_export]
macro_rules! __http_checks { ($($then:tt)+) => { $($then)+! {
    Http http
    cookies {
        a_visit_without_data_sets_no_cookie []
            "Every visitor gets a cookie, and a banner that asks for consent."
        the_cookie_is_safe_by_default []
            "A script, another site or an unencrypted connection gets hold of the session."
        the_cookie_opens_the_session []
            "Nothing that a user does is remembered."
        a_forged_cookie_opens_nothing []
            "Someone who changes a cookie gets into a session, or sees an error page."
        caches_are_told_not_to_share_responses []
            "A cache gives one user's cookie or page to another."
        other_cookies_do_not_interfere []
            "Another cookie on the same domain logs the user out."
        an_ended_session_does_not_hide_a_live_one [Revoke]
            "After an application changed its cookie, a login is followed by \"nobody\", for ever."
        a_logout_ends_the_sessions_of_all_cookies [Revoke]
            "Someone logs out, and the next page shows them logged in by an older cookie."
    }
    outcomes {
        a_response_of_any_status_is_saved []
            "A notice that is set on an error page is never shown."
        a_failed_handler_is_not_saved []
            "Half of what a failed handler did is kept."
        a_flash_is_shown_once []
            "A notice appears again, or never."
        a_logout_clears_the_cookie []
            "The browser keeps sending the cookie of a session that ended."
        a_copied_cookie_opens_nothing_after_the_logout [Revoke]
            "Someone who copied the cookie is still logged in after the logout."
        a_conflict_is_answered_with_409 [Revoke]
            "A change that was not kept is answered with 200."
        a_store_that_is_down_is_answered_with_503 [Records]
            "While the store is down, users seem to be logged out, or lose changes with a 200."
        a_client_that_hangs_up_does_not_undo_its_save [Records]
            "Someone closes the tab, and half of what the handler did is lost."
        commit_saves_before_the_response_or_is_refused []
            "A handler continues as if the session had been saved, and it was not."
    }
    overlap {
        the_writes_of_two_tabs_are_both_kept [Merge]
            "Two tabs: one fills the cart, one sets the theme, and one of the two is lost."
        responses_of_a_login_may_arrive_in_any_order [Merge, Revoke]
            "A slow page that was loading during the login logs the user out."
        responses_of_a_logout_may_arrive_in_any_order [Merge, Revoke]
            "A slow page that was loading during the logout logs the user in again."
    }
} }; }

pub(crate) const CHECKS: &[Check] = __http_checks!(table);
