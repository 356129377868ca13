//! The Go modules that pin the control plane, KWOK and Helm, and how their binaries are built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::{self, run, say};
use super::golang;
use crate::{Error, Result};

/// The folder of KWOK's stages, within that of its binary.
pub(super) const STAGES: &str = "stages";

/// A Go module of this crate and what is built from it.
pub(super) struct Module {
    /// Its folder beside this crate's manifest.
    folder: &'static str,
    manifest: &'static str,
    /// The dependency whose version names the cache folder.
    main: &'static str,
    /// Packages with the names of their binaries.
    packages: &'static [(&'static str, &'static str)],
    /// Folders of the main dependency that are kept beside the binaries, with their new names.
    data: &'static [(&'static str, &'static str)],
    /// The linker's settings that tell the binaries their version, as in releases.
    version_settings: fn(&str) -> String,
    /// How long it takes on two cores with nothing cached.
    duration: &'static str,
}

pub(super) const CONTROL_PLANE: Module = Module {
    folder: "controlplane",
    manifest: include_str!("../../controlplane/go.mod"),
    main: "k8s.io/kubernetes",
    packages: &[
        ("go.etcd.io/etcd/server/v3", "etcd"),
        ("k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver"),
        ("k8s.io/kubernetes/cmd/kube-controller-manager", "kube-controller-manager"),
        ("k8s.io/kubernetes/cmd/kube-scheduler", "kube-scheduler"),
    ],
    data: &[],
    version_settings: kubernetes_version,
    duration: "about 6 minutes",
};

pub(super) const KWOK: Module = Module {
    folder: "kwok",
    manifest: include_str!("../../kwok/go.mod"),
    main: "sigs.k8s.io/kwok",
    packages: &[("sigs.k8s.io/kwok/cmd/kwok", "kwok")],
    data: &[("kustomize/stage", STAGES)],
    version_settings: kubernetes_version,
    duration: "about 90 seconds",
};

pub(super) const HELM: Module = Module {
    folder: "helm",
    manifest: include_str!("../../helm/go.mod"),
    main: "helm.sh/helm/v4",
    packages: &[("helm.sh/helm/v4/cmd/helm", "helm")],
    data: &[],
    version_settings: helm_version,
    duration: "about 3 minutes",
};

impl Module {
    /// The folder of the binaries, which are built first where they are missing.
    pub(super) fn built(&self) -> Result<PathBuf> {
        let version = self.version();
        cache::folder(&format!("{}-{version}", self.folder), self.manifest, |into| {
            let (folder, duration) = (self.folder, self.duration);
            say(&format!("building {folder} {version} from source, {duration} the first time"));
            self.build(&version, into)?;
            for (from, to) in self.data {
                copy(&self.source()?.join(from), &into.join(to))?;
            }
            say(&format!("built {folder} {version} in {}", into.display()));
            Ok(())
        })
    }

    /// The version of the main dependency, as the manifest pins it.
    fn version(&self) -> String {
        let words = self.manifest.lines().map(|line| line.trim().trim_start_matches("require "));
        let pinned = words.filter_map(|line| line.strip_prefix(self.main)?.strip_prefix(' '));
        let version = pinned
            .filter_map(|rest| rest.split(' ').next())
            .find(|version| version.starts_with('v'));
        version.expect("the manifest in this crate pins its main dependency").to_owned()
    }

    /// One command for all packages, so that what they share is compiled once and links run side by side.
    fn build(&self, version: &str, into: &Path) -> Result<()> {
        let remedy = "Go's module proxy must be in reach";
        let packages = self.packages.iter().map(|(package, _)| package);
        // No debug information.
        let flags = format!("-s -w {}", (self.version_settings)(version));
        let mut go = self.go()?;
        go.args(["build", "-trimpath", "-ldflags", &flags, "-o"]).arg(into);
        run(go.args(packages), remedy)?;
        for (package, name) in self.packages {
            let built = into.join(built_name(package));
            let wanted = into.join(name);
            let failed = Error::io(format!("naming {}", wanted.display()));
            fs::rename(&built, &wanted).map_err(failed)?;
        }
        Ok(())
    }

    /// Where Go keeps the source of the main dependency.
    fn source(&self) -> Result<PathBuf> {
        let mut go = self.go()?;
        go.args(["list", "-m", "-f", "{{.Dir}}", self.main]);
        let path = run(&mut go, "the module cache may be damaged: `go clean -modcache`")?;
        Ok(PathBuf::from(path.trim()))
    }

    fn go(&self) -> Result<Command> {
        let mut go = Command::new(golang::go(golang::FOR_MODULES)?);
        go.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(self.folder))
            .env("GOTOOLCHAIN", "local")
            .env("GOFLAGS", "-mod=readonly -buildvcs=false")
            .env("GOWORK", "off")
            .env("CGO_ENABLED", "0");
        Ok(go)
    }
}

fn kubernetes_version(version: &str) -> String {
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or("1"), parts.next().unwrap_or("0"));
    let package = "k8s.io/component-base/version";
    format!(
        "-X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
    )
}

fn helm_version(version: &str) -> String {
    format!("-X helm.sh/helm/v4/internal/version.version={version}")
}

/// Go names a binary by the last part of its package's path that is no version.
fn built_name(package: &str) -> &str {
    let is_version =
        |part: &&str| part.strip_prefix('v').is_some_and(|rest| rest.parse::<u32>().is_ok());
    package.rsplit('/').find(|part| !is_version(part)).unwrap_or(package)
}

/// Copies a folder with all that is in it; the module cache is read-only, the copy is not.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let failed = || Error::io(format!("copying {}", from.display()));
    fs::create_dir_all(to).map_err(failed())?;
    for entry in fs::read_dir(from).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(failed())?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            let content = fs::read(entry.path()).map_err(failed())?;
            fs::write(&target, content).map_err(failed())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{CONTROL_PLANE, HELM, KWOK, built_name};

    #[test]
    fn versions_are_read_from_the_manifests() {
        assert!(CONTROL_PLANE.version().starts_with("v1.36."), "{}", CONTROL_PLANE.version());
        assert!(KWOK.version().starts_with("v0.8."), "{}", KWOK.version());
        assert!(HELM.version().starts_with("v4."), "{}", HELM.version());
    }

    #[test]
    fn binaries_are_named_as_go_does() {
        assert_eq!(built_name("go.etcd.io/etcd/server/v3"), "server");
        assert_eq!(built_name("sigs.k8s.io/kwok/cmd/kwok"), "kwok");
    }
}
