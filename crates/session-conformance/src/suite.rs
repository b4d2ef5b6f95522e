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
    ($then:path) => {
        $then! {
            record: [
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
