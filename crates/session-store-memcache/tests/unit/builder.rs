//! Unit tests of `src/builder.rs`.

use super::*;

fn refused(builder: MemcacheStoreBuilder) -> String {
    let error = builder.check().err().unwrap();
    assert_eq!(error.kind(), StoreErrorKind::Config);
    error.to_string()
}

#[test]
fn settings_are_checked() {
    let builder = || MemcacheStore::builder(["localhost:1"]);
    assert!(builder().check().is_ok());
    assert!(builder().prefix("").check().is_ok());
    assert!(builder().prefix("p".repeat(186)).check().is_ok());
    assert!(refused(builder().prefix("p".repeat(187))).contains("at most 186"));
    for bad in ["a b", "a\r\n", "\u{e9}", "\0", "\u{7f}"] {
        let error = refused(builder().prefix(bad));
        assert!(error.contains("visible ASCII"), "{bad:?}");
    }
    assert!(refused(builder().pool_size(0)).contains("pool_size"));
    assert!(refused(builder().connect_timeout(Duration::ZERO)).contains("connect_timeout"));
    assert!(refused(builder().command_timeout(Duration::ZERO)).contains("command_timeout"));
    assert!(refused(MemcacheStore::builder(["a:1", "b:1", "a:1"])).contains("named twice"));
    let none = MemcacheStore::builder(Vec::<String>::new());
    assert!(refused(none).contains("name at least one"));
}
