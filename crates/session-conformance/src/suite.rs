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
        $($then)*! {
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
                keys_do_not_wait_for_each_other_for_ever
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
            ]
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
        Verdict::Passed => {}
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
