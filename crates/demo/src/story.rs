//! The story, stage by stage: pods come, some go, a machine is taken away, all go. Each stage waits for what
//! the controller does, and fails where it does not come.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use testcluster::wait::Deadline;
use testcluster::workloads::{self, PodShape};

use crate::bound::bound;
use crate::frame::{Line, frame};
use crate::look::{View, look};
use crate::screen::Screen;
use crate::world::World;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// A stage takes seconds on idle cores.
const STAGE_MAX: Duration = Duration::from_mins(4);

/// Like pods under one name.
struct Workload {
    name: &'static str,
    pods: u32,
    requests: [(&'static str, &'static str); 2],
    capacity_type: &'static str,
}

const WORKLOADS: [Workload; 3] = [
    Workload {
        name: "web",
        pods: 24,
        requests: [("cpu", "500m"), ("memory", "1Gi")],
        capacity_type: "on-demand",
    },
    Workload {
        name: "search",
        pods: 8,
        requests: [("cpu", "1500m"), ("memory", "6Gi")],
        capacity_type: "on-demand",
    },
    Workload {
        name: "batch",
        pods: 12,
        requests: [("cpu", "1"), ("memory", "3Gi")],
        capacity_type: "spot",
    },
];

/// What the demo is given.
#[derive(Clone, Debug)]
pub struct Options {
    /// The controller's binary.
    pub controller: PathBuf,
    /// The folder that `crds/` and `deploy/` are in.
    pub root: PathBuf,
    /// Lines instead of frames that are drawn over.
    pub plain: bool,
    /// How long it stays where it is.
    pub pace: Pace,
}

/// How long the story stays where it is.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// A fleet that stayed the same for this long has come to rest: more than `consolidateAfter`, with time
    /// for what follows.
    pub rest: Duration,
    /// How long a stage's last frame stays.
    pub linger: Duration,
}

impl Pace {
    /// For people who watch.
    pub const LEISURELY: Self =
        Self { rest: Duration::from_secs(20), linger: Duration::from_secs(4) };
    /// For those who wait for the end.
    pub const FAST: Self = Self { rest: Duration::from_secs(15), linger: Duration::ZERO };
}

/// What was seen at the end of a stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What happened.
    pub title: String,
    /// Nodes, by name.
    pub nodes: Vec<String>,
    /// Pods that ran.
    pub running: usize,
    /// Of all nodes, USD an hour.
    pub bill: f64,
    /// What the pods that ran cost at least, USD an hour.
    pub bound: f64,
    /// What was shown.
    pub frame: Vec<Line>,
}

struct Teller {
    world: World,
    screen: Screen,
    pace: Pace,
    title: String,
    /// The bound, and what it is of.
    bound: Option<(Vec<String>, f64)>,
    stages: Vec<Stage>,
}

/// Tells it from beginning to end, writing to `out`; all that was started is gone by then.
pub async fn tell(options: &Options, out: Box<dyn Write + Send>) -> anyhow::Result<Vec<Stage>> {
    let mut screen = Screen::new(out, options.plain);
    screen.begin("a control plane, kubelets, a simulated AWS and the controller start")?;
    let world = Box::pin(World::start(options)).await?;
    let (title, stages) = (String::new(), Vec::new());
    let mut teller = Teller { world, screen, pace: options.pace, title, bound: None, stages };
    teller.pools_are_ready().await?;
    teller.grows().await?;
    teller.shrinks().await?;
    teller.loses_a_machine().await?;
    teller.goes().await?;
    Ok(teller.stages)
}

