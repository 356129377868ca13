//! What each process of a control plane is told: ports, certificates, files, arguments.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use kube::config::Kubeconfig;
use serde_json::{Map, Value, json};

use super::{NODE_ANNOTATION, Options, PodPace, Programs, QPS};
use super::{free_ports, kubeconfig_json};
use crate::binaries::Binaries;
use crate::folder::Folder;
use crate::pki::{Authority, Identity};
use crate::process::Program;
use crate::{Error, Result};

/// Seconds after which a node whose Lease nobody renews is taken for dead; KWOK's own default.
const NODE_LEASE_SECONDS: u32 = 40;

/// How much more memory than what is in use a process may take before it collects garbage, in percent; Go's own
/// default, 100, costs a tenth more of the cores, which tests have fewer of than memory.
const GARBAGE: &str = "400";

/// Everything that is decided before the first process starts.
pub(super) struct Plan {
    pub(super) programs: Programs,
    pub(super) kubeconfig: Kubeconfig,
    pub(super) kubeconfig_path: PathBuf,
}

/// Makes the certificates and files of a cluster in `folder`.
pub(super) fn plan(folder: &Folder, binaries: &Binaries, options: &Options) -> Result<Plan> {
    let [client_port, peer_port, api_port] = free_ports()?;
    let path = folder.path();
    let authority = Authority::new(path)?;
    let tokens = authority.service_account_key()?;
    let user = |name: &str, group| -> Result<(Value, PathBuf)> {
        let identity = authority.client(name, group)?;
        let value = kubeconfig_json(api_port, &authority, &identity);
        let file = path.join(format!("{}.kubeconfig", name.replace(':', "-")));
        write(&file, &value)?;
        Ok((value, file))
    };
    let (admin, kubeconfig_path) = user("test-admin", Some("system:masters"))?;
    let (_, kwok_user) = user("kwok", Some("system:masters"))?;
    let (_, manager_user) = user("system:kube-controller-manager", None)?;
    let (_, scheduler_user) = user("system:kube-scheduler", None)?;
    let program = |name: &'static str, binary: &Path, arguments: Vec<OsString>| Program {
        name,
        path: binary.to_owned(),
        arguments,
        environment: vec![("GOGC", GARBAGE.into())],
        inherits: true,
        folder: path.to_owned(),
        log: folder.logs().join(format!("{name}.log")),
    };
    let server = authority.server()?;
    let programs = Programs {
        etcd: program("etcd", &binaries.etcd, etcd(path, client_port, peer_port)),
        api_server: program("kube-apiserver", &binaries.kube_apiserver, {
            let mut arguments = api_server(client_port, api_port, &authority, &server, &tokens);
            arguments.extend(options.api_server.iter().map(OsString::from));
            if let Some(user) = &options.audited {
                arguments.extend(audit(path, user)?);
            }
            arguments
        }),
        controller_manager: program(
            "kube-controller-manager",
            &binaries.kube_controller_manager,
            {
                let mut arguments = controller_manager(&manager_user, &authority, &tokens);
                arguments.extend(options.controller_manager.iter().map(OsString::from));
                arguments
            },
        ),
        scheduler: program("kube-scheduler", &binaries.kube_scheduler, {
            let mut arguments = scheduler(path, &scheduler_user, &options.scheduler)?;
            arguments.extend(options.scheduler_arguments.iter().map(OsString::from));
            arguments
        }),
        kwok: program("kwok", &binaries.kwok, kwok(&kwok_user, &binaries.stages, options.pods)?),
    };
    let kubeconfig = serde_json::from_value(admin).expect("the kubeconfig has its fields");
    Ok(Plan { programs, kubeconfig, kubeconfig_path })
}

/// A store without fsync: it outlives its processes, not its machine.
fn etcd(folder: &Path, client_port: u16, peer_port: u16) -> Vec<OsString> {
    let client = format!("http://127.0.0.1:{client_port}");
    let peer = format!("http://127.0.0.1:{peer_port}");
    vec![
        flag("data-dir", folder.join("etcd")),
        flag("listen-client-urls", &client),
        flag("advertise-client-urls", &client),
        flag("listen-peer-urls", &peer),
        flag("initial-advertise-peer-urls", &peer),
        flag("initial-cluster", format!("default={peer}")),
        flag("unsafe-no-fsync", "true"),
        flag("log-level", "warn"),
    ]
}

