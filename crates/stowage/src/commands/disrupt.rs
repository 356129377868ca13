//! `stowage plan --disrupt`: reads, lowers what runs, finds moves, checks them, proves a bound, prints.
//!
//! Moves that the checker refuses are never printed.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use checker::{CheckedMoves, MoveViolation, RestBound};
use disruption::{Cluster, Consolidation, Rotation, Settings};
use model::{MovePrices, Snapshot, Timestamp};
use planner::{Alternative, Pass, Question, Seed};
use snapshot::{Inputs, LoweredFleet, Source};

use super::{answering, lowering, plan};
use crate::args;
use crate::moves::Moves;
use crate::outcome::Failure;
use crate::stages::Stages;
use crate::{input, table, wire};

/// The cluster that is looked at where no file is given.
const SAMPLE: &[u8] = include_bytes!("../../../../simulations/clusters/underused.yaml");

/// Units of work that the checker may spend on one bound; see `bill`.
const PROOF_WORK_MAX: u64 = 30_000_000;

/// Finds moves for what `args` name and prints them to standard output.
pub(super) fn run(args: &args::Plan) -> Result<ExitCode, Failure> {
    let mut stages = Stages::new();
    let inputs = stages.run("read", || read(args))?;
    let latest = snapshot::latest_moment(&inputs.objects).unwrap_or(Timestamp(0));
    let now = args.disrupt.now.unwrap_or(latest);
    let fleet = stages.run("lower", || lowering::lower_fleet(&args.input, inputs, now))?;
    let LoweredFleet { lowered, cluster, drifted: _ } = &fleet;
    if args.strict {
        plan::refuse_faults(&lowered.findings)?;
    }
    let prices = args.disrupt.prices(cluster);
    let question = question(args, &fleet, prices, now);
    let looked = || planner::pass(&lowered.snapshot, cluster, &question);
    let pass = stages.run("plan", looked);
    let found = &pass.found;
    let checked = stages.run("check", || check(&fleet, found, prices, now))?;
    let rest = stages.run("prove", || prove(&lowered.snapshot, cluster, found, now))?;
    let moves = Moves {
        snapshot: &lowered.snapshot,
        cluster,
        alternatives: alternatives(&lowered.snapshot, &checked, &question),
        found,
        checked: &checked,
        rest,
        prices,
        now,
        findings: &lowered.findings,
        catalog: plan::catalog_dates(&lowered.summary),
        is_sample: args.input.files.is_empty(),
    };
    if let Some(file) = &args.record {
        stages.run("record", || record(file, &fleet, &question, &pass))?;
    }
    stages.run("print", || {
        answering::to_stdout(
            args.output,
            || table::render_moves(&moves),
            |out| wire::write_moves(&moves, out),
        )
    })?;
    stages.print();
    Ok(ExitCode::SUCCESS)
}

/// The files, or the embedded cluster; what has no claims is refused, as nothing in it is ours to take.
fn read(args: &args::Plan) -> Result<Inputs, Failure> {
    let mut sources = input::read_all(&args.input.files)?;
    if sources.is_empty() {
        let name = "simulations/clusters/underused.yaml".to_owned();
        sources.push(Source { name, bytes: SAMPLE.to_vec() });
    }
    let inputs = lowering::parse(&args.input, &sources)?;
    let missing = [
        ("NodeClaim", inputs.objects.node_claims.is_empty()),
        ("Node", inputs.objects.nodes.is_empty()),
        ("NodePool", inputs.objects.node_pools.is_empty()),
    ];
    if let Some((kind, _)) = missing.iter().find(|(_, missing)| *missing) {
        return Err(Failure::refused(anyhow!(
            "--disrupt: there is no {kind} among the FILEs, so no node may go; give the output of \
             kubectl get pods,nodes,nodeclaims,nodepools,ec2nodeclasses,daemonsets,pdb -A -o json"
        )));
    }
    Ok(inputs)
}

/// What the controller's next pass would be asked, were nothing waited for.
fn question(
    args: &args::Plan,
    fleet: &LoweredFleet,
    prices: MovePrices,
    now: Timestamp,
) -> Question {
    let (work_limit, objective) = (args.search.work_limit(), args.search.objective());
    Question {
        consolidation: Settings {
            objective,
            prices,
            nodes_per_move: args.disrupt.nodes_per_move,
            spot_for_spot: args.disrupt.spot_to_spot,
            work_limit,
        },
        settings: planner::Settings { price_weights: false, objective, work_limit },
        drifted: fleet.drifted.clone(),
        rotation: Rotation::default(),
        now,
        seed: Seed(args.seed),
    }
}

fn record(
    file: &Path,
    fleet: &LoweredFleet,
    question: &Question,
    pass: &Pass,
) -> anyhow::Result<()> {
    let LoweredFleet { lowered, cluster, drifted: _ } = fleet;
    let shown = plan::shown_catalog(&plan::catalog_dates(&lowered.summary), record::Selection::All);
    let (snapshot, findings) = (&lowered.snapshot, &lowered.findings);
    let passing = record::Passing { question, snapshot, cluster, pass, findings, shown };
    plan::write_record(file, &record::encode_pass(&passing))
}

fn check(
    fleet: &LoweredFleet,
    found: &Consolidation,
    prices: MovePrices,
    now: Timestamp,
) -> Result<CheckedMoves, Failure> {
    let moves = found.moves.clone();
    checker::check_moves(&fleet.lowered.snapshot, &fleet.cluster, moves, prices, now)
        .map_err(|violations| Failure::Broken(bug(&violations)))
}

fn bug(violations: &[MoveViolation]) -> anyhow::Error {
    let lines: Vec<String> =
        violations.iter().map(|violation| format!("\n  {violation}")).collect();
    anyhow!(
        "the moves do not hold and are not printed; this is a bug of Stowage, please report it with \
         the input:{}",
        lines.concat()
    )
}

/// What no moves go below.
pub(super) fn prove(
    snapshot: &Snapshot,
    cluster: &Cluster,
    found: &Consolidation,
    now: Timestamp,
) -> Result<RestBound, Failure> {
    checker::prove_rest(snapshot, cluster, &found.candidates, now, PROOF_WORK_MAX)
        .context("the certificates are refused; this is a bug of Stowage, please report it")
        .map_err(Failure::Broken)
}

/// What each move could launch instead and still pay.
pub(super) fn alternatives(
    snapshot: &Snapshot,
    checked: &CheckedMoves,
    question: &Question,
) -> Vec<Vec<Vec<Alternative>>> {
    planner::move_alternatives(snapshot, checked.moves(), question.settings.objective)
}
