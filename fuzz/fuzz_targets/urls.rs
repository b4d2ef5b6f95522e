#![no_main]
//! Arbitrary text as the URL or address of a store.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    session_store_redis::fuzzing::parse(&text);
    session_store_memcache::fuzzing::parse(&text);
});
