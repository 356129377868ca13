//! The checked-in JSON schema equals the one made from the types.

use schemars::generate::SchemaSettings;

use super::document::Plan;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema/plan-v1.schema.json");

#[test]
fn checked_in_schema_is_that_of_the_types() {
    let schema = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Plan<'static>>();
    let made = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(PATH, &made).expect("the schema can be written");
    }
    let checked_in = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(
        made == checked_in,
        "docs/schema/plan-v1.schema.json is out of date; run the tests once with UPDATE_EXPECTED=1"
    );
}
