//! The cookie crate's jars.

use std::hint::black_box;

use cookie::{Cookie, CookieJar, Key};
use xtask_bench::{Case, SIZES};

#[derive(Clone, Copy)]
enum Jar {
    Signed,
    Private,
}

pub fn cases() -> Vec<Case> {
    let cases = |size| {
        [
            make(format!("sign {size} B"), Jar::Signed, size),
            take(format!("verify {size} B"), Jar::Signed, size),
            make(format!("seal {size} B"), Jar::Private, size),
            take(format!("open {size} B"), Jar::Private, size),
        ]
    };
    SIZES.into_iter().flat_map(cases).collect()
}

fn make(scenario: String, jar: Jar, size: usize) -> Case {
    let (key, value) = (Key::generate(), "x".repeat(size));
    Case::timed(scenario, jar.name(), move |times| {
        for _ in 0..times {
            black_box(jar.add(&key, black_box(value.clone())));
        }
    })
}

fn take(scenario: String, jar: Jar, size: usize) -> Case {
    let key = Key::generate();
    let added = jar.add(&key, "x".repeat(size));
    let cookie = added.get("session").expect("it was added").clone();
    Case::timed(scenario, jar.name(), move |times| {
        for _ in 0..times {
            assert!(jar.take(&added, &key, black_box(cookie.clone())).is_some());
        }
    })
}

impl Jar {
    fn name(self) -> &'static str {
        match self {
            Jar::Signed => "SignedJar",
            Jar::Private => "PrivateJar",
        }
    }

    fn add(self, key: &Key, value: String) -> CookieJar {
        let mut jar = CookieJar::new();
        let cookie = Cookie::new("session", value);
        match self {
            Jar::Signed => jar.signed_mut(key).add(cookie),
            Jar::Private => jar.private_mut(key).add(cookie),
        }
        jar
    }

    fn take(self, jar: &CookieJar, key: &Key, cookie: Cookie<'static>) -> Option<Cookie<'static>> {
        match self {
            Jar::Signed => jar.signed(key).verify(cookie),
            Jar::Private => jar.private(key).decrypt(cookie),
        }
    }
}
