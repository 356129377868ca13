//! Kubernetes objects as they come: JSON, YAML, lists, streams, gzip, and broken ones among them.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use model::FindingCode;
use snapshot::{Filter, Format, Inputs, ReadError, ReadOptions, Source, Window, read};

fn source(name: &str, bytes: impl Into<Vec<u8>>) -> Source {
    Source { name: name.to_owned(), bytes: bytes.into() }
}

fn inputs(text: &str) -> Inputs {
    read(&[source("in", text)], &ReadOptions::default()).expect("readable as a whole")
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("into memory");
    encoder.finish().expect("into memory")
}

/// Object, field and a part of the message of a finding.
type Told = (&'static str, &'static str, &'static str);

/// Names of pods, then object, field and message of findings, as far as they must be told.
#[track_caller]
fn check(text: &str, pods: &[&str], findings: &[Told]) {
    let inputs = inputs(text);
    let names: Vec<&str> =
        (inputs.objects.pods.iter()).map(|pod| pod.metadata.name.as_str()).collect();
    assert_eq!(names, pods, "{text}");
    assert_eq!(inputs.findings.len(), findings.len(), "{:#?}", inputs.findings);
    for (finding, (object, field, message)) in inputs.findings.iter().zip(findings) {
        assert_eq!((finding.object.as_str(), finding.field.as_str()), (*object, *field), "{text}");
        assert!(finding.message.contains(message), "{}", finding.message);
    }
}

const A: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}"#;
const B: &str = r#"{"metadata":{"name":"b"},"kind":"Pod","apiVersion":"v1"}"#;
const A_YAML: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n";
const B_YAML: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: b\n";

