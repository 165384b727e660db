//! One program, several targets: FUZZED says which. What strangers send goes through the real router on a real
//! database, so that what is looked for is not only a panic but any answer the product must never give; what is handed over in files
//! (`files`) through the program's own readers. Started by `tests/fuzz/run`.
#![no_main]
#![allow(dead_code, unused_imports, reason = "shares the support of the tests")]

mod files;
mod input;
mod product;
mod support;
mod targets;

use std::sync::{Mutex, OnceLock};

use product::Product;

/// Inputs of one database: refusals are logged, and a log that grows makes every input slower.
const INPUTS_OF_ONE: u32 = 20_000;

struct Stage {
    runtime: tokio::runtime::Runtime,
    target: targets::Target,
    now: Mutex<(u32, Product)>,
}

/// A target that needs no product.
fn of_files() -> Option<files::Target> {
    let wanted = std::env::var("FUZZED").expect("FUZZED names a target");
    files::TARGETS.into_iter().find(|(name, _)| *name == wanted).map(|(_, target)| target)
}

fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        let name = std::env::var("FUZZED").expect("FUZZED names a target");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let product = runtime.block_on(Product::fresh());
        Stage { runtime, target: targets::named(&name), now: Mutex::new((0, product)) }
    })
}

static OF_FILES: OnceLock<Option<files::Target>> = OnceLock::new();

libfuzzer_sys::fuzz_target!(init: { if OF_FILES.get_or_init(of_files).is_none() { stage(); } }, |data: &[u8]| {
    if let Some(target) = OF_FILES.get_or_init(of_files) {
        target(data);
        return;
    }
    let stage = stage();
    // A poisoned lock is an input that failed before: libFuzzer has ended by then.
    let Ok(mut now) = stage.now.lock() else { return };
    now.0 += 1;
    if now.0 > INPUTS_OF_ONE {
        *now = (0, stage.runtime.block_on(Product::fresh()));
    }
    stage.runtime.block_on((stage.target)(&now.1, data));
});
