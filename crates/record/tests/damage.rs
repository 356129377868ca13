//! What is damaged, torn or made up gives an error that names place, field and remedy; never a panic.

use proptest::prelude::*;
use record::{Problem, RecordError, Segment, unpack};

use crate::support::{lines, made, settings};

const WORLD: &str = "zones a,b\ntype t0 cpu=4 mem=16Gi pods=30 price=0.2\n\
                     type t1 cpu=8 mem=16Gi pods=30 price=0.3 spot=0.1\npool p0 taint soft:PreferNoSchedule require team=red,blue\n\
                     node n0 type=t0 pool=p0 zone=a bound cpu=500m,pods=1\n\
                     daemonset d0 cpu=100m tolerate *\nsupply r0 type=t0 cap=1 zone=a price=0.05\n\
                     pod s0 x5 cpu=1 mem=1Gi select zone=a\npod s1 x3 cpu=900 tolerate dedicated prefer 50:zone=b\n";

fn whole() -> Vec<u8> {
    lines(&[made(testkit::world(WORLD), settings(1_000), None).encoded()])
}

/// Everything that is wrong with these lines.
fn problems(lines: &[u8]) -> Vec<RecordError> {
    let mut segment = Segment::read("records-1", lines);
    let errors = segment.entries.iter().filter_map(|entry| segment.decode(entry).err());
    let errors: Vec<RecordError> = errors.collect();
    segment.faults.extend(errors);
    segment.faults
}

#[test]
fn a_segment_that_breaks_off_anywhere_tells_its_last_line_alone() {
    let whole = whole();
    let both = [whole.clone(), whole.clone()].concat();
    for end in whole.len()..both.len() {
        let problems = problems(&both[..end]);
        let at_line_end = both[end - 1] == b'\n';
        // A last line that lacks nothing but its break is whole.
        let is_torn = !at_line_end && both[end] != b'\n';
        assert_eq!(problems.len(), usize::from(is_torn), "{end}: {problems:?}");
        assert!(problems.iter().all(|one| one.problem == Problem::Torn), "{problems:?}");
    }
}

#[test]
fn each_byte_that_is_flipped_is_noticed() {
    let whole = whole();
    let places: Vec<usize> = (0..whole.len()).step_by(7).collect();
    for place in places {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x01;
        let in_mark = Segment::read("x", &damaged).foreign > 0;
        let problems = problems(&damaged);
        assert!(in_mark || !problems.is_empty(), "byte {place} went unnoticed");
        for problem in problems {
            let text = problem.to_string();
            assert!(text.starts_with("records-1:"), "{text}");
            assert!(text.contains(';'), "no remedy: {text}");
        }
    }
}

/// Replaces a text in the lines, with the hashes that this makes false put right.
fn forged(from: &str, to: &str) -> Vec<u8> {
    let mut text = String::from_utf8(whole()).expect("JSON is text");
    assert!(text.contains(from), "{from} is not there");
    text = text.replacen(from, to, 1);
    // A leaf's hash is in its list, and the list's in the decision.
    for _ in 0..3 {
        let lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
        for line in lines {
            let key = if line.contains("\"decision\":{") { "hash" } else { "chunk" };
            let start = line.find(&format!("\"{key}\":\"")).expect("a hash") + key.len() + 4;
            let (old, content) = (&line[start..start + 64], &line[start + 66..]);
            let content = &content[content.find(':').expect("a field") + 1..content.len() - 1];
            text = text.replace(old, &record::Hash::of(content.as_bytes()).to_string());
        }
    }
    text.into_bytes()
}

#[test]
fn what_is_forged_is_refused_with_its_field_and_a_remedy() {
    for (from, to, expected) in [
        (
            "\"stowageRecord\":3",
            "\"stowageRecord\":2",
            "format \"2\" is not read by this version, which reads 3; use the version that wrote it",
        ),
        ("\"shape\":1", "\"shape\":7", "snapshot.pods[5].shape: index 7 points into a list of 2"),
        ("\"listing\":0", "\"listing\":999", "snapshot.offerings[0].listing: index 999 points"),
        ("\"offering\":", "\"offering\":9", "plan.newNodes[0].offering: index 9"),
        ("\"zone\":\"", "\"zone\":\"\\u0061", "snapshot.listings: it is not in the form"),
        ("\"zone\":\"", "\"nowhere\":\"", "snapshot.listings: it cannot be read (unknown field"),
        ("\"effect\":\"", "\"effect\":\"No", "it cannot be read (unknown variant"),
        ("\"cpu\":4000", "\"cpu\":4000,\"cpu\":4000", "snapshot.nodes: it is not in the form"),
        ("{\"provision\":", "{\"foretell\":", "decision: it cannot be read (unknown variant"),
        ("\"cut\":false", "\"cut\":0", "decision: it cannot be read (invalid type"),
    ] {
        let forged = forged(from, to);
        let problems = problems(&forged);
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(texts.iter().any(|text| text.contains(expected)), "{from} → {to}: {texts:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_the_reader_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        place in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let unpacked = unpack(bytes.clone(), 1 << 20);
        let _ = problems(&unpacked.lines);
        let mut whole = whole();
        let place = place.index(whole.len());
        whole.splice(place..(place + cut.index(200)).min(whole.len()), bytes);
        let _ = problems(&whole);
        let mut pressed = record::pack(&whole);
        let place = cut.index(pressed.len());
        pressed[place] ^= 0x10;
        let _ = problems(&unpack(pressed, 1 << 24).lines);
    }
}
