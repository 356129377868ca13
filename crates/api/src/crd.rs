//! The custom resource definitions of the kinds that are written here, as JSON values.
//!
//! Fields, defaults, patterns, bounds and CEL rules are those that Karpenter's own definitions have,
//! so that an object of one is an object of the other; the words are ours. A test holds the fields
//! against the types. `cargo xtask crds` writes them to `crds/`.

mod node_claim;
mod node_class;
mod node_pool;
mod schema;
mod shared;

use serde_json::{Value, json};

use crate::names;
use schema::Schema;

/// A definition and its name, which is also its file's: `<group>_<plural>`.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// The file's name without its ending.
    pub file: String,
    /// The `apiextensions.k8s.io/v1` `CustomResourceDefinition`.
    pub body: Value,
}

/// All definitions, by file name.
pub fn definitions() -> Vec<Definition> {
    vec![
        definition(&EC2_NODE_CLASS, node_class::schema()),
        definition(&NODE_CLAIM, node_claim::schema()),
        definition(&NODE_POOL, node_pool::schema()),
    ]
}

/// What a definition says beside its schema.
struct Kind {
    group: &'static str,
    name: &'static str,
    plural: &'static str,
    singular: &'static str,
    short_names: &'static [&'static str],
    /// Paths of wanted and actual count.
    scale: Option<(&'static str, &'static str)>,
    columns: &'static [Column],
}

/// Name, type and JSON path; whether it is shown with `-o wide` only.
struct Column(&'static str, &'static str, &'static str, bool);

const READY: Column =
    Column("Ready", "string", r#".status.conditions[?(@.type=="Ready")].status"#, false);
const AGE: Column = Column("Age", "date", ".metadata.creationTimestamp", false);

const NODE_POOL: Kind = Kind {
    group: names::GROUP,
    name: "NodePool",
    plural: "nodepools",
    singular: "nodepool",
    short_names: &[],
    scale: Some((".spec.replicas", ".status.nodes")),
    columns: &[
        Column("NodeClass", "string", ".spec.template.spec.nodeClassRef.name", false),
        Column("Nodes", "integer", ".status.nodes", false),
        READY,
        AGE,
        Column("Weight", "integer", ".spec.weight", true),
        Column("CPU", "string", ".status.resources.cpu", true),
        Column("Memory", "string", ".status.resources.memory", true),
    ],
};

const NODE_CLAIM: Kind = Kind {
    group: names::GROUP,
    name: "NodeClaim",
    plural: "nodeclaims",
    singular: "nodeclaim",
    short_names: &[],
    scale: None,
    columns: &[
        Column("Type", "string", r".metadata.labels.node\.kubernetes\.io/instance-type", false),
        Column("Capacity", "string", r".metadata.labels.karpenter\.sh/capacity-type", false),
        Column("Zone", "string", r".metadata.labels.topology\.kubernetes\.io/zone", false),
        Column("Node", "string", ".status.nodeName", false),
        READY,
        AGE,
        Column("ImageID", "string", ".status.imageID", true),
        Column("ID", "string", ".status.providerID", true),
        Column("NodePool", "string", r".metadata.labels.karpenter\.sh/nodepool", true),
        Column("NodeClass", "string", ".spec.nodeClassRef.name", true),
        Column("Drifted", "string", r#".status.conditions[?(@.type=="Drifted")].status"#, true),
    ],
};

const EC2_NODE_CLASS: Kind = Kind {
    group: names::AWS_GROUP,
    name: "EC2NodeClass",
    plural: "ec2nodeclasses",
    singular: "ec2nodeclass",
    short_names: &["ec2nc", "ec2ncs"],
    scale: None,
    columns: &[READY, AGE, Column("Role", "string", ".spec.role", true)],
};

fn definition(kind: &Kind, schema: Schema) -> Definition {
    let columns: Vec<Value> = kind.columns.iter().map(column).collect();
    let mut names = json!({
        "categories": ["karpenter"],
        "kind": kind.name,
        "listKind": format!("{}List", kind.name),
        "plural": kind.plural,
        "singular": kind.singular,
    });
    if !kind.short_names.is_empty() {
        names["shortNames"] = json!(kind.short_names);
    }
    let mut subresources = json!({ "status": {} });
    if let Some((wanted, actual)) = kind.scale {
        subresources["scale"] = json!({ "specReplicasPath": wanted, "statusReplicasPath": actual });
    }
    let body = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{}.{}", kind.plural, kind.group) },
        "spec": {
            "group": kind.group,
            "names": names,
            "scope": "Cluster",
            "versions": [{
                "additionalPrinterColumns": columns,
                "name": "v1",
                "schema": { "openAPIV3Schema": schema.into_value() },
                "served": true,
                "storage": true,
                "subresources": subresources,
            }],
        },
    });
    Definition { file: format!("{}_{}", kind.group, kind.plural), body }
}

fn column(Column(name, kind, path, wide): &Column) -> Value {
    let mut column = json!({ "name": name, "type": kind, "jsonPath": path });
    if *wide {
        column["priority"] = json!(1);
    }
    column
}
