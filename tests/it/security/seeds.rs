//! Every input that fuzzing started from, or found, goes through the same targets again (`tests/fuzz`).
use std::fs;
use std::path::Path;

#[path = "../../fuzz/src/files.rs"]
mod files;
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

/// Of what is handed over in files: those called `good` are taken, the others are not.
#[test]
fn every_seed_of_the_fuzz_targets_of_files_is_read_well() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    for (name, target) in files::TARGETS {
        let mut taken = 0;
        for entry in fs::read_dir(folder.join(name)).expect("seeds") {
            let path = entry.expect("an entry").path();
            let good = path.file_name().is_some_and(|seed| seed.to_string_lossy().starts_with("good"));
            assert_eq!(target(&fs::read(&path).expect("a seed")), good, "{}", path.display());
            taken += usize::from(good);
        }
        assert!(taken > 0, "{name}: nothing is taken");
    }
}
