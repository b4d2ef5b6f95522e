//! One test for each check.

use crate::check::checks;
use crate::run::run_one;
use crate::{Subject, Verdict};

/// Makes every check a test of its own: `record::if_absent_refuses_a_taken_key` and so on, in the module where it stands.
///
/// It takes a closure that makes an empty store, or a [`Subject`], and is evaluated once for each test.
///
/// ```
/// # use session_store_memory::MemoryStore;
/// session_conformance::suite!(|| async { MemoryStore::new() });
/// ```
#[macro_export]
macro_rules! suite {
    ($subject:expr) => {
        #[cfg(test)]
        fn __conformance_subject() -> $crate::Subject {
            $crate::Subject::from($subject)
        }

        $crate::__checks!($crate::__tests);
    };
}

/// Hands the names of all checks to a macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __checks {
    ($($then:tt)*) => {
        $crate::__with_http! {
            [$($then)*]
            record: [
                an_unknown_key_holds_nothing
                what_was_put_is_loaded
                put_returns_the_version_that_load_reports
                loading_changes_nothing
                if_absent_refuses_a_taken_key
                if_version_refuses_a_stale_version
                if_version_refuses_a_missing_record
                if_version_refuses_after_remove
                if_version_refuses_a_strange_version
                a_write_changes_the_version
                a_version_is_not_used_again
                stored_means_written
                refused_means_unchanged
                remove_removes
                remove_says_whether_there_was_a_record
                a_removed_key_can_be_taken
                a_load_sees_the_last_answered_write
                load_now_says_what_load_says
                empty_bodies
                binary_bodies
                large_bodies
                a_shorter_body_leaves_no_tail
                an_oversized_body_is_stored_whole_or_not_at_all
                keys_that_differ_in_one_bit_are_separate
                keys_at_their_longest
                keys_of_any_printable_form
                many_keys
                one_of_many_inserts_is_stored
                compare_and_write_are_one_step
                a_write_does_not_outlive_a_removal
                a_load_sees_one_whole_write
                keys_do_not_hold_each_other_up
                a_cancelled_load_disturbs_no_other
                a_cancelled_put_disturbs_no_other
                a_cancelled_remove_disturbs_no_other
                a_cancelled_put_happens_once_or_not_at_all
                kept_until_the_ttl_has_passed
                a_write_renews_the_ttl
                a_refused_write_leaves_the_ttl
                long_ttls_are_kept
                after_the_ttl_whole_or_gone
                sweep_spares_what_lives
                sweep_keeps_to_its_limit
                sweep_rechecks_what_was_renewed
                records_outlive_a_restart
                versions_hold_across_a_restart
                two_servers_see_one_record
            ]
            session: [
                values_come_back
                a_null_removes_the_value
                a_float_without_json_form_is_refused
                a_value_of_another_type_is_an_error_and_stays
                unset_clear_has_and_len_agree
                a_value_beats_a_flash_of_its_name
                update_builds_on_the_value
                an_emptied_session_stays
                keys_and_values_of_any_text
                a_flash_is_for_the_next_request
                a_flash_is_read_once
                an_unread_flash_waits
                peek_and_has_consume_nothing
                keep_flash_keeps_for_another_request
                a_newer_flash_takes_the_place
                a_flash_of_another_type_is_an_error_and_stays
                a_null_flash_takes_one_back
                a_flash_survives_a_new_id
                a_flash_read_and_set_again_stays
                overlapping_readers_may_both_see_a_flash_and_later_ones_not
                a_flash_set_while_another_is_read_is_not_lost
                next_request_flash_goes_read_or_not
                next_request_flash_is_read_any_number_of_times
                next_request_flash_can_be_kept
                next_request_flash_set_meanwhile_is_not_lost
                a_visit_without_data_sets_no_cookie
                the_first_data_sets_a_cookie
                an_unknown_id_is_not_adopted
                two_visitors_have_two_sessions
                a_stored_session_keeps_its_cookie
                an_unchanged_session_is_not_saved
                what_is_new_says_so
                a_new_id_keeps_the_data
                the_id_is_the_one_that_is_saved
                an_id_prints_redacted
                an_old_id_opens_nothing
                a_login_after_another_save_of_the_request_moves
                a_kept_old_id_reads_for_a_while_and_no_longer
                a_kept_old_id_is_never_written
                a_kept_old_id_shows_the_values_as_they_were
                a_kept_old_id_shows_no_flash
                a_write_to_a_moved_session_is_an_error
                a_write_that_begins_on_a_moved_session_is_an_error
                a_read_of_a_moved_session_stands
                a_new_id_on_a_moved_session_starts_empty
                a_login_carries_what_others_wrote
                a_double_clicked_login_logs_in_twice
                destroy_ends_the_session
                destroy_without_a_session_clears_the_cookie
                a_destroyed_session_stays_dead
                a_visit_after_the_logout_begins_anew
                restart_goes_on_under_a_fresh_id
                a_restarted_session_is_dead_under_its_old_id
                a_slow_write_does_not_bring_a_session_back
                after_anothers_logout_the_request_takes_no_more
                a_logout_beats_a_new_id
                a_logout_finds_a_session_that_moved
                a_logout_finds_every_double_clicked_login
                a_logout_finds_a_kept_old_id
                a_logout_under_the_old_id_finds_the_new_one
                a_login_on_a_destroyed_session_is_a_new_one
                a_logout_sees_what_others_wrote
                overlapping_writes_both_stay
                overlapping_updates_both_count
                the_last_save_of_one_key_wins
                an_unset_removes_only_its_own
                clear_clears_what_others_set
                the_changes_are_made_again_in_their_order
                an_update_that_fails_on_the_newer_value_is_an_error
                many_requests_at_once_all_count
                the_idle_timeout_ends_a_session
                use_moves_the_idle_deadline
                a_fresh_deadline_is_not_moved
                the_absolute_lifetime_ends_a_session_in_use
                an_expired_id_is_not_adopted
                a_remembered_session_outlives_the_idle_timeout
                a_browser_session_has_no_max_age
                a_new_lifetime_gives_a_new_id
                a_new_id_does_not_prolong_a_session
                merging_moves_the_deadline_and_never_back
                a_write_to_a_vanished_session_is_an_error
                a_read_of_a_vanished_session_stands
                a_new_id_of_a_vanished_session_keeps_what_was_set
                a_logout_of_a_vanished_session_clears_the_cookie
                a_record_of_another_library_opens
                numbers_and_nesting_are_untouched
                a_body_under_another_key_is_an_error
                a_newer_format_is_an_error
                a_damaged_body_is_an_error_and_stays
                the_store_sees_no_id
                a_failed_load_is_an_error
                a_failed_save_is_an_error_and_can_be_tried_again
                a_lost_reply_counts_once
                an_id_whose_insert_failed_is_not_used
                a_deadline_that_cannot_be_moved_is_no_error
                a_session_too_large_is_an_error
                a_logout_that_failed_can_be_tried_again
                commit_saves_now_or_is_refused
                a_committed_session_owes_its_cookie
                a_committed_session_can_be_changed_and_saved_again
                commit_tells_who_was_not_the_first_to_read_a_flash
                after_the_response_nothing_changes
                a_session_that_nothing_stands_behind_refuses_commit
            ]
            overlap: [
                two_requests_in_every_order
                three_requests_in_every_order
            ]
            fault: [
                two_requests_with_one_fault_anywhere
            ]
        }
    };
}

