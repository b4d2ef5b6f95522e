//! The cookie crate's jars.

use std::hint::black_box;

use cookie::{Cookie, CookieJar, Key};
use xtask_bench::{Case, SIZES};

pub fn cases() -> Vec<Case> {
    SIZES.into_iter().flat_map(of_size).collect()
}

fn of_size(size: usize) -> Vec<Case> {
    let value = "x".repeat(size);
    let make = |what: &str, subject, private: bool| {
        let (key, value) = (Key::generate(), value.clone());
        Case::new(format!("{what} {size} B"), subject, move |times| {
            for _ in 0..times {
                let mut jar = CookieJar::new();
                let cookie = Cookie::new("session", black_box(value.clone()));
                match private {
                    true => jar.private_mut(&key).add(cookie),
                    false => jar.signed_mut(&key).add(cookie),
                }
                black_box(jar.get("session").map(Cookie::value).is_some());
            }
        })
    };
    let take = |what: &str, subject, private: bool| {
        let (key, mut jar) = (Key::generate(), CookieJar::new());
        let cookie = Cookie::new("session", value.clone());
        match private {
            true => jar.private_mut(&key).add(cookie),
            false => jar.signed_mut(&key).add(cookie),
        }
        let made = jar.get("session").expect("it was added").clone();
        Case::new(format!("{what} {size} B"), subject, move |times| {
            for _ in 0..times {
                let cookie = black_box(made.clone());
                let taken = match private {
                    true => jar.private(&key).decrypt(cookie),
                    false => jar.signed(&key).verify(cookie),
                };
                assert!(taken.is_some());
            }
        })
    };
    vec![
        make("sign", "SignedJar", false),
        take("verify", "SignedJar", false),
        make("seal", "PrivateJar", true),
        take("open", "PrivateJar", true),
    ]
}
