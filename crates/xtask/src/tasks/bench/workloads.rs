//! What is measured: recorded lists, how their rows are chosen, and the pools.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::workspace::root;

/// How often the list of openb is repeated to make a million pods: 123 x 8,152 = 1,002,696.
const REPEATS: usize = 123;

/// The repeated list, which is made for the occasion.
const MILLION: &str = "openb-million.csv";

const OPENB: &str = "pods/alibaba-gpu-2023/openb_pod_list_default.csv";
const AZURE: &str = "pods/azure-vm-2017/azure_vm_dev.csv.gz";
const DLRM: &str = "pods/alibaba-dlrm-2025/dlrm_apps_mod3_0_1.csv.gz";

/// Large types and no DaemonSets.
const OPEN: &str = "simulations/pools/p1.yaml";
/// At most 32 vCPUs a node and a DaemonSet on each.
const CAPPED: &str = "simulations/pools/p1-32vcpu-ds.yaml";

/// A recorded list on a set of pools.
pub(super) struct Workload {
    /// How the report calls it.
    pub(super) name: &'static str,
    /// The list, relative to the folder of recorded data.
    pub(super) list: &'static str,
    /// Which rows.
    pub(super) rows: &'static [&'static str],
    /// The pools, relative to the root of the workspace.
    pub(super) pools: &'static str,
    /// What Karpenter v1.15 pays for the same pods on the same types and prices, in USD per hour,
    /// where it was measured.
    pub(super) peer: Option<f64>,
}

impl Workload {
    /// Arguments of `stowage`, with the list in the folder `data`.
    pub(super) fn arguments(&self, data: &Path) -> Vec<String> {
        let list = data.join(self.list).display().to_string();
        let pools = root().join(self.pools).display().to_string();
        let rows = self.rows.iter().map(|&row| row.to_owned());
        [list, pools].into_iter().chain(rows).collect()
    }

    /// The command as a reader would type it at the root of the workspace.
    pub(super) fn shown(&self) -> String {
        let quote = |row: &&str| {
            let row = *row;
            if row.contains('<') { format!("'{row}'") } else { row.to_owned() }
        };
        let rows: Vec<_> = self.rows.iter().map(quote).collect();
        let folder = if self.list == MILLION { "" } else { "$STOWAGE_DATA/" };
        format!("stowage plan {folder}{} {} {}", self.list, self.pools, rows.join(" "))
    }
}

/// The recorded sets. Peer's figures: Karpenter v1.15 fed the same pods, types and prices.
pub(super) fn recorded() -> [Workload; 7] {
    [
        Workload {
            name: "openb, pods without GPU",
            list: OPENB,
            rows: &["--all", "--where", "num_gpu=0"],
            pools: OPEN,
            peer: Some(1_049.72),
        },
        Workload {
            name: "openb, all",
            list: OPENB,
            rows: &["--all"],
            pools: OPEN,
            peer: Some(13_366.44),
        },
        Workload {
            name: "Azure at 1,900,000 s",
            list: AZURE,
            rows: &["--at", "1900000"],
            pools: OPEN,
            peer: Some(843.31),
        },
        Workload {
            name: "DLRM at 0 s",
            list: DLRM,
            rows: &["--at", "0"],
            pools: OPEN,
            peer: Some(19_161.20),
        },
        Workload {
            name: "Azure at 1,900,000 s, types up to 32 vCPU",
            list: AZURE,
            rows: &["--at", "1900000"],
            pools: CAPPED,
            peer: Some(703.63),
        },
        Workload {
            name: "openb, pods without GPU that fit, types up to 32 vCPU",
            list: OPENB,
            rows: &["--all", "--where", "num_gpu=0", "--where", "cpu_milli<=31000"],
            pools: CAPPED,
            peer: None,
        },
        Workload {
            name: "openb, pods of at most one GPU that fit, types up to 32 vCPU",
            list: OPENB,
            rows: &["--all", "--where", "cpu_milli<=31000", "--where", "num_gpu<=1"],
            pools: CAPPED,
            peer: None,
        },
    ]
}

/// The list of openb repeated to a million pods, written to `scratch`.
pub(super) fn million(data: &Path, scratch: &Path) -> anyhow::Result<Workload> {
    let once = fs::read_to_string(data.join(OPENB)).with_context(|| format!("reading {OPENB}"))?;
    let (header, rows) = once.split_once('\n').context("openb has a header")?;
    let text = format!("{header}\n{}", rows.repeat(REPEATS));
    fs::write(scratch.join(MILLION), text).with_context(|| format!("writing {MILLION}"))?;
    Ok(Workload {
        name: "openb repeated to 1,002,696 pods",
        list: MILLION,
        rows: &["--all"],
        pools: OPEN,
        peer: None,
    })
}
