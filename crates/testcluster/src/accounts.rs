//! Objects from files, and kubeconfigs of service accounts: whoever uses one has the rights that RBAC
//! gives to the account, and no others.

use std::fs;
use std::path::{Path, PathBuf};

use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams, TypeMeta};
use kube::core::GroupVersionKind;
use kube::{Api, Client, ResourceExt as _, discovery};
use serde_json::{Value, json};

use crate::{Error, Result, TestCluster};

impl TestCluster {
    /// Applies all objects of a YAML file.
    pub async fn apply(&self, file: &Path) -> Result<()> {
        let doing = || format!("reading {}", file.display());
        let text = fs::read_to_string(file).map_err(Error::io(doing()))?;
        self.apply_text(&text).await
    }

    /// Applies all objects of a YAML text.
    pub async fn apply_text(&self, text: &str) -> Result<()> {
        let doing = || "reading objects to apply".to_owned();
        let objects: Vec<DynamicObject> = serde_saphyr::from_multiple(text)
            .map_err(|error| Error::Answer { doing: doing(), answer: error.to_string() })?;
        for object in objects {
            apply(self.client(), &object).await?;
        }
        Ok(())
    }

    /// A kubeconfig file with a token of a service account that is there; it is good for an hour.
    pub async fn service_account(&self, namespace: &str, name: &str) -> Result<PathBuf> {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client(), namespace);
        let (parameters, request) = (PostParams::default(), TokenRequest::default());
        let asked = accounts.create_token_request(name, &parameters, &request).await;
        let doing = format!("asking for a token of the account `{namespace}/{name}`");
        let token = asked.map_err(Error::kube(doing))?.status.map(|status| status.token);
        let mut config = json!(self.kubeconfig());
        config["users"][0]["user"] = json!({"token": token});
        config["contexts"][0]["context"]["namespace"] = Value::from(namespace);
        let file = self.folder().join(format!("{namespace}-{name}.kubeconfig"));
        let failed = Error::io(format!("writing {}", file.display()));
        fs::write(&file, config.to_string()).map_err(failed)?;
        Ok(file)
    }
}

async fn apply(client: Client, object: &DynamicObject) -> Result<()> {
    let TypeMeta { api_version, kind } = object.types.clone().unwrap_or_default();
    let name = object.name_any();
    let doing = || format!("applying {kind} `{name}`");
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let kind_of = GroupVersionKind::gvk(group, version, &kind);
    let found = discovery::pinned_kind(&client, &kind_of).await.map_err(Error::kube(doing()))?;
    let (resource, _) = found;
    let api: Api<DynamicObject> = match &object.metadata.namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, &resource),
        None => Api::all_with(client, &resource),
    };
    let parameters = PatchParams::apply("testcluster").force();
    let applied = api.patch(&name, &parameters, &Patch::Apply(object)).await;
    applied.map(|_| ()).map_err(Error::kube(doing()))
}
