//! Every Rust block in the README and the book as a doc test: compiled, and run where possible.

macro_rules! pages {
    ($($name:ident: $path:literal),* $(,)?) => {$(
        #[doc = include_str!($path)]
        mod $name {}
    )*};
}

pages! {
    readme: "../../../README.md",
    getting_started: "../../../docs/getting-started.md",
    other_frameworks: "../../../docs/other-frameworks.md",
    sessions_in_practice: "../../../docs/sessions-in-practice.md",
    testing: "../../../docs/testing.md",
    security: "../../../docs/security.md",
    memory: "../../../docs/memory.md",
    fs: "../../../docs/fs.md",
    cookie_storage: "../../../docs/cookie-storage.md",
    redis: "../../../docs/redis.md",
    memcache: "../../../docs/memcache.md",
    remix: "../../../docs/remix.md",
    conformance: "../../../docs/conformance.md",
}
