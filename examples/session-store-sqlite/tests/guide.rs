//! `docs/writing-a-store.md` quotes this store's code; the quotes must match it.

const GUIDE: &str = include_str!("../../../docs/writing-a-store.md");
const FILES: [&str; 2] = [include_str!("../src/lib.rs"), include_str!("conformance.rs")];

#[test]
fn the_guide_quotes_the_code() {
    let blocks = GUIDE.split("```rust\n").skip(1);
    let blocks: Vec<_> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    let (last, blocks) = blocks.split_last().expect("code blocks");
    assert!(
        last.contains("SessionLayer::new"),
        "the last block is an application's code, and not quoted"
    );
    assert!(blocks.len() > 6);
    for block in blocks {
        let quoted = FILES.iter().any(|file| file.contains(block));
        assert!(quoted, "not in the code:\n{block}");
    }
}
