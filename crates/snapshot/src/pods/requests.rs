//! What a pod asks for, as kube-scheduler sees it after the API server's defaulting.
//!
//! Input: a pod spec, the path to it, and the default requests of its namespace. Output: effective
//! requests, `pods: 1` included.
//!
//! Sources, Kubernetes v1.36: `pkg/apis/core/v1/defaults.go` (`SetDefaults_Pod`, which runs before
//! admission, so a limit wins over a `LimitRange`'s default request),
//! `plugin/pkg/admission/limitranger/admission.go`, and
//! `staging/src/k8s.io/component-helpers/resource/helpers.go` (`PodRequests`).

use api::{Container, PodSpec};
use model::{Resources, well_known};

use super::Problem;
use super::amounts::{Quantities, add, fill, parse, raise, resources};

/// The effective requests of a pod; `defaults` are the requests of containers that have none.
pub(super) fn effective(
    spec: &PodSpec,
    path: &str,
    defaults: Option<&Quantities>,
) -> Result<Resources, Problem> {
    let containers = Containers { spec, path, defaults: None };
    let admitted = Containers { defaults, ..containers };
    let mut requests = admitted.requests()?;
    raise_to_pod_level(&mut requests, &containers)?;
    add(&mut requests, &parse(&spec.overhead, &format!("{path}.overhead"))?);
    Ok(resources(&requests).with(well_known::PODS, 1))
}

#[derive(Clone, Copy)]
struct Containers<'a> {
    spec: &'a PodSpec,
    path: &'a str,
    defaults: Option<&'a Quantities>,
}

impl Containers<'_> {
    /// The most that the containers ask for at any time: sidecars with all that starts after them,
    /// other init containers one after another before the main ones.
    fn requests(&self) -> Result<Quantities, Problem> {
        let mut running = Quantities::new();
        for (index, container) in self.spec.containers.iter().enumerate() {
            add(&mut running, &self.of(container, "containers", index)?);
        }
        let mut sidecars = Quantities::new();
        let mut starting = Quantities::new();
        for (index, container) in self.spec.init_containers.iter().enumerate() {
            let mut requests = self.of(container, "initContainers", index)?;
            if container.restart_policy.as_deref() == Some("Always") {
                add(&mut running, &requests);
                add(&mut sidecars, &requests);
                raise(&mut starting, &sidecars);
            } else {
                add(&mut requests, &sidecars);
                raise(&mut starting, &requests);
            }
        }
        raise(&mut running, &starting);
        Ok(running)
    }

    fn of(&self, container: &Container, list: &str, index: usize) -> Result<Quantities, Problem> {
        let path = format!("{}.{list}[{index}].resources", self.path);
        let mut requests = parse(&container.resources.requests, &format!("{path}.requests"))?;
        let limits = parse(&container.resources.limits, &format!("{path}.limits"))?;
        fill(&mut requests, &limits);
        if let Some(defaults) = self.defaults {
            fill(&mut requests, defaults);
        }
        Ok(requests)
    }
}

/// `spec.resources`: where it has limits, absent requests become those of the containers, or the
/// limits where the containers have none; what is requested there replaces the containers' sum.
fn raise_to_pod_level(
    requests: &mut Quantities,
    containers: &Containers<'_>,
) -> Result<(), Problem> {
    let Some(pod) = &containers.spec.resources else {
        return Ok(());
    };
    let path = format!("{}.resources", containers.path);
    let mut wanted = parse(&pod.requests, &format!("{path}.requests"))?;
    let limits = parse(&pod.limits, &format!("{path}.limits"))?;
    if !limits.is_empty() {
        fill(&mut wanted, &containers.requests()?);
        fill(&mut wanted, &limits);
    }
    let at_pod_level = |name: &str| {
        name == well_known::CPU || name == well_known::MEMORY || name.starts_with("hugepages-")
    };
    requests.extend(wanted.into_iter().filter(|(name, _)| at_pod_level(name.as_str())));
    Ok(())
}
