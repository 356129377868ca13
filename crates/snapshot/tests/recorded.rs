//! Recorded lists become pods as `docs/recorded-formats.md` says.

use std::collections::BTreeMap;

use model::{Finding, FindingCode};
use snapshot::{Filter, Inputs, ReadError, ReadOptions, Source, Window};

const OPENB: &str = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,\
                     creation_time,deletion_time,scheduled_time\n";
const DLRM: &str = "instance_sn,role,app_name,cpu_request,cpu_limit,gpu_request,gpu_limit,\
                    rdma_request,rdma_limit,memory_request,memory_limit,disk_request,disk_limit,\
                    max_instance_per_node,creation_time,scheduled_time,deletion_time\n";
const AZURE: &str = "arrival_s,batch,vcpu,memory_gib,duration_bin,duration_min_s,duration_max_s,\
                     completed\n";

fn source(name: &str, header: &str, rows: &str) -> Source {
    Source { name: name.to_owned(), bytes: format!("{header}{rows}").into_bytes() }
}

fn options(window: Option<Window>, filters: &[&str]) -> ReadOptions {
    ReadOptions {
        window,
        filters: filters.iter().map(|filter| filter.parse::<Filter>().expect("a filter")).collect(),
        ..ReadOptions::default()
    }
}

fn read(sources: &[Source], options: &ReadOptions) -> Inputs {
    snapshot::read(sources, options).expect("readable sources")
}

/// Each pod as `name cpu memory-in-MiB gpus`, `pods: 1` checked.
fn pods(inputs: &Inputs) -> Vec<String> {
    let recorded = &inputs.recorded;
    let line = |(name, shape): &(model::PodName, u32)| {
        let requests = &recorded.shapes[*shape as usize];
        let get = |resource: &str| requests.get(resource).get();
        assert_eq!(get("pods"), 1, "{name}");
        let memory_mib = get("memory") >> 20;
        format!("{name} {} {memory_mib} {}", get("cpu"), get("nvidia.com/gpu"))
    };
    recorded.pods.iter().map(line).collect()
}

fn names(inputs: &Inputs) -> Vec<String> {
    let pods = inputs.recorded.pods.iter();
    pods.map(|(name, _)| name.to_string()).collect()
}

fn of_code(inputs: &Inputs, code: FindingCode) -> Vec<&Finding> {
    let findings = inputs.findings.iter();
    findings.filter(|finding| finding.code == code).collect()
}

#[test]
fn a_row_of_each_format_becomes_a_pod() {
    let openb = "web,12000,16384,1,460,V100|T4,LS,Running,5,10,6\n\
                 \"a,b\",1500,0,0,0,,BE,Failed,,,\n";
    let dlrm = "i_0,HN,app_0,12,14,1,1,25,25,120.5,130,640.0,800.0,8,,,4031.0000000000005\n";
    let azure = "0,7,8,1.75,1,300,300,true\n";
    for (name, header, rows, expected) in [
        ("openb.csv", OPENB, openb, vec!["recorded/web 12000 16384 1", "recorded/a,b 1500 0 0"]),
        ("x/dlrm.csv", DLRM, dlrm, vec!["recorded/i_0 12000 123392 1"]),
        ("x/vm.v1.csv", AZURE, azure, vec!["recorded/vm.v1-1 8000 1792 0"]),
        ("-", AZURE, azure, vec!["recorded/stdin-1 8000 1792 0"]),
    ] {
        let inputs = read(&[source(name, header, rows)], &options(Some(Window::All), &[]));
        assert_eq!(pods(&inputs), expected, "{name}");
        assert!(of_code(&inputs, FindingCode::BadInput).is_empty(), "{name}");
    }
}

