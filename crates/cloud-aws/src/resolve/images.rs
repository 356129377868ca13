//! Which images a node class may use, newest first, each with what it needs of the type.
//!
//! Paths of the public parameters and the requirements of each variant: `lifecycle.md` section 6.6 of
//! Karpenter's model.

use std::collections::BTreeMap;

use api::{AmiSelectorTerm, Ec2NodeClass, NodeSelectorRequirement};
use aws_sdk_ec2::types::{Filter, Image as Found};
use cloud::{ClassProblem, CloudError, Image};

use super::filters;
use crate::AwsCloud;
use crate::errors::failed;
use crate::instances::filter;

const GPU_COUNT: &str = "karpenter.k8s.aws/instance-gpu-count";
const GPU_MAKER: &str = "karpenter.k8s.aws/instance-gpu-manufacturer";
const ACCELERATOR_COUNT: &str = "karpenter.k8s.aws/instance-accelerator-count";

/// What a variant of an image family is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    Standard,
    Nvidia,
    Neuron,
}

/// A public parameter that names an image.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parameter {
    path: String,
    architecture: &'static str,
    variant: Variant,
}

impl AwsCloud {
    /// The images of all terms, or the problem why there is none.
    pub(super) async fn images(
        &self,
        class: &Ec2NodeClass,
    ) -> Result<Result<Vec<Image>, ClassProblem>, CloudError> {
        let mut found: BTreeMap<String, (String, Image)> = BTreeMap::new();
        for term in &class.spec.ami_selector_terms {
            match &term.alias {
                Some(alias) => {
                    let Some(parameters) = parameters(alias, &self.config.kubernetes_version)
                    else {
                        return Ok(Err(unsupported(alias)));
                    };
                    for (image, variant) in self.by_parameters(&parameters).await? {
                        found.insert(key(&image.1, Some(variant)), image);
                    }
                }
                None => {
                    for image in self.by_term(term).await? {
                        found.insert(key(&image.1, None), image);
                    }
                }
            }
        }
        if found.is_empty() {
            return Ok(Err(ClassProblem {
                condition: "AMIsReady",
                reason: "AMINotFound",
                message: format!(
                    "spec.amiSelectorTerms select no image for Kubernetes {}: correct them",
                    self.config.kubernetes_version
                ),
            }));
        }
        let mut images: Vec<(String, Image)> = found.into_values().collect();
        images.sort_by(|(a_made, a), (b_made, b)| {
            (a.deprecated.cmp(&b.deprecated)).then(b_made.cmp(a_made)).then(a.name.cmp(&b.name))
        });
        Ok(Ok(images.into_iter().map(|(_, image)| image).collect()))
    }

    async fn by_parameters(
        &self,
        parameters: &[Parameter],
    ) -> Result<Vec<((String, Image), Variant)>, CloudError> {
        let mut images = Vec::new();
        for parameter in parameters {
            let Some(id) = self.parameter(&parameter.path).await? else { continue };
            let described = self.describe(vec![filter("image-id", [id.as_str()])], &[]).await?;
            let Some((made, image)) = described.into_iter().next() else { continue };
            let requirements = requirements(parameter.architecture, Some(parameter.variant));
            images.push(((made, Image { requirements, ..image }), parameter.variant));
        }
        Ok(images)
    }

    async fn by_term(&self, term: &AmiSelectorTerm) -> Result<Vec<(String, Image)>, CloudError> {
        if let Some(path) = &term.ssm_parameter {
            let Some(id) = self.parameter(path).await? else { return Ok(Vec::new()) };
            return self.describe(vec![filter("image-id", [id.as_str()])], &[]).await;
        }
        let fields = [("image-id", &term.id), ("name", &term.name)];
        let Some(filters) = filters(&term.tags, fields) else { return Ok(Vec::new()) };
        let owners: Vec<String> = match (&term.owner, &term.name) {
            (Some(owner), _) => vec![owner.clone()],
            // Anybody can publish an image of any name.
            (None, Some(_)) => vec!["self".to_owned(), "amazon".to_owned()],
            (None, None) if term.id.is_none() => vec!["self".to_owned()],
            (None, None) => Vec::new(),
        };
        self.describe(filters, &owners).await
    }

    /// The value of a parameter; `None` where there is none of that name.
    async fn parameter(&self, path: &str) -> Result<Option<String>, CloudError> {
        let reply = self.ssm.get_parameter().name(path).send().await;
        match reply.map_err(|error| failed("GetParameter", &error)) {
            Ok(reply) => Ok(reply.parameter().and_then(|one| one.value()).map(str::to_owned)),
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn describe(
        &self,
        mut filters: Vec<Filter>,
        owners: &[String],
    ) -> Result<Vec<(String, Image)>, CloudError> {
        filters.push(filter("state", ["available"]));
        let call = self.ec2.describe_images().set_filters(Some(filters)).include_deprecated(true);
        let owners = (!owners.is_empty()).then(|| owners.to_vec());
        let mut pages = call.set_owners(owners).into_paginator().send();
        let mut images = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("DescribeImages", &error))?;
            images.extend(page.images().iter().filter_map(read));
        }
        Ok(images)
    }
}

