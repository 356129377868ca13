//! Moves under way: marked, launched, checked, finished or taken back, whatever ends in between.

use std::collections::BTreeMap;

use api::names;
use executor::{
    Going, Kind, Launched, MOVE_TIMEOUT, MOVE_VALIDATION, MoveRecord, MoveView, Request, Stage,
    carry, finish, heal,
};
use serde_json::{Value, json};

use crate::support::{at, claim_value, merge, text};

/// Two nodes that go for one that is launched.
struct Fleet {
    objects: BTreeMap<(Kind, String), Value>,
    record: MoveRecord,
    version: u64,
}

impl Fleet {
    fn new(launched: &[&str]) -> Self {
        let record = MoveRecord {
            id: "m-1".to_owned(),
            reason: "Underutilized".to_owned(),
            began: text(0),
            claims: vec!["a".to_owned(), "b".to_owned()],
            launched: launched.iter().map(|&name| name.to_owned()).collect(),
            takes: Vec::new(),
        };
        let mut fleet = Self { objects: BTreeMap::new(), record, version: 1 };
        for name in ["a", "b"] {
            fleet.join(name);
        }
        fleet
    }

    /// A claim with its Node, initialized.
    fn join(&mut self, name: &str) {
        let mut claim = claim_value(name);
        claim["metadata"]["resourceVersion"] = json!("1");
        claim["status"] = json!({
            "nodeName": name,
            "conditions": [{ "type": "Initialized", "status": "True" }],
        });
        let node = json!({
            "metadata": { "name": name, "resourceVersion": "1" },
            "spec": { "taints": [{ "key": "mine", "effect": "NoSchedule" }] },
            "status": { "conditions": [{ "type": "Ready", "status": "True" }] },
        });
        self.objects.insert((Kind::NodeClaim, name.to_owned()), claim);
        self.objects.insert((Kind::Node, name.to_owned()), node);
    }

    fn claim(&self, name: &str) -> Option<api::NodeClaim> {
        let value = self.objects.get(&(Kind::NodeClaim, name.to_owned()))?;
        Some(serde_json::from_value(value.clone()).unwrap())
    }

    fn node(&self, name: &str) -> Option<api::Node> {
        let value = self.objects.get(&(Kind::Node, name.to_owned()))?;
        Some(serde_json::from_value(value.clone()).unwrap())
    }

    /// What is next at so many seconds for a process that began the move, or for one that found it.
    fn stage(&self, began: bool, now: i64) -> Stage {
        let all = |names: &[String]| -> Vec<_> {
            names.iter().map(|name| (self.claim(name), self.node(name))).collect()
        };
        let (going, launched) = (all(&self.record.claims), all(&self.record.launched));
        let view = self.view(&going, &launched, began);
        carry(&view, at(now))
    }

    fn view<'a>(
        &'a self,
        going: &'a [(Option<api::NodeClaim>, Option<api::Node>)],
        launched: &'a [(Option<api::NodeClaim>, Option<api::Node>)],
        beginning: bool,
    ) -> MoveView<'a> {
        let going =
            going.iter().map(|(claim, node)| Going { claim: claim.as_ref(), node: node.as_ref() });
        let launched = launched.iter().map(|(claim, node)| Launched {
            claim: claim.as_ref(),
            node: node.as_ref(),
            expected: false,
        });
        MoveView {
            record: &self.record,
            going: going.collect(),
            launched: launched.collect(),
            beginning,
        }
    }

    /// Performs one request as an API server would.
    fn perform(&mut self, request: &Request) {
        self.version += 1;
        let version = self.version.to_string();
        match request {
            Request::Patch { target, body, .. } => {
                let key = (target.kind, target.name.clone());
                let Some(object) = self.objects.get_mut(&key) else { return };
                let wanted = &body["metadata"]["resourceVersion"];
                if wanted.is_string() && *wanted != object["metadata"]["resourceVersion"] {
                    return;
                }
                merge(object, body);
                object["metadata"]["resourceVersion"] = json!(version);
            }
            Request::Delete { target, .. } => {
                let key = (target.kind, target.name.clone());
                self.objects.get_mut(&key).unwrap()["metadata"]["deletionTimestamp"] =
                    json!(text(0));
            }
            other => panic!("{other:?}"),
        }
    }

    fn is_marked(&self, name: &str) -> (bool, bool, bool) {
        let (claim, node) = (self.claim(name).unwrap(), self.node(name).unwrap());
        assert!(node.spec.taints.iter().any(|taint| taint.key == "mine"), "others' taints stay");
        let tainted = node.spec.taints.iter().any(|taint| taint.key == names::DISRUPTED_TAINT);
        (MoveRecord::of(&claim).is_some(), claim.is_true(names::DISRUPTION_REASON), tainted)
    }

    /// Does all that is next, as a process that found the move; gives the word of the stage at which it
    /// rests.
    fn settle(&mut self, now: i64) -> &'static str {
        for _ in 0..20 {
            let groups = match self.stage(false, now) {
                Stage::GiveUp(_, groups) if groups.iter().all(|(_, all)| all.is_empty()) => {
                    return "given up";
                }
                Stage::Mark(groups) | Stage::GiveUp(_, groups) => groups,
                Stage::Launch => return "launch",
                Stage::Wait(_) => return "wait",
                Stage::Check => return "check",
                Stage::Over => return "over",
            };
            for request in groups.into_iter().flat_map(|(_, requests)| requests) {
                self.perform(&request);
            }
        }
        panic!("it never rests");
    }
}