#[test]
fn what_is_dropped_is_counted() {
    let rows = "a,1,1,1,460,V100,LS,Running,,,\n\
                b,1,1,1,1000,,LS,Running,,,\n\
                c,1,1,0,0,,,Running,,,\n";
    let inputs = read(&[source("o.csv", OPENB, rows)], &options(Some(Window::All), &[]));
    let counts: BTreeMap<&str, u64> = of_code(&inputs, FindingCode::Mapping)
        .into_iter()
        .map(|finding| (finding.field.as_str(), finding.count))
        .collect();
    let expected = [("", 3), ("gpu_milli", 1), ("gpu_spec", 1), ("qos", 2)];
    assert_eq!(counts, BTreeMap::from(expected));

    let rows = "i,HN,a,1,1,0,0,25,25,1,1,0,0,8,,,\nj,HN,a,1,1,0,0,0,0,1,1,0,0,-1,,,\n";
    let sources = [source("d.csv", DLRM, rows)];
    for (asked, code) in [(false, FindingCode::Mapping), (true, FindingCode::NotHonoured)] {
        let options = ReadOptions { dlrm_density_limit: asked, ..options(Some(Window::All), &[]) };
        let inputs = read(&sources, &options);
        let limit = |finding: &&Finding| finding.field == "max_instance_per_node";
        let limits: Vec<&Finding> = inputs.findings.iter().filter(limit).collect();
        assert_eq!(limits.len(), 1);
        assert_eq!((limits[0].code, limits[0].count), (code, 1));
    }
}

#[test]
fn a_row_is_alive_from_its_creation_until_before_its_deletion() {
    let rows = "open,1,1,0,0,,,R,,,\nearly,1,1,0,0,,,R,,100,\nlate,1,1,0,0,,,R,100,,\n\
                both,1,1,0,0,,,R,50,100.5,\n";
    let azure = "50,0,1,1,1,10,50,true\n100,0,1,1,1,10,50,false\n";
    for (at, openb, vms) in [
        (49, vec!["open", "early"], vec![]),
        (50, vec!["open", "early", "both"], vec!["vm-1"]),
        (99, vec!["open", "early", "both"], vec!["vm-1"]),
        (100, vec!["open", "late", "both"], vec!["vm-2"]),
        (101, vec!["open", "late"], vec!["vm-2"]),
        (150, vec!["open", "late"], vec![]),
    ] {
        let sources = [source("o.csv", OPENB, rows), source("vm.csv", AZURE, azure)];
        let found = names(&read(&sources, &options(Some(Window::At(at)), &[])));
        let expected: Vec<String> =
            openb.into_iter().chain(vms).map(|name| format!("recorded/{name}")).collect();
        assert_eq!(found, expected, "at {at}");
    }
}

#[test]
fn filters_compare_numbers_as_numbers_and_must_all_hold() {
    let rows = "a,1000,1,0,0,,LS,R,,,\nb,2000,1,0,0,,BE,R,9,,\nc,10000,1,0,0,T4,LS,R,10,,\n";
    for (filters, expected) in [
        (vec!["cpu_milli>=2000"], vec!["b", "c"]),
        (vec!["cpu_milli<=2000"], vec!["a", "b"]),
        (vec!["cpu_milli=2000.0"], vec!["b"]),
        (vec!["qos=LS"], vec!["a", "c"]),
        (vec!["qos=LS", "cpu_milli>=2000"], vec!["c"]),
        (vec!["gpu_spec="], vec!["a", "b"]),
        (vec!["creation_time<=9"], vec!["b"]),
    ] {
        let sources = [source("o.csv", OPENB, rows)];
        let found = names(&read(&sources, &options(Some(Window::All), &filters)));
        let expected: Vec<String> =
            expected.into_iter().map(|name| format!("recorded/{name}")).collect();
        assert_eq!(found, expected, "{filters:?}");
    }
}

#[test]
fn a_name_seen_before_is_numbered_across_files() {
    let row = |name: &str| format!("{name},1,1,0,0,,,R,,,\n");
    let first = source("o.csv", OPENB, &[row("a"), row("b"), row("a"), row("")].concat());
    let second = source("o.csv", OPENB, &[row("a"), row("a#2"), row("o-4")].concat());
    let found = names(&read(&[first, second], &options(Some(Window::All), &[])));
    let expected = ["a", "b", "a#2", "o-4", "a#3", "a#2#2", "o-4#2"];
    assert_eq!(found, expected.map(|name| format!("recorded/{name}")));
}

