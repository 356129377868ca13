//! What is written is read back, replays to the same bytes, and takes little room the second time.

use std::cell::Cell;

use proptest::prelude::*;
use record::{Segment, Stream, pack, replay, unpack};

use crate::support::{lines, made, planning, recorded, settings};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_is_read_back_and_planned_again_to_the_same_bytes(
        world in testkit::worlds(),
        work in prop_oneof![Just(0_u64), 1..20_000_u64, Just(200_000)],
        looks in prop_oneof![Just(None), (0..40_usize).prop_map(Some)],
    ) {
        let made = made(testkit::world(&world), settings(work), looks);
        let record = made.encoded();
        let lines = lines(&[record]);
        let read = recorded(&lines);
        prop_assert_eq!(read.len(), 1);
        made.assert_is(&read[0]);
        prop_assert_eq!(read[0].hash, made.encoded().hash());
        let again = replay(&read[0]);
        prop_assert_eq!(again.difference, None);
        prop_assert_eq!((&again.plan, &again.report), (&made.plan, &made.report));
        // The same planning, written again, is the same bytes.
        prop_assert_eq!(crate::support::lines(&[made.encoded()]), lines);
    }
}

#[test]
fn searches_that_are_cut_are_among_those_that_replay() {
    let cut = Cell::new(0);
    for looks in 0..6 {
        let world = "zones a,b\ntype t0 cpu=8 mem=32Gi pods=30 price=0.4\n\
                     type t1 cpu=4 mem=8Gi pods=30 price=0.17\ntype t2 cpu=16 mem=32Gi pods=30 price=0.71\n\
                     pool p0\npod s0 x17 cpu=1500m mem=2500Mi\npod s1 x23 cpu=700m mem=3Gi\n\
                     pod s2 x11 cpu=3100m mem=1Gi\n";
        let made = made(testkit::world(world), settings(10_000_000), Some(looks));
        cut.set(cut.get() + usize::from(made.cut && !made.report.complete));
        let read = recorded(&lines(&[made.encoded()]));
        assert_eq!(replay(&read[0]).difference, None, "cut at look {looks}");
    }
    assert!(cut.get() >= 3, "{} searches were cut", cut.get());
}

const WORLD: &str = "zones a,b\ntype t0 cpu=4 mem=16Gi pods=30 price=0.2\npool p0\n";

#[test]
fn a_record_writes_what_its_segment_lacks_and_no_more() {
    let world = |pods| testkit::world(&format!("{WORLD}pod s0 x{pods} cpu=1 mem=1Gi\n"));
    let first = made(world(40), settings(0), None).encoded();
    let same = made(world(40), settings(0), None).encoded();
    let other = made(world(41), settings(0), None).encoded();
    let mut stream = Stream::new();
    let whole = stream.lacks(&first);
    assert_eq!(whole.len(), first.bytes());
    assert_eq!(stream.lacks(&first), whole, "nothing arrived until it is said");
    stream.wrote(&first);
    let again = stream.lacks(&same);
    assert_eq!(again.split_inclusive(|byte| *byte == b'\n').count(), 1, "the decision alone");
    assert_eq!(first.hash(), same.hash());
    let delta = stream.lacks(&other);
    assert!(delta.len() < whole.len(), "{} of {}", delta.len(), whole.len());
    let all = [whole.clone(), again, delta.clone()].concat();
    assert_eq!(recorded(&all).len(), 3);
    // Without what came before, it cannot be read, and says so.
    let segment = Segment::read("test", &delta);
    let error = segment.decode(&segment.entries[0]).expect_err("chunks are missing");
    assert!(error.to_string().contains("is not there; give the whole segment"), "{error}");
}

#[test]
fn pressed_lines_are_unpacked_member_by_member() {
    let record = made(testkit::world(&format!("{WORLD}pod s0 x9 cpu=1\n")), settings(0), None);
    let lines = lines(&[record.encoded()]);
    let pressed = [pack(&lines), pack(b"more\n")].concat();
    let all = unpack(pressed.clone(), 1 << 20);
    assert_eq!((all.lines, all.problem), ([&lines[..], b"more\n"].concat(), None));
    // Plain lines are given back; what is too much, and what breaks off, is said.
    assert_eq!(unpack(lines.clone(), 1 << 20).lines, lines);
    assert!(unpack(pressed.clone(), 10).problem.is_some());
    assert!(unpack(lines.clone(), 10).problem.is_some());
    for end in 0..pressed.len() {
        let torn = unpack(pressed[..end].to_vec(), 1 << 20);
        let whole = [0, pack(&lines).len()].contains(&end) || end == 1;
        assert_eq!(torn.problem.is_none(), whole, "torn at {end}");
        if end > pack(&lines).len() {
            assert!(torn.lines.starts_with(&lines), "the first member is whole");
        }
    }
}

#[test]
fn records_among_the_lines_of_a_log_are_found() {
    let made = made(testkit::world(&format!("{WORLD}pod s0 x9 cpu=1\n")), settings(0), None);
    let mut log = b"{\"level\":\"info\"}\nplain text\n".to_vec();
    for line in lines(&[made.encoded()]).split_inclusive(|byte| *byte == b'\n') {
        log.extend_from_slice(line);
        log.extend_from_slice(b"{\"level\":\"info\",\"message\":\"planned\"}\n");
    }
    let segment = Segment::read("log", &log);
    assert!(segment.foreign > 10 && segment.faults.is_empty());
    made.assert_is(&planning(segment.decode(&segment.entries[0]).expect("it is whole")));
}
