//! What to read, and the snapshot it comes to: the part of `stowage plan`'s arguments that says
//! which pods, pools and prices, so that every program of the bench sees the same.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use snapshot::{Filter, LowerOptions, ReadOptions, Source, Window};

/// Arguments of `stowage plan`: `LIST POOLS [--all | --at SECONDS] [--where CONDITION]...`.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    files: Vec<PathBuf>,
    #[arg(long)]
    all: bool,
    #[arg(long)]
    at: Option<i64>,
    #[arg(long = "where")]
    conditions: Vec<Filter>,
}

impl Selection {
    /// What `stowage plan` would plan with these arguments.
    pub(super) fn snapshot(&self) -> anyhow::Result<model::Snapshot> {
        let mut sources = Vec::new();
        for file in &self.files {
            let name = file.display().to_string();
            let bytes = fs::read(file).with_context(|| format!("reading {name}"))?;
            sources.push(Source { name, bytes });
        }
        let window = self.all.then_some(Window::All).or(self.at.map(Window::At));
        let read_options =
            ReadOptions { window, filters: self.conditions.clone(), ..ReadOptions::default() };
        let inputs = snapshot::read(&sources, &read_options)?;
        let lower_options = LowerOptions {
            live_market: None,
            unavailable: snapshot::Unavailable::new(),
            now: model::Timestamp(0),
            existing_only: false,
            watched: false,
            region: "us-east-1".to_owned(),
            pods: None,
            architectures: Vec::new(),
            capacity_types: Vec::new(),
            estimate_prices: false,
            policies: snapshot::Policies::default(),
        };
        Ok(snapshot::lower(inputs, &ec2::Catalog::embedded(), &lower_options)?.snapshot)
    }
}
