//! What is sold: all that the simulation knows, or the few types that a test names.
//!
//! In: a list of types or of offerings that is asked for. Out: the same, asked for the named types alone.

use std::collections::BTreeSet;

use crate::query::Query;

/// Lists of what is sold.
const LISTS: [&str; 2] = ["DescribeInstanceTypes", "DescribeInstanceTypeOfferings"];

/// The query for what is sold of what `query` asks for; `None` where that is the same.
pub(crate) fn narrowed(action: &str, query: &Query, sold: &BTreeSet<String>) -> Option<Query> {
    if sold.is_empty() || !LISTS.contains(&action) || query.list("InstanceType").next().is_some() {
        return None;
    }
    let mut query = query.clone();
    let number = 1 + query.0.iter().filter(|(key, _)| is_filter(key)).count();
    query.0.push((format!("Filter.{number}.Name"), "instance-type".to_owned()));
    for (place, name) in sold.iter().enumerate() {
        query.0.push((format!("Filter.{number}.Value.{}", place + 1), name.clone()));
    }
    Some(query)
}

fn is_filter(key: &str) -> bool {
    key.strip_prefix("Filter.").is_some_and(|rest| rest.ends_with(".Name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_asked_for_what_is_sold_and_single_types_as_they_are() {
        let sold = BTreeSet::from(["c7i.large".to_owned(), "m7i.large".to_owned()]);
        let query = Query::parse(b"Filter.1.Name=location&Filter.1.Value.1=us-east-1a");
        let asked = narrowed("DescribeInstanceTypeOfferings", &query, &sold).unwrap();
        assert_eq!(asked.get("Filter.2.Name"), Some("instance-type"));
        let values: Vec<&str> = asked.list("Filter.2.Value").collect();
        assert_eq!(values, ["c7i.large", "m7i.large"]);
        assert_eq!(narrowed("DescribeSubnets", &query, &sold), None);
        assert_eq!(narrowed("DescribeInstanceTypes", &query, &BTreeSet::new()), None);
        let one = Query::parse(b"InstanceType.1=m5.large");
        assert_eq!(narrowed("DescribeInstanceTypes", &one, &sold), None);
    }
}
