//! What the controller said last, from its log, in words for people: like things in one line.

use serde_json::Value;

/// Decisions that are shown.
const SHOWN: usize = 6;

/// What one line of the log says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// A machine, by its type and how it is bought.
    Launched(String),
    /// An instance, by its id: it may be asked for more than once.
    Terminated(String),
    /// A pod that was evicted, or not yet.
    Evicted(bool),
    /// A line of its own.
    Other(String),
}

/// The last decisions of a log, the newest last.
pub(crate) fn decisions(log: &str) -> Vec<String> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut groups: Vec<(String, Vec<Said>)> = Vec::new();
    for line in lines {
        let Some(said) = said(&line) else { continue };
        let at = line["time"].as_str().and_then(|time| time.get(11..19)).unwrap_or_default();
        match groups.last_mut() {
            Some((_, group)) if is_like(group, &said) => group.push(said),
            _ => groups.push((at.to_owned(), vec![said])),
        }
    }
    let first = groups.len().saturating_sub(SHOWN);
    groups[first..].iter().map(|(at, group)| format!("{at}  {}", words(group))).collect()
}

fn is_like(group: &[Said], said: &Said) -> bool {
    match (group.first(), said) {
        (Some(Said::Launched(_)), Said::Launched(_))
        | (Some(Said::Terminated(_)), Said::Terminated(_))
        | (Some(Said::Evicted(_)), Said::Evicted(_)) => true,
        (Some(Said::Other(before)), Said::Other(now)) => before == now,
        _ => false,
    }
}

/// A group of one kind in words.
fn words(group: &[Said]) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    let (mut granted, mut refused) = (0, 0);
    for said in group {
        match said {
            Said::Launched(kind) | Said::Terminated(kind) => kinds.push(kind),
            Said::Evicted(true) => granted += 1,
            Said::Evicted(false) => refused += 1,
            Said::Other(text) => return text.clone(),
        }
    }
    kinds.sort_unstable();
    match group.first() {
        Some(Said::Launched(_)) => {
            let mut counted = Vec::new();
            for chunk in kinds.chunk_by(|a, b| a == b) {
                counted.push(format!("{} {}", chunk.len(), chunk[0]));
            }
            format!("launched {}", counted.join(", "))
        }
        Some(Said::Terminated(_)) => {
            kinds.dedup();
            let end = if kinds.len() == 1 { "" } else { "s" };
            format!("terminated {} instance{end}", kinds.len())
        }
        _ if refused == 0 => format!("evicted pods: {granted}"),
        _ => format!("evicted pods: {granted}; {refused} times a budget said not yet"),
    }
}

/// What a line says; `None` for what is no decision.
fn said(line: &Value) -> Option<Said> {
    let field = |name: &str| match &line[name] {
        Value::String(text) => text.clone(),
        // Objects are written under their kind.
        Value::Object(fields) => fields["name"].as_str().unwrap_or_default().to_owned(),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let said = match line["message"].as_str()? {
        "planned" if line["nodes"] == 0 && line["left_out"] == 0 => return None,
        "planned" => Said::Other(planned(line)),
        "launched nodeclaim" => {
            Said::Launched(format!("{} {}", field("instance_type"), field("capacity_type")))
        }
        "terminated instance" => Said::Terminated(field("instance")),
        "asked for eviction" => Said::Evicted(line["granted"] == true),
        "disrupting node" => Said::Other(format!("{} goes: {}", field("Node"), field("reason"))),
        "a move begins" => Said::Other(format!(
            "{} {} nodes, {} new: saves {} USD/h",
            field("decision"),
            field("removed"),
            field("launched"),
            field("saving"),
        )),
        "heard of a machine" => {
            Said::Other(format!("{} goes: {}", field("NodeClaim"), field("notice")))
        }
        _ => return None,
    };
    Some(said)
}

/// A plan: what it buys, for how much, and what it was proved to cost at least.
fn planned(line: &Value) -> String {
    let number = |name: &str| line[name].as_u64().unwrap_or_default();
    // Money is written as text, digit by digit.
    let cost = line["cost_per_hour"].as_str().and_then(|cost| cost.parse::<f64>().ok());
    let bound = four_digits(&line["bound_per_hour"]);
    let (pods, nodes) = (number("pods"), number("nodes"));
    let cost = cost.unwrap_or_default();
    let planned =
        format!("planned {pods} pods on {nodes} new nodes: {cost:.4} USD/h, at least {bound}");
    match number("left_out") {
        0 => planned,
        left_out => format!("{planned}; {left_out} wait"),
    }
}

fn four_digits(number: &Value) -> String {
    number.as_f64().map_or_else(|| "nothing".to_owned(), |number| format!("{number:.4}"))
}

#[cfg(test)]
mod tests {
    use super::decisions;

    #[test]
    fn like_things_are_one_line_and_the_rest_is_left_out() {
        let log = concat!(
            r#"{"time":"2026-01-01T10:11:12Z","message":"listening","controller":"main"}"#,
            "\nhalf a line\n",
            r#"{"time":"2026-01-01T10:11:12Z","message":"planned","pods":4,"nodes":2,"left_out":0,"cost_per_hour":"0.200000","bound_per_hour":0.19999}"#,
            "\n",
            r#"{"time":"2026-01-01T10:11:13Z","message":"launched nodeclaim","instance_type":"a.b","capacity_type":"spot"}"#,
            "\n",
            r#"{"time":"2026-01-01T10:11:14Z","message":"launched nodeclaim","instance_type":"a.b","capacity_type":"spot"}"#,
            "\n",
            r#"{"time":"2026-01-01T10:11:15Z","message":"disrupting node","Node":{"name":"n"},"reason":"empty"}"#,
            "\n",
            r#"{"time":"2026-01-01T10:11:16Z","message":"asked for eviction","granted":true}"#,
            "\n",
            r#"{"time":"2026-01-01T10:11:17Z","message":"asked for eviction","granted":false}"#,
            "\n",
            r#"{"time":"2026-01-01T10:11:18Z","message":"terminated instance","instance":"i-1"}"#,
            "\n",
            r#"{"time":"2026-01-01T10:11:19Z","message":"terminated instance","instance":"i-1"}"#,
        );
        let expected = [
            "10:11:12  planned 4 pods on 2 new nodes: 0.2000 USD/h, at least 0.2000",
            "10:11:13  launched 2 a.b spot",
            "10:11:15  n goes: empty",
            "10:11:16  evicted pods: 1; 1 times a budget said not yet",
            "10:11:18  terminated 1 instance",
        ];
        assert_eq!(decisions(log), expected);
    }
}
