//! The machine images of the tests: what EKS publishes, made up by rule, as moto's own list has none.

use serde_json::{Value, json};

/// Kubernetes versions with images.
const VERSIONS: [&str; 3] = ["1.34", "1.35", "1.36"];
/// When images came out, with the version of Bottlerocket of that day; the last is the recommended one.
const RELEASES: [(&str, &str); 2] = [("20260715", "1.48.0"), ("20261014", "1.52.0")];
/// Variants of AL2023 and the architectures that they exist for.
const AL2023: [(&str, &[&str]); 3] =
    [("standard", &["x86_64", "arm64"]), ("nvidia", &["x86_64", "arm64"]), ("neuron", &["x86_64"])];
/// Suffixes of Bottlerocket's variants.
const BOTTLEROCKET: [&str; 2] = ["", "-nvidia"];
/// The account that EKS publishes images from in most regions.
const OWNER: &str = "602401143452";

/// A machine image.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Image {
    /// `ami-...`
    pub id: String,
    /// As AWS names such images.
    pub name: String,
    /// `x86_64` or `arm64`, as EC2 calls it.
    pub architecture: &'static str,
    /// ISO 8601, to the millisecond.
    pub created: String,
    /// The public parameters whose value is its id; the moving ones only where it is the newest.
    pub parameters: Vec<String>,
}

/// All images: AL2023 and Bottlerocket, standard, NVIDIA and Neuron, two releases each.
///
/// moto knows them as images, and not their parameters, as it refuses any under `/aws`: a test gives
/// [`Image::parameters`] to whatever answers SSM.
pub fn images() -> Vec<Image> {
    let mut images = Vec::new();
    for version in VERSIONS {
        for (at, (date, bottlerocket)) in RELEASES.into_iter().enumerate() {
            let is_newest = at + 1 == RELEASES.len();
            for (variant, architectures) in AL2023 {
                for architecture in architectures {
                    images.push(al2023(version, date, variant, architecture, is_newest));
                }
            }
            for variant in BOTTLEROCKET {
                for architecture in ["x86_64", "arm64"] {
                    let release = (date, bottlerocket);
                    images.push(of_bottlerocket(
                        version,
                        release,
                        variant,
                        architecture,
                        is_newest,
                    ));
                }
            }
        }
    }
    for (at, image) in images.iter_mut().enumerate() {
        image.id = format!("ami-{:017x}", 0x0a2_0230_0000_0000 + at);
    }
    images
}

fn al2023(
    version: &str,
    date: &str,
    variant: &str,
    architecture: &'static str,
    is_newest: bool,
) -> Image {
    let name = format!("amazon-eks-node-al2023-{architecture}-{variant}-{version}-v{date}");
    let root = format!(
        "/aws/service/eks/optimized-ami/{version}/amazon-linux-2023/{architecture}/{variant}"
    );
    let mut parameters = vec![format!("{root}/{name}/image_id")];
    if is_newest {
        parameters.push(format!("{root}/recommended/image_id"));
    }
    Image { id: String::new(), name, architecture, created: created(date), parameters }
}

fn of_bottlerocket(
    version: &str,
    (date, release): (&str, &str),
    variant: &str,
    architecture: &'static str,
    is_newest: bool,
) -> Image {
    let name = format!("bottlerocket-aws-k8s-{version}{variant}-{architecture}-v{release}");
    let root = format!("/aws/service/bottlerocket/aws-k8s-{version}{variant}/{architecture}");
    let mut parameters = vec![format!("{root}/{release}/image_id")];
    if is_newest {
        parameters.push(format!("{root}/latest/image_id"));
    }
    Image { id: String::new(), name, architecture, created: created(date), parameters }
}

fn created(date: &str) -> String {
    let (year, day) = date.split_at(4);
    let (month, day) = day.split_at(2);
    format!("{year}-{month}-{day}T10:00:00.000Z")
}

/// The images as moto reads them.
pub(super) fn json() -> Value {
    let images = images().into_iter().map(|image| {
        json!({
            "ami_id": image.id,
            "name": image.name,
            "description": image.name,
            "owner_id": OWNER,
            "owner_alias": "amazon",
            "public": true,
            "state": "available",
            "image_type": "machine",
            "image_location": format!("amazon/{}", image.name),
            "virtualization_type": "hvm",
            "architecture": image.architecture,
            "hypervisor": "xen",
            "root_device_name": "/dev/xvda",
            "root_device_type": "ebs",
            "sriov": "simple",
            "creation_date": image.created,
        })
    });
    images.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::images;

    #[test]
    fn each_image_and_parameter_is_there_once() {
        let images = images();
        assert_eq!(images.len(), 3 * 2 * (5 + 4));
        let ids: BTreeSet<_> = images.iter().map(|image| &image.id).collect();
        let names: BTreeSet<_> = images.iter().map(|image| &image.name).collect();
        let parameters: Vec<_> = images.iter().flat_map(|image| &image.parameters).collect();
        let different: BTreeSet<_> = parameters.iter().collect();
        assert_eq!((ids.len(), names.len()), (images.len(), images.len()));
        assert_eq!(different.len(), parameters.len());
        let wanted = "/aws/service/eks/optimized-ami/1.36/amazon-linux-2023/arm64/standard/recommended/image_id";
        assert!(parameters.iter().any(|one| *one == wanted));
    }
}
