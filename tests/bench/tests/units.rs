//! The page of request units is what a new run prints, and every figure that the design names holds.

#[tokio::test]
async fn the_page_of_units_is_what_a_new_run_prints_and_every_figure_holds() {
    let rows = bench::units::measure().await;
    for row in &rows {
        assert!(row.holds(), "{row:?}");
    }
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/units.md"))
        .expect("docs/units.md; run `make units`");
    assert_eq!(page, bench::units::table(&rows), "run `make units` and read what changed");
}