#[test]
fn a_bad_row_is_a_finding_and_the_rest_goes_on() {
    let rows = "good,1,1,0,0,,,R,,,\nx,-1,1,0,0,,,R,,,\nx,1,1e3,0,0,,,R,,,\nx,1,1,0.5,0,,,R,,,\n\
                x,1,1\nx,1,1,0,0,,,R,soon,,\nunseen,x,1,0,0,,,R,900,,\n\
                also,1,1,0,0,,,R,,,\n";
    let inputs = read(&[source("o.csv", OPENB, rows)], &options(Some(Window::At(5)), &[]));
    assert_eq!(names(&inputs), ["recorded/good", "recorded/also"]);
    let found: Vec<(&str, &str)> = of_code(&inputs, FindingCode::BadInput)
        .into_iter()
        .inspect(|finding| assert!(!finding.remedy.is_empty() && finding.count == 1))
        .map(|finding| (finding.object.as_str(), finding.field.as_str()))
        .collect();
    let expected = [
        ("o.csv:3", "cpu_milli"),
        ("o.csv:4", "memory_mib"),
        ("o.csv:5", "num_gpu"),
        ("o.csv:6", ""),
        ("o.csv:7", "creation_time"),
    ];
    assert_eq!(found, expected);

    let many = "x,-,1,0,0,,,R,,,\n".repeat(1000);
    let inputs = read(&[source("o.csv", OPENB, &many)], &options(Some(Window::All), &[]));
    let bad = of_code(&inputs, FindingCode::BadInput);
    assert_eq!(bad.len(), 21);
    assert_eq!(bad.iter().map(|finding| finding.count).sum::<u64>(), 1000);
}

#[test]
fn a_list_that_cannot_be_read_names_what_is_missing() {
    let row = "a,1,1,0,0,,,R,,,\n";
    let no_times = "name,cpu_milli,memory_mib,num_gpu\na,1,1,0\n";
    let at = Some(Window::At(0));
    for (name, header, rows, options, parts) in [
        ("o.csv", OPENB, row, options(None, &[]), vec!["o.csv", "--all", "--at"]),
        (
            "o.csv",
            OPENB,
            row,
            options(at, &["cpus<=4"]),
            vec!["o.csv", "\"cpus\"", "cpu_milli, memory_mib"],
        ),
        ("o.csv", "", no_times, options(at, &[]), vec!["creation_time", "--all"]),
        (
            "o.csv",
            OPENB,
            row,
            ReadOptions { format: Some(snapshot::Format::Azure), ..options(at, &[]) },
            vec!["azure", "arrival_s"],
        ),
    ] {
        let refusal: ReadError =
            snapshot::read(&[source(name, header, rows)], &options).expect_err("refused");
        let text = refusal.to_string();
        for part in parts {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }
}

#[test]
fn the_recorded_lists_have_the_pods_that_were_counted_by_hand() {
    let Ok(data) = std::env::var("STOWAGE_DATA") else {
        println!(
            "skipped: the_recorded_lists_have_the_pods_that_were_counted_by_hand: STOWAGE_DATA \
             is not set"
        );
        return;
    };
    // Pods, pods without GPU, shapes.
    for (file, window, expected) in [
        ("alibaba-gpu-2023/openb_pod_list_default.csv", Window::All, (8152, 1088, 112)),
        ("alibaba-gpu-2023/openb_pod_list_multigpu50.csv", Window::All, (9061, 1088, 112)),
        ("alibaba-dlrm-2025/dlrm_apps_mod3_0_1.csv.gz", Window::At(0), (5041, 2973, 27)),
        ("azure-vm-2017/azure_vm_dev.csv.gz", Window::At(1_900_000), (9614, 9614, 12)),
    ] {
        let path = std::path::Path::new(&data).join("pods").join(file);
        let source =
            Source { name: file.to_owned(), bytes: std::fs::read(&path).expect("a recorded list") };
        let inputs = read(&[source], &options(Some(window), &[]));
        let recorded = &inputs.recorded;
        let without_gpu = recorded
            .pods
            .iter()
            .filter(|(_, shape)| recorded.shapes[*shape as usize].get("nvidia.com/gpu").get() == 0)
            .count();
        let found = (recorded.pods.len(), without_gpu, recorded.shapes.len());
        assert_eq!(found, expected, "{file}");
        assert!(of_code(&inputs, FindingCode::BadInput).is_empty(), "{file}");
    }
}
