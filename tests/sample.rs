//! The committed sample data is what its generator writes.

use std::path::Path;

#[path = "../examples/sample_data.rs"]
#[expect(dead_code, reason = "the generator's main is for its own use")]
mod generator;

#[test]
fn the_sample_data_is_the_generators() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data");
    let (orders, customers) = generator::files();
    for (name, text) in [("orders.csv", orders), ("customers.csv", customers)] {
        let committed = std::fs::read_to_string(folder.join(name)).expect("committed");
        assert!(committed == text, "{name}: run cargo run --release --example sample_data -- sample-data");
    }
}
