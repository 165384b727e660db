//! Every input that fuzzing started from, or found, goes through the same targets again (`tests/fuzz`).
use std::fs;
use std::path::Path;

#[path = "../../fuzz/src/input.rs"]
mod input;
#[path = "../../fuzz/src/product.rs"]
mod product;
#[path = "../../fuzz/src/targets.rs"]
mod targets;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_seed_of_the_fuzz_targets_is_answered_well() {
    let product = product::Product::fresh().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    let mut seeds = 0;
    for name in ["authorize", "assertion", "proof", "requests", "evaluation"] {
        for entry in fs::read_dir(folder.join(name)).expect("seeds") {
            let data = fs::read(entry.expect("an entry").path()).expect("a seed");
            targets::named(name)(&product, &data).await;
            seeds += 1;
        }
    }
    assert!(seeds > 40, "{seeds} seeds were read");
}
