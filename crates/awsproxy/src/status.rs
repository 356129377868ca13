//! `DescribeInstanceStatus`: the simulation finds every machine well, so what a test says is told.

use std::fmt::Write as _;

use crate::query::Query;
use crate::reply::{Reply, page};
use crate::state::{State, Status};

/// The status of each machine that a test set and that suits the filters, in pages.
pub(crate) fn statuses(state: &State, query: &Query) -> Reply {
    let all: Vec<_> = state.statuses.iter().filter(|(_, status)| suits(status, query)).collect();
    let max = query.get("MaxResults").and_then(|max| max.parse().ok()).unwrap_or(100);
    let (shown, next) = page(&all, max, query.get("NextToken"));
    let mut items = String::new();
    for (id, status) in shown {
        let events = status.events.iter().map(event).collect::<Vec<_>>().concat();
        let written = write!(
            items,
            "<item><instanceId>{id}</instanceId><eventsSet>{events}</eventsSet>\
             <instanceStatus>{}</instanceStatus><systemStatus>{}</systemStatus></item>",
            summary(status.instance_since.as_deref()),
            summary(status.system_since.as_deref()),
        );
        debug_assert!(written.is_ok());
    }
    Reply::xml(format!(
        "<DescribeInstanceStatusResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <requestId>proxy</requestId><instanceStatusSet>{items}</instanceStatusSet>\
         <nextToken>{}</nextToken></DescribeInstanceStatusResponse>",
        next.unwrap_or_default()
    ))
}

fn event((code, description): &(String, String)) -> String {
    format!(
        "<item><code>{code}</code><description>{description}</description>\
         <notBefore>2026-12-01T00:00:00.000Z</notBefore></item>"
    )
}

fn summary(since: Option<&str>) -> String {
    match since {
        Some(since) => format!(
            "<status>impaired</status><details><item><impairedSince>{since}</impairedSince>\
             <name>reachability</name><status>failed</status></item></details>"
        ),
        None => {
            "<status>ok</status><details><item><name>reachability</name><status>passed</status>\
                 </item></details>"
                .to_owned()
        }
    }
}

/// Whether all filters hold; one that is not known holds for none.
fn suits(status: &Status, query: &Query) -> bool {
    let names =
        query.0.iter().filter(|(key, _)| key.starts_with("Filter.") && key.ends_with(".Name"));
    let mut all = names.filter_map(|(key, name)| Some((key.strip_suffix("Name")?, name.as_str())));
    all.all(|(prefix, name)| {
        let prefix = format!("{prefix}Value");
        let has = |value: &str| query.list(&prefix).any(|one| one == value);
        let is = |since: Option<&String>| has(if since.is_some() { "impaired" } else { "ok" });
        match name {
            "instance-status.status" => is(status.instance_since.as_ref()),
            "system-status.status" => is(status.system_since.as_ref()),
            "event.code" => status.events.iter().any(|(code, _)| has(code)),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_hold_for_what_they_name() {
        let mut state = State::default();
        let since = Some("2026-11-26T00:00:00.000Z".to_owned());
        let ill = Status { system_since: since, ..Status::default() };
        let event = ("instance-stop".to_owned(), String::new());
        let planned = Status { events: vec![event], ..Status::default() };
        state.statuses.insert("i-ill".to_owned(), ill);
        state.statuses.insert("i-planned".to_owned(), planned);
        let count = |query: &str| {
            statuses(&state, &Query::parse(query.as_bytes())).text().matches("<instanceId>").count()
        };
        let filter =
            |name: &str, value: &str| format!("Filter.1.Name={name}&Filter.1.Value.1={value}");
        assert_eq!(count(""), 2);
        assert_eq!(count(&filter("system-status.status", "impaired")), 1);
        assert_eq!(count(&filter("instance-status.status", "impaired")), 0);
        assert_eq!(count(&filter("event.code", "instance-stop")), 1);
        assert_eq!(count(&filter("event.code", "instance-reboot")), 0);
        assert_eq!(count(&filter("availability-zone", "us-east-1a")), 0);
        assert_eq!(count("MaxResults=1"), 1);
    }
}