/// The default admission plugins and those that a cluster on EC2 has besides.
fn api_server(
    store_port: u16,
    port: u16,
    authority: &Authority,
    server: &Identity,
    tokens: &Identity,
) -> Vec<OsString> {
    vec![
        flag("etcd-servers", format!("http://127.0.0.1:{store_port}")),
        flag("bind-address", "127.0.0.1"),
        flag("secure-port", port.to_string()),
        // A loopback address cannot stand in the Endpoints of the `kubernetes` service.
        flag("endpoint-reconciler-type", "none"),
        flag("tls-cert-file", &server.certificate),
        flag("tls-private-key-file", &server.key),
        flag("client-ca-file", &authority.certificate),
        flag("service-account-issuer", "https://kubernetes.default.svc"),
        flag("service-account-key-file", &tokens.certificate),
        flag("service-account-signing-key-file", &tokens.key),
        flag("service-cluster-ip-range", "10.0.0.0/16"),
        flag("authorization-mode", "Node,RBAC"),
        flag("enable-admission-plugins", "NodeRestriction"),
        flag("allow-privileged", "true"),
        flag("profiling", "false"),
    ]
}

/// Who asked for what, by the resource, for one user; each request is in the log before it is answered.
fn audit(folder: &Path, user: &str) -> Result<Vec<OsString>> {
    let policy = folder.join("audit-policy.json");
    let rules = json!([{"level": "Metadata", "users": [user]}, {"level": "None"}]);
    let content = json!({
        "apiVersion": "audit.k8s.io/v1", "kind": "Policy",
        "omitStages": ["RequestReceived"], "rules": rules,
    });
    write(&policy, &content)?;
    let log = folder.join(crate::audit::LOG);
    Ok(vec![
        flag("audit-policy-file", policy),
        flag("audit-log-path", log),
        flag("audit-log-mode", "blocking"),
    ])
}

fn controller_manager(user: &Path, authority: &Authority, tokens: &Identity) -> Vec<OsString> {
    vec![
        flag("kubeconfig", user),
        flag("service-account-private-key-file", &tokens.key),
        flag("root-ca-file", &authority.certificate),
        // Each controller acts as its own service account, with the rights that RBAC gives to it.
        flag("use-service-account-credentials", "true"),
        flag("leader-elect", "false"),
        flag("secure-port", "0"),
        flag("kube-api-qps", QPS.to_string()),
        flag("kube-api-burst", QPS.to_string()),
        flag("profiling", "false"),
    ]
}

/// The scheduler takes these from a file only.
fn scheduler(folder: &Path, user: &Path, settings: &Value) -> Result<Vec<OsString>> {
    let mut config = Map::new();
    config.insert("apiVersion".to_owned(), json!("kubescheduler.config.k8s.io/v1"));
    config.insert("kind".to_owned(), json!("KubeSchedulerConfiguration"));
    config.insert("leaderElection".to_owned(), json!({"leaderElect": false}));
    let connection = json!({"kubeconfig": user, "qps": QPS, "burst": QPS});
    config.insert("clientConnection".to_owned(), connection);
    config.extend(settings.as_object().cloned().unwrap_or_default());
    let file = folder.join("scheduler.json");
    write(&file, &Value::Object(config))?;
    Ok(vec![flag("config", file), flag("secure-port", "0")])
}

/// Pods and Leases are KWOK's; the state of nodes is left to whoever made them, so that they can join late.
///
/// Without any stage for nodes KWOK manages none. The heartbeat is for nodes that KWOK itself brought into
/// the phase `Running`, which it does to none here.
fn kwok(user: &Path, stages: &Path, pace: PodPace) -> Result<Vec<OsString>> {
    let pods = match pace {
        PodPace::Fast => "pod/fast",
        PodPace::General => "pod/general",
    };
    let mut arguments = vec![
        flag("kubeconfig", user),
        flag("manage-all-nodes", "false"),
        flag("manage-nodes-with-annotation-selector", format!("{NODE_ANNOTATION}=fake")),
        flag("node-lease-duration-seconds", NODE_LEASE_SECONDS.to_string()),
        flag("server-address", ""),
    ];
    for folder in [pods, "node/heartbeat-with-lease"] {
        let files = stage_files(&stages.join(folder))?;
        arguments.extend(files.into_iter().map(|file| flag("config", file)));
    }
    Ok(arguments)
}

/// The stages in a folder of KWOK's, without the file that only lists them.
fn stage_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = || Error::io(format!("reading KWOK's stages in {}", folder.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed())? {
        let file = entry.map_err(failed())?.path();
        let is_yaml = file.extension().is_some_and(|extension| extension == "yaml");
        if is_yaml && file.file_name().is_some_and(|name| name != "kustomization.yaml") {
            files.push(file);
        }
    }
    Ok(files)
}

fn flag(name: &str, value: impl Into<OsString>) -> OsString {
    let mut flag = OsString::from(format!("--{name}="));
    flag.push(value.into());
    flag
}

fn write(file: &Path, value: &Value) -> Result<()> {
    fs::write(file, value.to_string()).map_err(Error::io(format!("writing {}", file.display())))
}