fn requests(stage: Stage) -> Vec<Request> {
    match stage {
        Stage::Mark(groups) | Stage::GiveUp(_, groups) => {
            groups.into_iter().flat_map(|(_, requests)| requests).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn nodes_are_marked_then_replaced_then_checked_then_deleted() {
    let mut fleet = Fleet::new(&["r"]);
    let marks = requests(fleet.stage(true, 0));
    assert_eq!(marks.len(), 6, "a condition, a record and a taint each: {marks:?}");
    for request in &marks {
        fleet.perform(request);
    }
    assert_eq!(fleet.is_marked("a"), (true, true, true));
    assert_eq!(fleet.stage(true, 1), Stage::Launch);
    fleet.join("r");
    fleet.objects.get_mut(&(Kind::NodeClaim, "r".to_owned())).unwrap()["status"] = json!({});
    let Stage::Wait(notes) = fleet.stage(false, MOVE_VALIDATION) else { panic!("it waits") };
    assert!(
        matches!(&notes[0], Request::Note(note) if note.reason == "DisruptionWaitingReadiness")
    );
    fleet.join("r");
    assert_eq!(fleet.stage(false, MOVE_VALIDATION - 1), Stage::Wait(Vec::new()), "too early");
    assert_eq!(fleet.stage(false, MOVE_VALIDATION), Stage::Check);
    let going: Vec<_> = ["a", "b"].map(|name| (fleet.claim(name), fleet.node(name))).into();
    let groups = finish(&fleet.view(&going, &[], false), "underutilized");
    let deleted: Vec<&str> = groups.iter().map(|(claim, _)| claim.as_str()).collect();
    assert_eq!(deleted, ["a", "b"]);
    // A process that ends after the first deletion leaves the rest to be checked again.
    fleet.perform(&groups[0].1[0]);
    assert_eq!(fleet.stage(false, MOVE_VALIDATION), Stage::Check);
    fleet.perform(&groups[1].1[0]);
    assert_eq!(fleet.stage(false, MOVE_VALIDATION), Stage::Over);
}

#[test]
fn a_move_that_cannot_be_finished_is_taken_back() {
    type Change = fn(&mut Fleet);
    let cases: [(&str, Change, i64); 4] = [
        ("its replacement NodeClaim r is gone", |_| {}, 1),
        (
            "its replacement NodeClaim r is being deleted",
            |fleet| {
                fleet.join("r");
                let key = (Kind::NodeClaim, "r".to_owned());
                fleet.objects.get_mut(&key).unwrap()["metadata"]["deletionTimestamp"] =
                    json!(text(0));
            },
            1,
        ),
        ("it was not finished within 600 s", |fleet| fleet.join("r"), MOVE_TIMEOUT),
        (
            "the Node of NodeClaim b is gone",
            |fleet| drop(fleet.objects.remove(&(Kind::Node, "b".to_owned()))),
            1,
        ),
    ];
    for (expected, change, now) in cases {
        let mut fleet = Fleet::new(&["r"]);
        let marks = requests(fleet.stage(true, 0));
        for request in &marks {
            fleet.perform(request);
        }
        change(&mut fleet);
        let Stage::GiveUp(why, _) = fleet.stage(false, now) else { panic!("{expected}") };
        assert_eq!(why, expected);
        assert_eq!(fleet.settle(now), "given up");
        assert_eq!(fleet.is_marked("a"), (false, false, false), "{expected}");
    }
}

/// The process ends before any of the requests that mark, and before any that take marks back; the next
/// one knows only what the objects say.
#[test]
fn whatever_request_a_process_ends_at_no_mark_is_left_behind() {
    let marks = requests(Fleet::new(&["r"]).stage(true, 0));
    for stopped in 0..=marks.len() {
        let mut fleet = Fleet::new(&["r"]);
        for request in &marks[..stopped] {
            fleet.perform(request);
        }
        let back = requests(fleet.stage(false, 1));
        for stopped_again in 0..=back.len() {
            let mut fleet = Fleet::new(&["r"]);
            let done = marks[..stopped].iter().chain(&back[..stopped_again]);
            done.for_each(|request| fleet.perform(request));
            for _ in 0..5 {
                // What a process knows of: the moves that some claim carries.
                let claims = ["a", "b"].map(|name| fleet.claim(name).unwrap());
                if claims.iter().any(|claim| MoveRecord::of(claim).is_some()) {
                    fleet.settle(1);
                }
                for claim in &claims {
                    let node = fleet.node(&claim.metadata.name);
                    let healed = heal(&fleet.claim(&claim.metadata.name).unwrap(), node.as_ref());
                    for request in &healed {
                        fleet.perform(request);
                    }
                }
            }
            for name in ["a", "b"] {
                let left = fleet.is_marked(name);
                assert_eq!(left, (false, false, false), "{name}, {stopped}, {stopped_again}");
            }
        }
    }
}

/// Nothing is launched by a move that only deletes: a process that finds it goes on with it.
#[test]
fn a_deletion_that_was_begun_goes_on_after_a_restart() {
    let mut fleet = Fleet::new(&[]);
    let marks = requests(fleet.stage(true, 0));
    for request in &marks {
        fleet.perform(request);
    }
    assert_eq!(fleet.settle(1), "wait");
    assert_eq!(fleet.settle(MOVE_VALIDATION), "check");
    assert_eq!(fleet.is_marked("b"), (true, true, true));
}
