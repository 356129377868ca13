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

/// Variants of openb, by the part of the file's name that tells them apart.
const OPENB_VARIANTS: [&str; 5] = ["default", "cpu050", "gpushare40", "gpuspec33", "multigpu50"];

/// Seconds of the DLRM recording, which lasts 2,677,541 s.
const DLRM_TIMES: [u32; 5] = [0, 600_000, 1_200_000, 1_800_000, 2_400_000];

/// Seconds of the Azure recording at which the window has thousands of machines.
const AZURE_TIMES: [u32; 5] = [1_850_000, 1_900_000, 1_950_000, 2_000_000, 2_050_000];

/// Large types and no DaemonSets.
const OPEN: &str = "simulations/pools/p1.yaml";
/// At most 32 vCPUs a node and a DaemonSet on each.
const CAPPED: &str = "simulations/pools/p1-32vcpu-ds.yaml";

/// A recorded list on a set of pools.
pub(super) struct Workload {
    /// How the report calls it.
    pub(super) name: String,
    /// The list, relative to the folder of recorded data.
    list: String,
    /// Which rows.
    rows: Vec<String>,
    /// The pools, relative to the root of the workspace.
    pools: &'static str,
    /// What was measured before, where it was.
    pub(super) reference: Option<Reference>,
}

/// Figures of Karpenter v1.15.0 on the same pods, types and prices, and the best known answer, all
/// measured once on a machine with two cores, independently of Stowage (issue 4).
#[derive(Clone, Copy)]
pub(super) struct Reference {
    /// Karpenter's bill, USD per hour.
    pub(super) cost: f64,
    /// Karpenter's nodes.
    pub(super) nodes: usize,
    /// Karpenter's time to solve.
    pub(super) seconds: f64,
    /// The cheapest plan known then, USD per hour.
    pub(super) best_known: f64,
}

impl Reference {
    /// Whether Karpenter needs less than two minutes.
    pub(super) fn is_quick(&self) -> bool {
        self.seconds < 120.0
    }
}

impl Workload {
    fn new(name: &str, list: &str, rows: &[&str], pools: &'static str) -> Self {
        let rows = rows.iter().map(|&row| row.to_owned()).collect();
        Self { name: name.to_owned(), list: list.to_owned(), rows, pools, reference: None }
    }

    fn measured(self, cost: f64, nodes: usize, seconds: f64, best_known: f64) -> Self {
        Self { reference: Some(Reference { cost, nodes, seconds, best_known }), ..self }
    }

    /// Arguments of `stowage plan`, with the list in the folder `data`.
    pub(super) fn arguments(&self, data: &Path) -> Vec<String> {
        let list = data.join(&self.list).display().to_string();
        let pools = root().join(self.pools).display().to_string();
        [list, pools].into_iter().chain(self.rows.iter().cloned()).collect()
    }

    /// The command as a reader would type it at the root of the workspace.
    pub(super) fn shown(&self) -> String {
        let quote = |row: &String| if row.contains('<') { format!("'{row}'") } else { row.clone() };
        let rows: Vec<_> = self.rows.iter().map(quote).collect();
        let folder = if self.list == MILLION { "" } else { "$STOWAGE_DATA/" };
        format!("stowage plan {folder}{} {} {}", self.list, self.pools, rows.join(" "))
    }
}

/// The six sets that are compared with Karpenter.
pub(super) fn compared() -> [Workload; 6] {
    let fits = ["--all", "--where", "cpu_milli<=31000", "--where", "num_gpu<=1"];
    [
        Workload::new("openb, pods without GPU", OPENB, &["--all", "--where", "num_gpu=0"], OPEN)
            .measured(1_049.72, 51, 0.6, 785.82),
        Workload::new("openb, all", OPENB, &["--all"], OPEN)
            .measured(13_366.44, 948, 77.6, 7_371.18),
        Workload::new("Azure at 1,900,000 s", AZURE, &["--at", "1900000"], OPEN)
            .measured(843.31, 46, 5.4, 681.14),
        Workload::new("DLRM at 0 s", DLRM, &["--at", "0"], OPEN)
            .measured(19_161.20, 836, 34.4, 15_150.57),
        Workload::new("Azure at 1,900,000 s, up to 32 vCPU", AZURE, &["--at", "1900000"], CAPPED)
            .measured(703.63, 564, 125.0, 698.84),
        Workload::new("openb, at most 31 CPU and 1 GPU, up to 32 vCPU", OPENB, &fits, CAPPED)
            .measured(8_586.28, 6_989, 316.0, 7_903.69),
    ]
}

/// A list from which pods arrive at random, for consolidation.
pub(super) struct Consolidated {
    /// How options and files call it.
    pub(super) key: &'static str,
    /// How the report calls it.
    pub(super) name: &'static str,
    pub(super) workload: Workload,
    /// Pods that arrive.
    pub(super) pods: usize,
}

/// The four sets on which Karpenter's consolidation was measured before (issue 6).
pub(super) fn consolidated() -> [Consolidated; 4] {
    let set = |key, name, list, rows: &[&str], pools, pods| Consolidated {
        key,
        name,
        workload: Workload::new(name, list, rows, pools),
        pods,
    };
    let without_gpu = ["--all", "--where", "num_gpu=0"];
    [
        set("openb-cpu", "openb, pods without GPU", OPENB, &without_gpu, OPEN, 800),
        set("dlrm", "DLRM at 0 s", DLRM, &["--at", "0"], OPEN, 800),
        set("openb", "openb, all", OPENB, &["--all"], OPEN, 800),
        set(
            "azure",
            "Azure at 1,900,000 s, up to 32 vCPU",
            AZURE,
            &["--at", "1900000"],
            CAPPED,
            1500,
        ),
    ]
}

/// Every variant of openb, and the DLRM and Azure recordings at five times each.
pub(super) fn more() -> Vec<Workload> {
    let variants = OPENB_VARIANTS.map(|variant| {
        let list = format!("pods/alibaba-gpu-2023/openb_pod_list_{variant}.csv");
        Workload::new(&format!("openb {variant}"), &list, &["--all"], OPEN)
    });
    let at = |name: &'static str, list, times: [u32; 5]| {
        times.map(move |time| {
            let time = time.to_string();
            Workload::new(&format!("{name} at {time} s"), list, &["--at", &time], OPEN)
        })
    };
    let [dlrm, azure] = [at("DLRM", DLRM, DLRM_TIMES), at("Azure", AZURE, AZURE_TIMES)];
    variants.into_iter().chain(dlrm).chain(azure).collect()
}

/// The list of openb repeated to a million pods, written to `scratch`.
pub(super) fn million(data: &Path, scratch: &Path) -> anyhow::Result<Workload> {
    let once = fs::read_to_string(data.join(OPENB)).with_context(|| format!("reading {OPENB}"))?;
    let (header, rows) = once.split_once('\n').context("openb has a header")?;
    let text = format!("{header}\n{}", rows.repeat(REPEATS));
    fs::write(scratch.join(MILLION), text).with_context(|| format!("writing {MILLION}"))?;
    Ok(Workload::new("openb repeated to 1,002,696 pods", MILLION, &["--all"], OPEN))
}
