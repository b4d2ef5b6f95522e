//! The level `session`: every call, every outcome and every rule of the engine.
//!
//! The files are named after those of session-core: `destroy.rs` here checks `engine/destroy.rs`
//! there. The first line of each file names what it covers.

mod create;
mod destroy;
mod flash;
mod lifetime;
mod open;
mod plan;
mod regenerate;
mod save;
mod site;
mod values;
mod write;

use crate::check::{Check, table};

#[doc(hidden)]
#[macro_export]
macro_rules! __session_checks { ($($then:tt)+) => { $($then)+! {
    Session session
    values {
        values_come_back_as_they_were_set []
            "What a user did on one page is not there on the next."
        setting_null_removes_the_value []
            "A choice that was undone comes back."
        a_float_that_is_not_finite_is_refused []
            "A number turns into nothing, and nobody is told."
        a_value_of_another_type_is_an_error_and_is_not_lost []
            "After a release that changed a type, users' data disappears silently."
        unset_clear_has_and_len_agree []
            "Pages disagree about what is in the session."
        a_value_hides_a_flash_of_the_same_name []
            "A notice hides a value."
        update_receives_the_current_value []
            "Counters do not count."
        keys_and_values_may_be_any_text []
            "A user with an unusual name gets errors."
        debug_output_holds_no_id_and_no_value []
            "Anyone who reads the logs can log in as a user."
        a_closed_session_refuses_changes []
            "A change that is made after the response is lost, and nobody is told."
    }
    flash {
        a_flash_is_for_the_next_request []
            "A notice appears at once and again on the next page, or never."
        a_flash_is_read_once []
            "A notice appears again on every page."
        an_unread_flash_waits []
            "A notice is lost because an image was loaded first."
        peek_and_has_do_not_consume_a_flash []
            "A page that looks whether there is a notice makes it disappear."
        keep_flash_keeps_it_for_another_request []
            "A notice is lost in a redirect."
        a_newer_flash_replaces_an_older_one []
            "A user reads an old notice instead of the new one."
        a_flash_of_another_type_is_an_error_and_is_not_lost []
            "After a release that changed a type, a notice is lost."
        a_null_flash_removes_the_waiting_one []
            "A notice that was withdrawn is shown."
        a_flash_survives_a_new_id []
            "\"Welcome back\" is not shown after a login."
        a_flash_read_and_set_again_is_kept []
            "Of two notices with one name, both are lost."
        overlapping_requests_may_both_read_a_flash_and_later_ones_not [Revoke]
            "A notice appears again although it was read and answered."
        a_save_reports_a_flash_that_another_request_read_first [Commit]
            "A double click redeems a coupon twice."
        a_flash_set_while_another_is_read_is_not_lost [Merge]
            "A notice is lost because another page was loading."
        next_request_flash_is_gone_after_one_request []
            "In an app that comes from remix, an old notice appears on an unrelated page."
        next_request_flash_can_be_read_repeatedly []
            "In an app that comes from remix, the second part of a page lacks the notice."
        next_request_flash_can_be_kept []
            "In an app that comes from remix, a notice is lost in a redirect."
        next_request_flash_set_meanwhile_is_not_lost [Merge]
            "In an app that comes from remix, a notice is lost while another page loads."
    }
    lifetime {
        the_idle_timeout_ends_a_session []
            "A session that was left on a shared computer is still open the next day."
        a_request_that_opened_in_time_saves_after_the_deadline [Records]
            "A slow upload is lost at the deadline, or revives the session hours later."
        use_moves_the_idle_deadline []
            "Active users are logged out."
        a_recent_deadline_is_not_moved [Records]
            "Every page view costs a write."
        the_absolute_lifetime_ends_a_session_in_use []
            "A stolen session stays open for ever."
        an_expired_id_is_not_adopted []
            "An id that someone copied from an expired session becomes a user's next one."
        a_remembered_session_outlives_the_idle_timeout []
            "\"Remember me\" forgets after a day."
        a_browser_session_has_no_max_age []
            "\"Remember me\" is on for everybody, even on shared computers."
        a_new_lifetime_gives_a_new_id []
            "The lifetime changes, and the browser's cookie expires at the old time."
        a_new_id_does_not_prolong_a_session []
            "A session that changes its id again and again never ends."
        merging_never_moves_the_deadline_back [Merge]
            "A slow request shortens the session of an active user."
    }
    open {
        an_unknown_id_is_not_adopted []
            "Someone plants an id in a browser, and gets into the session of its user."
        a_session_says_whether_it_is_new []
            "A page takes a known visitor for a new one."
        a_failed_load_is_an_error [Records]
            "While the store is down for a second, users are logged out for good."
        a_record_of_remix_opens [Records]
            "Users who logged in before the change of library are logged out."
        numbers_and_nesting_are_untouched [Records]
            "A price or an id comes back as another number."
        a_body_under_another_key_is_an_error [Records]
            "A visitor sees someone else's session, because two answers were mixed up."
        a_newer_format_is_an_error [Records]
            "While a new version is rolled out, old servers destroy what new ones wrote."
        a_damaged_body_is_an_error_and_is_not_replaced [Records]
            "A damaged record is taken for an empty session, and is overwritten."
        records_hold_no_id [Records]
            "Anyone who reads a backup of the database can log in as any user."
    }
    plan {
        an_empty_new_session_is_not_stored []
            "Every visitor gets a cookie, and every robot fills the store."
        a_request_that_only_reads_writes_nothing []
            "Every page view costs a write."
        changes_without_effect_write_nothing []
            "A form that is sent again costs a write, and conflicts with other requests."
        an_existing_session_sets_no_cookie [Merge]
            "A slow response replaces the cookie of a new login with that of the old session."
        an_emptied_session_keeps_its_id []
            "A user who removes the last thing from the cart is a stranger on the next page."
    }
    create {
        the_first_data_sets_a_cookie []
            "Nothing that a new visitor does is remembered."
        two_visitors_have_two_sessions []
            "A visitor sees someone else's session."
        id_returns_the_id_that_is_saved []
            "A socket that was told the id of its session opens nothing with it."
        an_id_whose_insert_failed_is_not_used_again [Records]
            "A destroyed session comes back when the first write to its key arrives late."
    }
    save {
        a_failed_save_is_an_error_and_can_be_retried [Records]
            "A change that was not kept is answered as if it had been."
        a_write_with_a_lost_reply_is_applied_once [Records]
            "A click counts twice, because an answer of the store was lost."
        a_session_that_is_too_large_is_an_error [Records]
            "A change that was not kept is answered as if it had been."
        a_failed_move_of_the_deadline_is_no_error [Records]
            "Pages that only read fail because the store takes no writes."
        a_save_before_the_response_is_visible_to_other_requests [Commit]
            "A handler continues as if the session had been saved, and it was not."
        the_last_save_still_sets_the_cookie_of_an_earlier_one [Commit]
            "A visitor whose session was saved early never gets its cookie."
        a_request_can_save_several_times [Commit]
            "What a handler does after an early save is lost."
    }
    write {
        overlapping_writes_are_both_kept [Merge]
            "Two tabs: one fills the cart, one sets the theme, and one of the two is lost."
        overlapping_updates_both_count [Merge]
            "Two clicks on \"Add\" add one."
        the_last_save_of_one_key_wins [Merge]
            "Of two choices made at once, neither is kept."
        an_unset_removes_only_its_key [Merge]
            "Removing one thing removes what another tab has added."
        clear_removes_what_others_set [Merge]
            "A session that was cleared is not empty."
        changes_are_replayed_in_order [Merge]
            "A request that clears and then sets ends with an empty session if another overlaps."
        an_update_that_fails_on_a_newer_value_is_an_error [Merge]
            "A change that could not be made is answered as if it had been."
        many_requests_at_once_all_count [Merge]
            "Under load, clicks are lost."
        a_write_to_a_moved_session_is_an_error [Revoke]
            "What a slow request wrote during a login is lost, and nobody is told."
        a_write_with_an_old_id_is_an_error [Revoke]
            "What a request with the old cookie writes is lost, and nobody is told."
        a_read_of_a_moved_session_is_no_error [Revoke]
            "A page that was loading during a login shows an error."
        a_write_to_a_vanished_session_is_an_error [Records]
            "When the backend runs out of memory, what a user did is lost, and nobody is told."
        a_read_of_a_vanished_session_is_no_error [Records]
            "A page that was loading shows an error although it changed nothing."
    }
    regenerate {
        a_new_id_keeps_the_data []
            "A login empties the cart."
        an_old_id_opens_nothing [Revoke]
            "Someone who planted an id before the login gets into the session of the user."
        a_new_id_after_an_earlier_save_ends_the_old_one [Revoke, Commit]
            "A handler that saves twice leaves the old id alive."
        a_new_id_keeps_what_other_requests_wrote [Merge]
            "What a request wrote at the moment of the login is lost."
        concurrent_regenerates_make_two_sessions [Revoke]
            "A double click on \"Log in\" ends with an error, or logged out."
        a_new_id_on_a_moved_session_starts_empty [Revoke]
            "Someone with an id from before the login enters the session by asking for a new id."
        a_new_id_of_a_vanished_session_is_an_error [Records]
            "A login seems to succeed, and the cart is gone."
        an_old_id_kept_readable_expires [Revoke]
            "The requests that a page sends during a login fail; or the old id lives on."
        an_old_id_kept_readable_cannot_be_written [Revoke]
            "A write under the old id is lost."
        an_old_id_kept_readable_shows_the_values_as_they_were [Revoke]
            "Under an id that should have ended, someone watches what the user does."
        an_old_id_kept_readable_shows_no_flash [Revoke]
            "A notice is shown twice."
    }
    destroy {
        destroy_ends_the_session []
            "A page after the logout still shows who was logged in."
        a_logout_after_the_deadline_is_final [Revoke]
            "A slow request logs the user in again after a logout in an old tab."
        a_logout_with_an_old_id_reaches_the_new_one_on_any_server [Revoke]
            "A logout misses the session because two servers' clocks differ."
        destroy_without_a_session_clears_the_cookie []
            "A user who logs out twice gets an error."
        a_destroyed_session_cannot_be_opened [Revoke]
            "Someone who copied the cookie is still logged in after the logout."
        a_visit_after_a_logout_gets_a_new_session []
            "Nobody can log in again after a logout."
        restart_continues_under_a_new_id []
            "\"Goodbye\" is not shown, or old data is."
        restart_ends_the_old_id [Revoke]
            "Someone who copied the cookie is still logged in after a logout with a goodbye."
        a_slow_write_does_not_bring_back_a_destroyed_session [Revoke]
            "A slow request logs the user in again after the logout."
        a_request_that_learned_of_a_logout_refuses_changes [Revoke, Commit]
            "A request keeps writing into a session that was logged out."
        logout_wins_over_a_concurrent_write [Revoke]
            "A session that is written at the moment of the logout survives it."
        logout_wins_over_a_concurrent_regenerate [Revoke]
            "A login page that was loading brings the old data back after the logout."
        logout_reaches_a_session_that_moved_meanwhile [Revoke]
            "A logout at the moment of an id change logs nobody out."
        logout_reaches_both_sessions_of_concurrent_regenerates [Revoke]
            "After a double click on \"Log in\", a logout leaves one of two sessions alive."
        logout_ends_an_old_id_kept_readable [Revoke]
            "After the logout, the session can still be read under its old id."
        logout_with_an_old_id_ends_the_new_one [Revoke]
            "A tab with the old cookie logs out, and the session lives on."
        a_login_on_a_destroyed_session_is_a_new_session [Revoke]
            "After the logout, the next login fails, or shows the data from before."
        a_logout_of_a_vanished_session_clears_the_cookie [Records]
            "A logout fails because there is nothing to log out of."
        a_failed_logout_is_an_error_and_can_be_retried [Records]
            "A logout is answered as done, and the session lives on."
    }
} }; }

pub(crate) const CHECKS: &[Check] = __session_checks!(table);