/// Adds the checks that need a feature.
#[cfg(feature = "http")]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_http {
    ([$($then:tt)*] $($others:tt)*) => {
        $($then)*! {
            $($others)*
            http: [
                a_visit_without_data_sets_no_cookie
                the_cookie_is_safe_by_default
                the_cookie_opens_the_session
                a_forged_cookie_opens_nothing
                caches_are_told
                other_cookies_do_not_disturb
                a_response_of_any_status_is_saved
                a_handler_that_failed_is_not_saved
                a_flash_is_shown_once
                a_logout_clears_the_cookie
                a_copied_cookie_is_dead_after_the_logout
                a_conflict_is_told
                a_store_that_is_down_is_told
                a_client_that_hangs_up_does_not_undo_the_save
                two_tabs_both_stay
                responses_of_a_login_arrive_in_any_order
                responses_of_a_logout_arrive_in_any_order
            ]
        }
    };
}

/// Adds the checks that need a feature.
#[cfg(not(feature = "http"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_http {
    ([$($then:tt)*] $($others:tt)*) => {
        $($then)*! {
            $($others)*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ($($level:ident: [$($name:ident)*])*) => {$(
        #[cfg(test)]
        mod $level {$(
            #[test]
            fn $name() {
                $crate::__test(
                    concat!(stringify!($level), "/", stringify!($name)),
                    super::__conformance_subject(),
                );
            }
        )*}
    )*};
}

/// Runs one check, and panics if it fails.
///
/// # Panics
///
/// If the check fails.
#[allow(clippy::panic, clippy::expect_used, clippy::print_stdout)] // it is the body of a test
pub fn test(name: &str, subject: Subject) {
    let check = checks()
        .find(|check| check.name == name)
        .expect("a check of that name");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    match runtime.block_on(run_one(&subject, check)).verdict {
        Verdict::Passed { remark } => println!("{}", remark.unwrap_or_default()),
        Verdict::Declared { why } => println!("not promised: {why}"),
        Verdict::Failed(failure) => panic!("{name}: {failure}\n  without it: {}", check.harm),
    }
}

#[cfg(test)]
mod tests {
    use session_store_memory::MemoryStore;

    use crate::{Fixture, Subject};

    crate::suite!(
        Subject::new(|| async {
            let store = MemoryStore::new();
            let clock = store.clone();
            Fixture::new(store).advance(move |by| clock.advance(by))
        })
        .named("memory")
    );

    macro_rules! names {
        ($($level:ident: [$($name:ident)*])*) => {
            [$($(concat!(stringify!($level), "/", stringify!($name))),*),*]
        };
    }

    #[test]
    fn every_check_is_a_test() {
        let names: Vec<_> = crate::checks().map(|check| check.name).collect();
        assert_eq!(crate::__checks!(names), *names);
    }
}
