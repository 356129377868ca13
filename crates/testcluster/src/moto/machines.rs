//! The running instances of an account, as machines for [`crate::kubelets`].

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::{Document, Node};
use serde_json::json;

use super::{Account, xml};
use crate::kubelets::{Instances, Machine};
use crate::{Error, Result};

/// moto filters its whole list again for each page, so pages are as large as EC2 allows.
const PAGE: &str = "1000";

impl Instances for Account {
    async fn running(&self, known: &BTreeSet<String>) -> Result<Vec<Machine>> {
        let filter = [
            ("Filter.1.Name", "instance-state-name".to_owned()),
            ("Filter.1.Value.1", "running".to_owned()),
        ];
        let mut machines = self.machines(&filter).await?;
        for machine in machines.iter_mut().filter(|machine| !known.contains(&machine.id)) {
            machine.user_data = self.user_data(&machine.id).await?;
        }
        Ok(machines)
    }
}

impl Account {
    /// All machines that were ever launched, by id, whatever has become of them. moto never forgets one;
    /// they are without their user data.
    pub async fn ever_launched(&self) -> Result<Vec<Machine>> {
        self.machines(&[]).await
    }

    /// Names of all launch templates.
    pub async fn launch_templates(&self) -> Result<Vec<String>> {
        let answer = self.call("ec2", "DescribeLaunchTemplates", &[]).await?;
        let document = parsed(&answer, "DescribeLaunchTemplates")?;
        let templates = xml::items(document.root_element(), "launchTemplates");
        Ok(templates.map(|one| xml::text(one, &["launchTemplateName"])).collect())
    }

    async fn machines(&self, filter: &[(&str, String)]) -> Result<Vec<Machine>> {
        let mut machines = Vec::new();
        let mut token = String::new();
        loop {
            let mut parameters = filter.to_vec();
            parameters.push(("MaxResults", PAGE.to_owned()));
            if !token.is_empty() {
                parameters.push(("NextToken", token));
            }
            let answer = self.call("ec2", "DescribeInstances", &parameters).await?;
            machines.extend(machines_of(&answer)?);
            token = xml::first(&answer, "nextToken").unwrap_or_default();
            if token.is_empty() {
                return Ok(machines);
            }
        }
    }

    async fn user_data(&self, id: &str) -> Result<Option<String>> {
        let parameters = [("InstanceId", id.to_owned()), ("Attribute", "userData".to_owned())];
        let answer = self.call("ec2", "DescribeInstanceAttribute", &parameters).await?;
        let encoded = xml::first(&answer, "value").filter(|value| !value.is_empty());
        // Kubernetes' byte strings are Base64 as well.
        let decoded = encoded
            .and_then(|text| serde_json::from_value::<k8s_openapi::ByteString>(json!(text)).ok());
        Ok(decoded.map(|bytes| String::from_utf8_lossy(&bytes.0).into_owned()))
    }
}

fn machines_of(answer: &str) -> Result<Vec<Machine>> {
    let document = parsed(answer, "DescribeInstances")?;
    let reservations = xml::items(document.root_element(), "reservationSet");
    Ok(reservations.flat_map(|one| xml::items(one, "instancesSet").map(machine)).collect())
}

fn parsed<'a>(answer: &'a str, action: &str) -> Result<Document<'a>> {
    Document::parse(answer).map_err(|error| Error::Answer {
        doing: format!("reading the answer of ec2 {action}"),
        answer: error.to_string(),
    })
}

fn machine(instance: Node<'_, '_>) -> Machine {
    let text = |path: &[&str]| xml::text(instance, path);
    let tags = xml::items(instance, "tagSet");
    let tags: BTreeMap<_, _> =
        tags.map(|tag| (xml::text(tag, &["key"]), xml::text(tag, &["value"]))).collect();
    let architecture = match text(&["architecture"]).as_str() {
        "x86_64" => "amd64".to_owned(),
        other => other.to_owned(),
    };
    Machine {
        id: text(&["instanceId"]),
        node_name: text(&["privateDnsName"]),
        instance_type: text(&["instanceType"]),
        zone: text(&["placement", "availabilityZone"]),
        architecture,
        is_spot: text(&["instanceLifecycle"]) == "spot",
        tags,
        user_data: None,
    }
}
