//! Snapshots from a short text.
//!
//! Input: one object per line, `#` begins a comment. Output: a [`Snapshot`] in which everything is
//! sorted and folded as lowering does it: offerings by pool, listing and chosen labels, rooms of
//! offerings and nodes, what pools use.
//!
//! ```text
//! region us-east-1
//! zones a,b                                  # of the types that say nothing; `a` by default
//! class small overhead cpu=100m,mem=200Mi    # beside what the type loses; `default` is always there
//! type m.large cpu=2 mem=8Gi pods=29 price=0.10 spot=0.03,b:0.04 zones=a,b overhead cpu=60m
//! type g.huge cpu=64 gpu=8 price=? arch=arm64 label family=g
//! pool p weight=10 limits=cpu=64,nodes=3 require capacity=on-demand require team=a,b
//! pool q class=small label tier=web taint k=v:NoSchedule used cpu=4
//! daemonset logs cpu=100m mem=50Mi tolerate * select arch=amd64
//! supply cr-1 cap=3 type=m.large zone=a price=0
//! node n1 pool=p type=m.large zone=a bound cpu=1,pods=2 daemons cpu=100m,pods=1
//! node n2 cpu=4 mem=16Gi pods=110 label disk=ssd taint k:NoExecute state=unschedulable price=0.2
//! pod web x3 cpu=500m mem=1Gi select zone=a select !gpu or select zone=b tolerate k=v priority=5
//! pod db x3 cpu=1 rivals=db                  # each on a node of its own
//! pod web x3 cpu=500m on=n1                  # runs there; for `fleet` alone
//! pod even x6 cpu=1 of=even spread=zone/even/1
//! pod disk cpu=1 volume=zone=a               # as `select`, and not what spreads look at
//! pod near x2 cpu=1 with=zone/even apart=hostname/web
//! pod keen x2 cpu=1 near=50:zone/even away=9:hostname/web even=zone/even/1
//! pod picky cpu=1 prefer 50:zone=b prefer 10:capacity=spot&type!=m.large
//! ```
//!
//! - Words are `name=argument`. `select`, `require`, `prefer`, `tolerate`, `taint`, `label`, `overhead`,
//!   `bound`, `daemons`, `limits` and `used` may also be set apart from their argument by a space,
//!   and may be repeated.
//! - Any other name is a resource: `cpu`, `mem` (memory), `gpu` (`nvidia.com/gpu`), `disk`
//!   (`ephemeral-storage`), `pods`, `nodes`, or a resource's full name. Amounts are Kubernetes
//!   quantities. Pods and DaemonSets ask for `pods=1` by themselves; a type has `pods=110` unless it
//!   says otherwise.
//! - Label keys are `zone`, `zoneid`, `arch`, `os`, `type`, `capacity`, `pool`, `class`, `region`,
//!   `hostname`, or any full key.
//! - Expressions of `select` and `require`: `k=a,b` (In), `k=` (In of nothing), `k!=a,b` (`NotIn`),
//!   `k` (Exists), `!k` (`DoesNotExist`), `k>5`, `k>=5`, `k<5`, `k<=5`. `or` begins the pod's next
//!   alternative.
//! - `prefer W:E` says that a pod prefers nodes whose labels meet the expression E, at a weight of W; `&`
//!   joins several.
//! - Taints: `k=v:Effect` or `k:Effect`. Tolerations: `k=v`, `k=v:Effect`, `k`, `k:Effect` (any
//!   value), `*` (everything).
//! - `price` is on-demand, `spot` is spot; `?` is unknown; `P,b:Q` is P everywhere but Q in zone b. A
//!   type that says neither is not sold. A zone `a` has the id `id-a`. `band=10` says that spot of the
//!   type is interrupted less than 10 % a month: `5`, `10`, `15`, `20` or `more`; none is unknown.
//! - `supply` caps nodes of a type in a zone (the first of the world's where it names none) bought
//!   as `capacity` (`reserved` by default) for `price` (0 by default); `cap` is 1 by default. Lines of
//!   one name are one supply with several listings, the first line's cap for all together.
//! - `rivals=a,b` puts a pod into groups of which a node takes one pod each; on a node, it says of
//!   which groups one is there.
//! - `of=a,b` puts a pod into selections; on a node, `of=a:3,b` says how many pods of them are there.
//!   `spread=zone/a/1` spreads the pods of selection a over zones with a skew of 1 at most; behind it
//!   may stand `/min=3` (domains), `/anywhere` (node affinity ignored) and `/taints` (honoured). A pod
//!   that is spread goes to nodes that have the key; it is of the selection only if `of` says so.
//! - `with=zone/a` says that a pod goes where pods of the selection a are, over zones, and to nodes that have
//!   the key; `apart=zone/a` that it keeps away from them. On a node, `apart=zone/a:2` says how many pods
//!   there do.
//! - `near=50:zone/a` and `away=50:zone/a` say that a pod would rather be with or away from pods of the
//!   selection a, at a weight of 50; `even=zone/a/1` that it would rather be spread, with the flags of `spread`.
//! - A pool's requirement on a key that is neither well known nor a label of the pool or of any type
//!   is a choice: one offering for each listed value; the bound itself, or `any`, where none is
//!   listed; no label where absence is allowed.
//! - `node`: with `type`, `zone` (the first of the world's where it names none) and `capacity`
//!   (`on-demand`, `spot` or `reserved`) it carries that machine's labels, allocatable and price; with `pool` the pool's labels and taints too, and it counts against the limits.
//!   `state` is `ready` (default), `in-flight` or `unschedulable`. `bound` is without `daemons`.
//! - `pod name xN` makes `name-0` to `name-(N-1)`. Names without a namespace are in `default`.

mod build;
mod draft;
mod homes;
mod lines;
mod words;

use model::Snapshot;
use model::fleet::Cluster;

use draft::Draft;
pub(crate) use homes::managed;

/// A text that is not a world.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// A line that could not be understood.
    #[error("line {line}: {message}")]
    Line {
        /// The line's number from 1.
        line: usize,
        /// What is the matter and what is expected.
        message: String,
    },
    /// An object refers to one that is not there.
    #[error("{object} names {missing}, which the world does not have")]
    Missing {
        /// The object.
        object: String,
        /// What it refers to.
        missing: String,
    },
}

/// The snapshot that `text` describes; see the module for the grammar.
///
/// # Errors
/// Where a line is not understood or names an object that is not there.
pub fn parse(text: &str) -> Result<Snapshot, WorldError> {
    build::build(read(text)?)
}

/// The snapshot and the cluster that `text` describes, for fixtures: pods with `on` run there, and
/// each node of a pool has a claim of its name, initialized and quiet.
///
/// # Panics
/// Where the text is not a world, or a pod runs nowhere, saying why.
pub fn fleet(text: &str) -> (Snapshot, Cluster) {
    let parsed = read(text).and_then(homes::fleet);
    parsed.map_err(|error| error.to_string()).expect("the fixture is a well-formed fleet")
}

fn read(text: &str) -> Result<Draft, WorldError> {
    let mut draft = Draft::default();
    for (position, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        lines::read(&mut draft, line)
            .map_err(|message| WorldError::Line { line: position + 1, message })?;
    }
    Ok(draft)
}

/// [`parse`] for fixtures, which are well formed.
///
/// # Panics
/// Where they are not, saying why.
pub fn world(text: &str) -> Snapshot {
    parse(text).map_err(|error| error.to_string()).expect("the fixture is a well-formed world")
}
