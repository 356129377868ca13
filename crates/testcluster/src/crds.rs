//! Custom resource definitions from files, served before anybody uses them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt as _};

use crate::wait::until;
use crate::{Error, Result};

/// From the creation of a definition until it is served; 100 ms on idle cores.
const SERVED_MAX: Duration = Duration::from_mins(2);

/// Applies every `.yaml` file of `folder`.
pub(crate) async fn install(client: &Client, folder: &Path) -> Result<()> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let mut names = Vec::new();
    for definition in read(folder)? {
        let name = definition.name_any();
        let patch = PatchParams::apply("testcluster").force();
        let applied = api.patch(&name, &patch, &Patch::Apply(&definition)).await;
        applied.map_err(Error::kube(format!("applying the definition `{name}`")))?;
        names.push(name);
    }
    for name in names {
        let what = format!("`{name}` is served");
        until(&what, SERVED_MAX, async || {
            let found = api.get(&name).await?;
            if !is_served(&found) {
                return Ok(None);
            }
            // Its storage begins a moment after its name is taken.
            let objects: Api<DynamicObject> = Api::all_with(client.clone(), &resource(&found));
            objects.list(&ListParams::default().limit(1)).await.map(|_| Some(()))
        })
        .await?;
    }
    Ok(())
}

fn read(folder: &Path) -> Result<Vec<CustomResourceDefinition>> {
    let failed = || Error::io(format!("reading the definitions in {}", folder.display()));
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed())? {
        let path = entry.map_err(failed())?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut definitions = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(failed())?;
        let parsed = serde_saphyr::from_multiple(&text).map_err(|error| Error::Answer {
            doing: format!("parsing {}", path.display()),
            answer: error.to_string(),
        })?;
        definitions.extend(parsed);
    }
    Ok(definitions)
}

fn is_served(definition: &CustomResourceDefinition) -> bool {
    let conditions = definition.status.iter().flat_map(|status| &status.conditions).flatten();
    conditions.into_iter().any(|one| one.type_ == "Established" && one.status == "True")
}

/// The resource that the definition is of, at its newest version.
fn resource(definition: &CustomResourceDefinition) -> ApiResource {
    let spec = &definition.spec;
    let version = spec.versions.first().map(|version| version.name.clone()).unwrap_or_default();
    ApiResource {
        group: spec.group.clone(),
        api_version: format!("{}/{version}", spec.group),
        version,
        kind: spec.names.kind.clone(),
        plural: spec.names.plural.clone(),
    }
}
