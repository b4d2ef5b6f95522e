//! The guide shows this store's code as it is.

const GUIDE: &str = include_str!("../../../docs/writing-a-store.md");
const FILES: [&str; 2] = [
    include_str!("../src/lib.rs"),
    include_str!("conformance.rs"),
];

#[test]
fn the_guide_shows_the_code() {
    let blocks = GUIDE.split("```rust\n").skip(1);
    let blocks: Vec<_> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    let (last, blocks) = blocks.split_last().expect("code");
    assert!(last.contains("SessionLayer::new"), "the application's code");
    assert!(blocks.len() > 6);
    for block in blocks {
        let shown = FILES.iter().any(|file| file.contains(block));
        assert!(shown, "not in the code:\n{block}");
    }
}