#[test]
fn all_ways_to_write_several_objects_are_read() {
    let cases = [
        format!("{A}{B}"),
        format!("\u{feff}{A}\n{B}\n"),
        format!("{A}\n---\n{B}"),
        format!("[{A}, {B}]"),
        format!(r#"{{"apiVersion":"v1","items":[{A},{B}],"kind":"List"}}"#),
        format!(r#"{{"kind":"List","apiVersion":"v1","items":[{{"apiVersion":"v1","kind":"List","items":[{A}]}},{B}]}}"#),
        r#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}"#.to_owned(),
        r#"{"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}],"kind":"PodList","apiVersion":"v1"}"#.to_owned(),
        format!("{A_YAML}---\n{B_YAML}"),
        format!("%YAML 1.2\n# first\n---\n{A_YAML}...\n---\n# nothing\n---\n\n---   # second\n{B_YAML}---"),
        format!("{A_YAML}--- {B}\n"),
        format!("apiVersion: v1\nkind: List\nitems:\n- {A}\n- {B}\n"),
        "apiVersion: v1\nitems: [{metadata: {name: a}}, {metadata: {name: b}}]\nkind: PodList\n".to_owned(),
        format!("{A_YAML}\r\n---\r\n{B_YAML}"),
    ];
    for text in cases {
        check(&text, &["a", "b"], &[]);
        let packed = read(&[source("in.gz", gzip(&text))], &ReadOptions::default());
        assert_eq!(packed.expect("readable").objects, inputs(&text).objects);
    }
    let several = [source("one", A), source("-", gzip(B))];
    let inputs = read(&several, &ReadOptions::default()).expect("readable");
    assert_eq!(inputs.objects.pods.len(), 2);
    check("", &[], &[]);
    check("# nothing\n---\n", &[], &[]);
    check(r#"{"apiVersion":"v1","kind":"List","items":null}"#, &[], &[]);
}

#[test]
fn what_is_broken_does_not_take_the_rest_along() {
    let bad = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","namespace":"n"},"spec":{"containers":[{},{"ports":[{"hostPort":"80"}]}]}}"#;
    let field = "spec.containers[1].ports[0].hostPort";
    let pod = "Pod n/x";
    let cases: [(String, &[Told]); 12] = [
        (format!("{A}{bad}{B}"), &[(pod, field, "expected i32 (in document 2)")]),
        (
            format!(r#"{{"apiVersion":"v1","kind":"List","items":[{A},{bad},{B}]}}"#),
            &[(pod, field, "(in document 1 item 2)")],
        ),
        (format!("{A_YAML}---\n{bad}\n---\n{B_YAML}"), &[(pod, field, "(in document 2)")]),
        // A syntax error costs the document, and JSON up to the next line that begins with a brace.
        (format!("{A_YAML}---\nkind: [\n---\n{B_YAML}"), &[("in:6", "", "")]),
        (format!("{A}\n{{\"kind\": }}\n{B}"), &[("in:2", "", "expected value")]),
        (format!("{A}\n{{\"kind\": \n---\n{B}"), &[("in:3", "", "")]),
        (format!("{A}\n17\n{B}"), &[("in document 2", "", "expected a Kubernetes object")]),
        (format!("{A}{B}{A}"), &[("Pod default/a", "metadata.name", "second time")]),
        (format!("{A}{B}{{\"kind\":\"Pod\"}}"), &[("in document 3", "", "apiVersion is missing")]),
        (
            format!("{A}{B}{{\"apiVersion\":\"v1\",\"kind\":7}}"),
            &[("in document 3", "", "integer `7`")],
        ),
        (
            format!("{A}{B}{{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}}"),
            &[("Pod without a name", "metadata.name", "is missing")],
        ),
        (
            format!(
                "{A}{B}{{\"apiVersion\":\"apps/v1beta1\",\"kind\":\"Deployment\",\"metadata\":{{\"name\":\"d\"}}}}"
            ),
            &[("Deployment default/d", "apiVersion", "apps/v1beta1")],
        ),
    ];
    for (text, findings) in cases {
        check(&text, &["a", "b"], findings);
    }
}

#[test]
fn yaml_is_what_kubectl_takes_it_for() {
    let label = |value: &str| format!("{A_YAML}  labels: {{k: {value}}}\n");
    for (text, value) in
        [("'8'", "8"), ("x", "x"), ("\"on\"", "on"), ("!!str 8", "8"), ("2026-01-01", "2026-01-01")]
    {
        let inputs = inputs(&label(text));
        assert_eq!(inputs.findings, [], "{text}");
        assert_eq!(inputs.objects.pods[0].metadata.labels["k"], value);
    }
    for text in ["8", "1.5", "true", "on", "yes"] {
        let findings = inputs(&label(text)).findings;
        assert_eq!(findings[0].field, "metadata.labels.k", "{text}");
        assert!(findings[0].remedy.contains("quotes"));
    }
    let merged = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {<<: &l {k: v}, 1: x, true: z}, annotations: {a: &m n1, b: *m}}\n";
    let merged = &inputs(merged).objects.pods[0].metadata;
    let labels: Vec<(&str, &str)> =
        merged.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(labels, [("1", "x"), ("k", "v"), ("true", "z")]);
    assert_eq!(merged.annotations["b"], "n1");
}

#[test]
fn aliases_and_depth_are_bounded() {
    let mut bomb = format!("{A_YAML}bomb:\n  a0: &a0 [{}]\n", "x, ".repeat(9));
    for level in 1..12 {
        let aliases = format!("*a{}, ", level - 1).repeat(9);
        bomb = format!("{bomb}  a{level}: &a{level} [{aliases}]\n");
    }
    let deep = format!("{A_YAML}deep: {}1{}\n", "[".repeat(200), "]".repeat(200));
    for text in [bomb, deep] {
        let inputs = inputs(&format!("{text}---\n{B_YAML}"));
        assert_eq!(inputs.findings.len(), 1);
        assert_eq!(inputs.findings[0].code, FindingCode::BadInput);
        assert_eq!(inputs.objects.pods.len(), 1);
    }
}

#[test]
fn kinds_are_kept_or_counted_and_unknown_fields_of_pools_told() {
    let text = "
{apiVersion: karpenter.sh/v1, kind: NodePool, metadata: {name: p}, spec: {weight: 3, wait: 1, limits: {cpu: 10},
  template: {spec: {requirements: [{key: a, operator: In, values: [b], minValue: 2}], expireAfter: Never}}}, status: {x: 1}}
---
{apiVersion: karpenter.k8s.aws/v1, kind: EC2NodeClass, metadata: {name: c, labels: {a: b}}, spec: {role: r, kubelet: {maxPods: 9, any: {}}, amiFamilly: AL2}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: s}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: s}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: t}}
---
{apiVersion: v1, kind: LimitRange, metadata: {name: l, namespace: ns}}
---
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: h}, value: 5}
";
    let inputs = inputs(text);
    let pool = &inputs.objects.node_pools[0];
    assert_eq!(pool.spec.weight, Some(3));
    assert_eq!(pool.spec.template.spec.expire_after.as_deref(), Some("Never"));
    assert_eq!(pool.metadata.namespace, None);
    assert_eq!(inputs.objects.node_classes[0].spec.kubelet.len(), 2);
    assert_eq!(inputs.objects.limit_ranges[0].metadata.namespace.as_deref(), Some("ns"));
    assert_eq!(inputs.objects.priority_classes[0].value, 5);
    let found: Vec<(&str, &str, &str, u64)> = (inputs.findings.iter())
        .map(|f| (f.code.as_str(), f.object.as_str(), f.field.as_str(), f.count))
        .collect();
    let expected = [
        ("bad-field", "NodePool p", "spec.wait", 1),
        ("bad-field", "NodePool p", "spec.template.spec.requirements[0].minValue", 1),
        ("bad-field", "EC2NodeClass c", "spec.amiFamilly", 1),
        ("note", "ConfigMap", "", 2),
        ("note", "Ingress.networking.k8s.io", "", 1),
    ];
    assert_eq!(found, expected);
}

#[test]
fn sources_that_cannot_be_read_at_all_are_errors() {
    let options = ReadOptions::default();
    let fail = |source: Source| read(&[source], &options).expect_err("unreadable").to_string();
    assert!(fail(source("t", vec![0xff, 0xfe])).contains("not UTF-8"));
    assert!(fail(source("t.gz", vec![0x1f, 0x8b, 8, 0])).contains("cannot be decompressed"));
    assert!(fail(source("t.csv", "a,b\n1,2\n")).contains("--format"));
    let recorded = source(
        "r.csv",
        "name,cpu_milli,memory_mib,num_gpu,creation_time,deletion_time\na,1,1,0,0,\n",
    );
    let error = read(std::slice::from_ref(&recorded), &options).expect_err("no window");
    assert!(matches!(error, ReadError::NoWindow { format: Format::Openb, .. }));
    let window = ReadOptions { window: Some(Window::All), ..options };
    assert_eq!(read(&[recorded], &window).expect("readable").recorded.pods.len(), 1);
}

#[test]
fn filters_are_a_column_a_comparison_and_a_value() {
    for text in ["qos=LS", "cpu_milli<=2000", "memory_mib>=0.5", "gpu_spec="] {
        assert_eq!(text.parse::<Filter>().expect(text).to_string(), text);
    }
    for text in ["", "qos", "=1", "a<1", "a<b<=1", "a<=x", "a>="] {
        assert!(text.parse::<Filter>().is_err(), "{text}");
    }
}
