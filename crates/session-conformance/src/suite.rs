//! One test for each check.

use crate::check::checks;
use crate::run::run_one;
use crate::{Subject, Verdict};

/// Makes a test of each check: `record::conditions::if_absent_refuses_a_taken_key` and so on, in
/// the module where it is called.
///
/// It takes a closure that makes an empty store, or a [`Subject`]. The expression is evaluated once
/// for each test.
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

        $crate::__record_checks!($crate::__tests);
        $crate::__overlap_checks!($crate::__tests);
        $crate::__fault_checks!($crate::__tests);
        $crate::__session_checks!($crate::__tests);
        $crate::__http_checks!($crate::__tests);
    };
}

/// The feature `engine` is off, so that there are none.
#[cfg(not(feature = "engine"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __session_checks {
    ($($then:tt)+) => {};
}

/// The feature `http` is off, so that there are none.
#[cfg(not(feature = "http"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __http_checks {
    ($($then:tt)+) => {};
}

/// Makes the tests of one level from its list.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ($level:ident $prefix:ident $($name:ident $needs:tt $harm:literal)*) => {
        #[cfg(test)]
        mod $prefix {$(
            #[test]
            fn $name() {
                let name = concat!(stringify!($prefix), "/", stringify!($name));
                $crate::__test(name, super::__conformance_subject());
            }
        )*}
    };
    ($level:ident $prefix:ident $($group:ident { $($name:ident $needs:tt $harm:literal)* })*) => {
        #[cfg(test)]
        mod $prefix {$(
            mod $group {$(
                #[test]
                fn $name() {
                    let name = concat!(
                        stringify!($prefix), "/", stringify!($group), "/", stringify!($name)
                    );
                    $crate::__test(name, super::super::__conformance_subject());
                }
            )*}
        )*}
    };
}

/// Runs one check as a test.
///
/// # Panics
///
/// If the check fails.
#[allow(clippy::panic, clippy::expect_used, clippy::print_stdout)] // it is the body of a test
pub fn test(name: &str, subject: Subject) {
    let check = checks().find(|check| check.name == name).expect("a check of that name");
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
