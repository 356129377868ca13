//! The checked-in JSON schemas equal those made from the types.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use super::document::Plan;
use super::moves::Moves;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema/");

#[test]
fn checked_in_schemas_are_those_of_the_types() {
    check::<Plan<'static>>("plan-v1.schema.json");
    check::<Moves<'static>>("moves-v1.schema.json");
}

fn check<T: JsonSchema>(name: &str) {
    let path = format!("{FOLDER}{name}");
    let schema =
        SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>();
    let made = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, &made).expect("the schema can be written");
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        made == checked_in,
        "docs/schema/{name} is out of date; run the tests once with UPDATE_EXPECTED=1"
    );
}
