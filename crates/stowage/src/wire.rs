//! The JSON that `stowage plan -o json` prints: twins of the model's types, and nothing else knows
//! serde. `stowage verify` reads it back as a claim. Field names and meanings are a promise; `docs/schema/plan-v1.schema.json` is made from
//! these types, and a test compares the two.

mod build;
mod claim;
mod document;
mod kept;
mod moves;
mod reason;
mod reason_claim;
#[cfg(test)]
mod schema;
mod value;

use std::io::{self, Write};

use crate::answer::Answer;

pub(crate) use claim::{
    Certificate as CertificateClaim, Claim, Decimal, NewNode, Preferences as ClaimedPreferences,
    read,
};
pub(crate) use reason_claim::Reason as ReasonClaim;

pub(crate) use moves::write as write_moves;

/// Writes the answer as indented JSON with a final newline.
///
/// The same answer gives the same bytes. Nodes and pods are written as they are visited; only
/// per-node figures are held in memory beside the plan.
pub(crate) fn write(answer: &Answer<'_>, out: &mut impl Write) -> io::Result<()> {
    let names = answer.node_names();
    serde_json::to_writer_pretty(&mut *out, &build::document(answer, &names)?)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use crate::expected::assert_expected;
    use crate::fixture::Fixture;

    #[test]
    fn json_has_every_field() {
        let mut out = Vec::new();
        super::write(&Fixture::new().answer(), &mut out).expect("memory takes it");
        let json = String::from_utf8(out).expect("JSON is text");
        assert_expected("tests/expected/fixture.json", &json);
    }
}
