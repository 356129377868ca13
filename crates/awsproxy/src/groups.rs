//! Security groups of machines that a fleet launches.
//!
//! In: the template that it launches from, and the machines. Out: calls that give them the groups of the template.
//! The simulation puts spot machines into its default group, so that each would differ from its class, and others
//! into none.

use crate::query::Query;

/// Where a template names groups: by itself, or with its network interface.
const NAMED: [&str; 2] =
    ["LaunchTemplateData.SecurityGroupId", "LaunchTemplateData.NetworkInterface.1.SecurityGroupId"];

/// Name and groups of the template that a `CreateLaunchTemplate` makes.
pub(crate) fn of_template(query: &Query) -> Option<(String, Vec<String>)> {
    let name = query.get("LaunchTemplateName")?.to_owned();
    let groups = NAMED.iter().flat_map(|prefix| query.list(prefix)).map(str::to_owned);
    Some((name, groups.collect()))
}

/// The template that a fleet of one choice launches from.
pub(crate) fn template_of_fleet(query: &Query) -> Option<&str> {
    query.get("LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName")
}

/// The call that gives a machine these groups.
pub(crate) fn change(machine: &str, groups: &[String]) -> Query {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let mut pairs = vec![
        pair("Action", "ModifyInstanceAttribute"),
        pair("Version", "2016-11-15"),
        pair("InstanceId", machine),
    ];
    let numbered = groups.iter().enumerate();
    pairs.extend(numbered.map(|(place, id)| (format!("GroupId.{}", place + 1), id.clone())));
    Query(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_the_templates_wherever_it_names_them() {
        for named in ["SecurityGroupId", "NetworkInterface.1.SecurityGroupId"] {
            let body = format!("LaunchTemplateName=t&LaunchTemplateData.{named}.1=a");
            let found = of_template(&Query::parse(body.as_bytes()));
            assert_eq!(found, Some(("t".to_owned(), vec!["a".to_owned()])));
        }
        let change = change("i-1", &["a".to_owned(), "b".to_owned()]);
        assert_eq!(change.list("GroupId").collect::<Vec<_>>(), ["a", "b"]);
    }
}