fn read(found: &Found) -> Option<(String, Image)> {
    let architecture = match found.architecture()?.as_str() {
        "x86_64" => "amd64",
        "arm64" => "arm64",
        _ => return None,
    };
    let image = Image {
        id: found.image_id()?.to_owned(),
        name: found.name().unwrap_or_default().to_owned(),
        deprecated: found.deprecation_time().is_some_and(|at| at < now().as_str()),
        requirements: requirements(architecture, None),
    };
    Some((found.creation_date().unwrap_or_default().to_owned(), image))
}

/// Now in the form of EC2's dates, which are compared as text.
fn now() -> String {
    let now = jiff::Timestamp::from_second(crate::market::now().0);
    now.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

fn key(image: &Image, variant: Option<Variant>) -> String {
    format!("{} {variant:?}", image.id)
}

/// The public parameters that an alias stands for; `None` for a family that is not supported.
fn parameters(alias: &str, kubernetes: &str) -> Option<Vec<Parameter>> {
    let (family, version) = alias.split_once('@')?;
    let machines = [("x86_64", "amd64"), ("arm64", "arm64")];
    let variants: &[Variant] = match family {
        "al2023" => &[Variant::Standard, Variant::Nvidia, Variant::Neuron],
        "bottlerocket" => &[Variant::Standard, Variant::Nvidia],
        _ => return None,
    };
    let mut parameters = Vec::new();
    for (machine, architecture) in machines {
        for variant in variants {
            if *variant == Variant::Neuron && machine == "arm64" {
                continue;
            }
            let path = match family {
                "al2023" => al2023(machine, *variant, kubernetes, version),
                _ => bottlerocket(machine, *variant, kubernetes, version),
            };
            parameters.push(Parameter { path, architecture, variant: *variant });
        }
    }
    Some(parameters)
}

fn al2023(machine: &str, variant: Variant, kubernetes: &str, version: &str) -> String {
    let variant = match variant {
        Variant::Standard => "standard",
        Variant::Nvidia => "nvidia",
        Variant::Neuron => "neuron",
    };
    let image = match version {
        "latest" => "recommended".to_owned(),
        version => format!("amazon-eks-node-al2023-{machine}-{variant}-{kubernetes}-{version}"),
    };
    let base = "/aws/service/eks/optimized-ami";
    format!("{base}/{kubernetes}/amazon-linux-2023/{machine}/{variant}/{image}/image_id")
}

fn bottlerocket(machine: &str, variant: Variant, kubernetes: &str, version: &str) -> String {
    let suffix = if variant == Variant::Nvidia { "-nvidia" } else { "" };
    let version = version.trim_start_matches('v');
    format!("/aws/service/bottlerocket/aws-k8s-{kubernetes}{suffix}/{machine}/{version}/image_id")
}

fn requirements(architecture: &str, variant: Option<Variant>) -> Vec<NodeSelectorRequirement> {
    let requirement = |key: &str, operator: &str, values: &[&str]| NodeSelectorRequirement {
        key: key.to_owned(),
        operator: operator.to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let mut all = vec![requirement("kubernetes.io/arch", "In", &[architecture])];
    match variant {
        None => {}
        Some(Variant::Standard) => {
            all.push(requirement(GPU_COUNT, "DoesNotExist", &[]));
            all.push(requirement(ACCELERATOR_COUNT, "DoesNotExist", &[]));
        }
        Some(Variant::Nvidia) => {
            all.push(requirement(GPU_COUNT, "Exists", &[]));
            all.push(requirement(GPU_MAKER, "In", &["nvidia"]));
        }
        Some(Variant::Neuron) => all.push(requirement(ACCELERATOR_COUNT, "Exists", &[])),
    }
    all
}

fn unsupported(alias: &str) -> ClassProblem {
    ClassProblem {
        condition: "AMIsReady",
        reason: "UnsupportedAlias",
        message: format!(
            "alias {alias:?} is not supported yet: use al2023@…, bottlerocket@…, or select images by \
             id, name, tags or ssmParameter with amiFamily AL2023, Bottlerocket or Custom"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_stand_for_the_published_parameters() {
        let paths = |alias: &str| -> Vec<String> {
            parameters(alias, "1.36").unwrap().into_iter().map(|one| one.path).collect()
        };
        let al2023 = paths("al2023@latest");
        assert_eq!(al2023.len(), 5);
        assert_eq!(
            al2023[0],
            "/aws/service/eks/optimized-ami/1.36/amazon-linux-2023/x86_64/standard/recommended/image_id"
        );
        assert!(paths("al2023@v20261101")[3].ends_with(
            "arm64/standard/amazon-eks-node-al2023-arm64-standard-1.36-v20261101/image_id"
        ));
        assert_eq!(
            paths("bottlerocket@v1.46.0")[1],
            "/aws/service/bottlerocket/aws-k8s-1.36-nvidia/x86_64/1.46.0/image_id"
        );
        assert_eq!(parameters("windows2022@latest", "1.36"), None);
        assert_eq!(parameters("al2023", "1.36"), None);
    }
}
