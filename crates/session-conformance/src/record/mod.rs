//! The level `record`: the contract of a store of records.

mod bodies;
mod cancel;
mod conditions;
mod keys;
mod races;
mod restart;
mod sweep;
mod time;

use crate::check::{Check, table};

#[doc(hidden)]
#[macro_export]
macro_rules! __record_checks { ($($then:tt)+) => { $($then)+! {
    Record record
    conditions {
        an_unknown_key_has_no_record [Records]
            "A visitor with an old cookie gets an error page, or someone else's data."
        load_returns_what_put_stored [Records]
            "Nothing that a user does is remembered."
        put_returns_the_version_that_load_reports [Records]
            "The second save of a request fails with a conflict where there was none."
        loading_changes_nothing [Records]
            "Opening a page makes another page's save fail."
        if_absent_refuses_a_taken_key [Records]
            "A new session replaces one that exists."
        if_version_refuses_a_stale_version [Records]
            "Two tabs write at once, and what the first one wrote is lost."
        if_version_refuses_a_missing_record [Records]
            "A slow request brings back the session that its user logged out of."
        if_version_refuses_after_remove [Records]
            "A slow request brings back a session that was removed."
        if_version_refuses_an_unknown_version [Records]
            "After a change of backend, a write replaces a record that it never saw."
        a_write_changes_the_version [Records]
            "Two tabs write at once, and the second does not notice the first."
        a_version_is_not_used_again [Records]
            "A write made for one state of a session replaces another with the same number."
        stored_means_written [Records]
            "The user is told that a change was saved, and it was not."
        refused_means_unchanged [Records]
            "A change that failed with a conflict is made anyway, and again when it is retried."
        remove_removes [Records]
            "A session that nobody may see stays in the database."
        remove_says_whether_there_was_a_record [Records]
            "Metrics count sessions that never existed."
        a_removed_key_can_be_used_again [Records]
            "A key that was used once never takes a session again."
        a_load_sees_every_answered_write [Records]
            "The page after a login still shows the visitor as logged out."
    }
    bodies {
        empty_bodies [Records]
            "A record with an empty body is taken for no record, and a user is logged out."
        binary_bodies [Records]
            "A session with an unusual character comes back cut short or changed."
        large_bodies [Records]
            "A user with a full cart gets an error, or a session that is cut short."
        a_shorter_body_replaces_a_longer_one [Records]
            "The end of a longer, older session stays in the record, which no longer opens."
        an_oversized_body_is_stored_whole_or_not_at_all [Records]
            "A session that grew too large destroys what was there before."
    }
    keys {
        keys_that_differ_in_one_bit_are_separate [Records]
            "A visitor sees someone else's session."
        keys_of_the_maximum_length [Records]
            "With plain keys, sessions with long ids do not work, or are mixed up."
        keys_of_any_printable_text [Records]
            "With plain keys, an id reaches other data, or someone else's session."
        many_keys [Records]
            "Sessions are mixed up or lost once there are a few hundred."
    }
    races {
        one_of_many_inserts_is_stored [Records]
            "Two requests both believe that the new session is theirs, and one loses what it wrote."
        compare_and_write_are_one_step [Records]
            "Two tabs write at the same instant, and what one of them wrote is lost."
        a_write_does_not_undo_a_removal [Records]
            "A removed session comes back when a write arrives at the same instant."
        a_load_never_sees_half_a_write [Records]
            "A page that loads during a save sees half of it, or overwrites what it never saw."
        keys_do_not_block_each_other [Records]
            "Under load, requests hang."
    }
    cancel {
        a_cancelled_load_does_not_affect_others [Records]
            "A client hangs up, and the next visitor sees that user's session."
        a_cancelled_put_does_not_affect_others [Records]
            "A client hangs up, and the next visitor's save gets the wrong answer."
        a_cancelled_remove_does_not_affect_others [Records]
            "A client hangs up, and the next visitor's session is removed."
        a_cancelled_put_is_applied_whole_or_not_at_all [Records]
            "A request that was cut off leaves half a session."
    }
    time {
        a_record_is_kept_until_its_ttl_has_passed [Records]
            "Users are logged out too early."
        a_write_renews_the_ttl [Records]
            "Active users are logged out at their first deadline."
        a_refused_write_leaves_the_ttl [Records]
            "A write that failed shortens the life of a session."
        long_ttls_are_honoured [Records]
            "\"Remember me\" forgets at once."
        an_expired_record_is_whole_or_gone [Records]
            "An expired session comes back in part, or its key can be neither read nor written."
    }
    sweep {
        sweep_spares_live_records [Records]
            "The nightly clean-up logs everybody out."
        sweep_respects_its_limit [Records]
            "The clean-up blocks every request until it is done."
        sweep_spares_renewed_records [Records]
            "The clean-up logs out users who came back at the last moment."
    }
    restart {
        records_survive_a_restart [Records, Share]
            "A deployment logs everybody out."
        versions_are_not_reused_after_a_restart [Records, Share]
            "After a deployment, a write replaces a state that it never saw."
        two_servers_share_their_records [Records, Share]
            "With two servers, what one of them saves is lost on the other."
    }
} }; }

pub(crate) const CHECKS: &[Check] = __record_checks!(table);
