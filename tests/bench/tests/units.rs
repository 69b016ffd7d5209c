//! The page of request units is what a new run prints, and every figure that the design names holds.

/// Handlers of every function are one future here, unoptimized: more than a test's two megabytes of stack.
const STACK: usize = 16 << 20;

#[test]
fn the_page_of_units_is_what_a_new_run_prints_and_every_figure_holds() {
    let run = || tokio::runtime::Runtime::new().expect("a runtime").block_on(bench::units::measure());
    let rows = std::thread::Builder::new().stack_size(STACK).spawn(run).expect("a thread").join().expect("figures");
    for row in &rows {
        assert!(row.holds(), "{row:?}");
    }
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/units.md"))
        .expect("docs/units.md; run `make units`");
    assert_eq!(page, bench::units::table(&rows), "run `make units` and read what changed");
}
