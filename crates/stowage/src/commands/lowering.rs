//! From the arguments that say what to read, to a snapshot.

use model::Timestamp;
use snapshot::{Inputs, LowerOptions, Lowered, LoweredFleet, PodSelection, Source};

use crate::args::{CapacityType, Input, Pods};
use crate::outcome::Failure;
use crate::{input, sample};

/// Reads the files, or the embedded sample where there are none.
pub(super) fn read(args: &Input) -> Result<Inputs, Failure> {
    parse(args, &input::read_all(&args.files)?)
}

/// As [`read`], from files already in memory.
pub(super) fn parse(args: &Input, sources: &[Source]) -> Result<Inputs, Failure> {
    if sources.is_empty() {
        return Ok(Inputs { recorded: sample::pods(), ..Inputs::default() });
    }
    snapshot::read(sources, &args.read_options()).map_err(Failure::refused)
}

/// Lowers what was read onto the embedded catalog.
pub(super) fn lower(args: &Input, inputs: Inputs) -> Result<Lowered, Failure> {
    let catalog = ec2::Catalog::embedded();
    let options = options(args, Timestamp(0));
    snapshot::lower(inputs, &catalog, &options).map_err(Failure::refused)
}

/// Lowers what runs onto the embedded catalog.
pub(super) fn lower_fleet(
    args: &Input,
    inputs: Inputs,
    now: Timestamp,
) -> Result<LoweredFleet, Failure> {
    let catalog = ec2::Catalog::embedded();
    snapshot::lower_fleet(inputs, &catalog, &options(args, now)).map_err(Failure::refused)
}

fn options(args: &Input, now: Timestamp) -> LowerOptions {
    LowerOptions {
        live_market: None,
        unavailable: snapshot::Unavailable::new(),
        now,
        existing_only: false,
        watched: false,
        policies: args.policies(),
        region: args.region.clone(),
        pods: args.pods.map(Pods::model),
        architectures: (args.arch.iter()).map(|arch| arch.as_str().to_owned()).collect(),
        capacity_types: (args.capacity_type.iter().copied()).map(CapacityType::model).collect(),
        estimate_prices: args.estimate_prices,
    }
}

/// How the answer calls `selection`.
pub(super) const fn selection_name(selection: PodSelection) -> &'static str {
    match selection {
        PodSelection::Pending => "pending",
        PodSelection::All => "all",
    }
}