impl Teller {
    /// The controller has looked at what the pools refer to.
    async fn pools_are_ready(&mut self) -> anyhow::Result<()> {
        let deadline = Deadline::after(STAGE_MAX);
        while !self.world.is_ready().await? {
            self.world.check()?;
            if deadline.is_over() {
                bail!("the pools are not ready within {STAGE_MAX:?}");
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    async fn grows(&mut self) -> anyhow::Result<()> {
        let count: u32 = WORKLOADS.iter().map(|workload| workload.pods).sum();
        self.begin(&format!("1 of 4: {count} pods of three workloads come"))?;
        for Workload { name, pods, requests, capacity_type } in WORKLOADS {
            let shape = PodShape::requesting(&requests)
                .selecting(&[("karpenter.sh/capacity-type", capacity_type)]);
            let deployment = workloads::deployment(name, pods, &shape);
            workloads::create(&self.world.client, &deployment).await?;
        }
        let count = usize::try_from(count)?;
        let run = |view: &View| view.running == count && view.is_quiet();
        let view = self.until("all pods run", run).await?;
        self.end(&view, "all pods run on machines that were bought for them").await
    }

    async fn shrinks(&mut self) -> anyhow::Result<()> {
        self.begin("2 of 4: 60 % of the pods go, and the fleet follows")?;
        for Workload { name, pods, .. } in WORKLOADS {
            workloads::scale(&self.world.client, name, pods * 2 / 5).await?;
        }
        let view = self.rest().await?;
        self.end(&view, "the fleet is at rest").await
    }

    /// EC2 says that it takes a spot machine back. Its pods run elsewhere before it goes.
    async fn loses_a_machine(&mut self) -> anyhow::Result<()> {
        self.begin("3 of 4: EC2 gives notice of a spot machine")?;
        let view = self.show().await?;
        let spot = view.nodes.iter().filter(|row| row.capacity_type == "spot");
        let lost = spot.max_by_key(|row| row.pods).cloned().context("there is no spot node")?;
        let machines = self.world.account.ever_launched().await?;
        let machine = machines.into_iter().find(|machine| machine.node_name == lost.name);
        self.world.warn_of(&machine.context("the node has no machine")?.id).await?;
        let running = view.running;
        let gone = |view: &View| view.nodes.iter().all(|row| row.name != lost.name);
        let back = |view: &View| gone(view) && view.is_quiet() && view.running == running;
        let view = self.until("the pods of the machine run elsewhere", back).await?;
        self.end(&view, "its pods run elsewhere").await
    }

    async fn goes(&mut self) -> anyhow::Result<()> {
        self.begin("4 of 4: all pods go")?;
        for Workload { name, .. } in WORKLOADS {
            workloads::scale(&self.world.client, name, 0).await?;
        }
        let view = self.until("no node is left", |view| view.nodes.is_empty()).await?;
        self.end(&view, "nothing is left, and nothing is paid").await
    }

    fn begin(&mut self, title: &str) -> anyhow::Result<()> {
        title.clone_into(&mut self.title);
        Ok(self.screen.begin(title)?)
    }

    /// Keeps what was seen last, and leaves it to the reader for a while.
    async fn end(&mut self, view: &View, what: &str) -> anyhow::Result<()> {
        let bound = self.bound.as_ref().map_or(0.0, |(_, bound)| *bound);
        let frame = frame(&self.title, view, Some(bound));
        self.screen.end(what, &frame)?;
        let nodes = view.nodes.iter().map(|row| row.name.clone()).collect();
        let (title, running, bill) = (self.title.clone(), view.running, view.bill);
        self.stages.push(Stage { title, nodes, running, bill, bound, frame });
        tokio::time::sleep(self.pace.linger).await;
        Ok(())
    }

    /// Looks, shows what is seen, and gives it.
    async fn show(&mut self) -> anyhow::Result<View> {
        self.world.check()?;
        let view = look(&self.world.client, &self.world.log).await?;
        if self.bound.as_ref().is_none_or(|(of, _)| *of != view.pods) {
            self.bound = Some((view.pods.clone(), bound(&self.world.client).await?));
        }
        let bound = self.bound.as_ref().map(|(_, bound)| *bound);
        self.screen.show(&frame(&self.title, &view, bound))?;
        Ok(view)
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&View) -> bool) -> anyhow::Result<View> {
        let deadline = Deadline::after(STAGE_MAX);
        loop {
            let view = self.show().await?;
            if holds(&view) {
                return Ok(view);
            }
            if deadline.is_over() {
                bail!("{what}: not within {STAGE_MAX:?}; last seen: {view:#?}");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Until the fleet stays the same, every pod running and no node empty.
    async fn rest(&mut self) -> anyhow::Result<View> {
        let deadline = Deadline::after(STAGE_MAX);
        let mut seen: (Vec<String>, Deadline) = (Vec::new(), Deadline::after(self.pace.rest));
        loop {
            let view = self.show().await?;
            let names: Vec<String> = view.nodes.iter().map(|row| row.name.clone()).collect();
            let rests = view.is_quiet() && view.nodes.iter().all(|row| row.pods > 0);
            if names != seen.0 || !rests {
                seen = (names, Deadline::after(self.pace.rest));
            } else if seen.1.is_over() {
                return Ok(view);
            }
            if deadline.is_over() {
                bail!("the fleet does not come to rest within {STAGE_MAX:?}: {view:#?}");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
