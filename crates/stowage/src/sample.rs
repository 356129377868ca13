//! The embedded sample: the Azure virtual machines alive at second 1,900,000 as pods.
//!
//! The file lists shapes with counts; pods are `recorded/azure-1`, … in its order. A pod asks for
//! exactly the machine's vCPUs and GiB.

use model::{Amount, PodName, Quantity, Resources, well_known};
use snapshot::RecordedPods;

/// Where the sample is from, as its licence asks.
pub(crate) const ATTRIBUTION: &str = "Sample: AzurePublicDataset, VM trace 2017 (c) Microsoft, \
     CC-BY-4.0, as processed by huaweicloud/trace_generation_rnn; virtual machines alive at second \
     1,900,000, as pods.";

const TEXT: &str = include_str!("../data/azure-1900000s.txt");

/// The pods of the sample.
pub(crate) fn pods() -> RecordedPods {
    let mut recorded = RecordedPods::default();
    for line in TEXT.lines().filter(|line| !line.starts_with('#')) {
        let (requests, count) = shape(line).expect("a test reads every line of the embedded file");
        let index = u32::try_from(recorded.shapes.len()).expect("there are 12 shapes");
        recorded.shapes.push(requests);
        for _ in 0..count {
            let name = format!("recorded/azure-{}", recorded.pods.len() + 1);
            recorded.pods.push((PodName::new(name), index));
        }
    }
    recorded
}

/// One line: vCPUs, GiB, how many.
fn shape(line: &str) -> Option<(Resources, usize)> {
    let mut words = line.split(' ');
    let cpu: Quantity = words.next()?.parse().ok()?;
    let memory: Quantity = format!("{}Gi", words.next()?).parse().ok()?;
    let count = words.next()?.parse().ok()?;
    let mut requests = Resources::new();
    requests.set(well_known::CPU.into(), Amount::new(cpu.milli_value()));
    requests.set(well_known::MEMORY.into(), Amount::new(memory.value()));
    requests.set(well_known::PODS.into(), Amount::new(1));
    Some((requests, count))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::pods;

    #[test]
    fn sample_has_9614_pods_in_12_shapes() {
        let sample = pods();
        assert_eq!((sample.pods.len(), sample.shapes.len()), (9614, 12));
        assert_eq!(sample.pods[9613].0.as_str(), "recorded/azure-9614");
        assert_eq!(sample.shapes[0].get("memory").get(), 3 << 28);
    }

    #[test]
    fn sample_is_what_the_recording_says() {
        let Some(data) = std::env::var_os("STOWAGE_DATA") else {
            eprintln!("skipped: sample_is_what_the_recording_says: STOWAGE_DATA is not set");
            return;
        };
        let name = "pods/azure-vm-2017/azure_vm_dev.csv.gz";
        let source = snapshot::Source {
            name: name.to_owned(),
            bytes: std::fs::read(std::path::Path::new(&data).join(name)).expect("the recording"),
        };
        let options = snapshot::ReadOptions {
            window: Some(snapshot::Window::At(1_900_000)),
            ..snapshot::ReadOptions::default()
        };
        let recording = snapshot::read(&[source], &options).expect("it is readable").recorded;
        assert_eq!(counts(&pods()), counts(&recording));
    }

    fn counts(recorded: &snapshot::RecordedPods) -> BTreeMap<model::Resources, usize> {
        let mut counts = BTreeMap::new();
        for (_, shape) in &recorded.pods {
            let shape = &recorded.shapes[usize::try_from(*shape).expect("an index")];
            *counts.entry(shape.clone()).or_default() += 1;
        }
        counts
    }
}
