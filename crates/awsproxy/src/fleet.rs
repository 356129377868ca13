//! Which choice of a fleet is taken, and what is said of those that could not be.
//!
//! The simulation takes the first override of the first template whatever is asked. Here the choices go
//! in the order of their priorities; those of refused pools are told as errors; the first that is left is
//! sent on alone. A zone that is not the subnet's, which the simulation takes, is an error as in EC2.

use crate::query::Query;
use crate::reply::Reply;
use crate::state::{Pool, State};

const PREFIX: &str = "LaunchTemplateConfigs.";

/// One override with its template.
#[derive(Clone, Debug)]
struct Choice {
    priority: f64,
    /// Pairs below `LaunchTemplateSpecification`.
    template: Vec<(String, String)>,
    /// Pairs of the override itself.
    pairs: Vec<(String, String)>,
}

impl Choice {
    fn get(&self, key: &str) -> &str {
        self.pairs.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value)
    }
}

/// What becomes of a `CreateFleet`.
pub(crate) enum Taken {
    /// Send this on, and add these errors to the reply.
    Forward(Query, String),
    /// Nothing is to be had.
    Nothing(Reply),
}

/// Takes the first choice whose pool is not empty.
pub(crate) fn take(state: &State, query: &Query) -> Taken {
    let wanted = query.get("TargetCapacitySpecification.DefaultTargetCapacityType");
    let capacity_type = if wanted == Some("spot") { "spot" } else { "on-demand" };
    let mut choices = choices(query);
    choices.sort_by(|a, b| a.priority.total_cmp(&b.priority));
    let astray = choices.iter().find(|choice| {
        let zone = state.subnets.get(choice.get("SubnetId"));
        zone.is_some_and(|zone| zone != choice.get("AvailabilityZone"))
    });
    if let Some(choice) = astray {
        let (subnet, zone) = (choice.get("SubnetId"), choice.get("AvailabilityZone"));
        let message = format!("The subnet {subnet} is not in the zone {zone}");
        return Taken::Nothing(Reply::error(400, "InvalidParameterValue", &message));
    }
    let mut errors = String::new();
    for choice in choices {
        let pool = Pool {
            capacity_type: capacity_type.to_owned(),
            instance_type: choice.get("InstanceType").to_owned(),
            zone: choice.get("AvailabilityZone").to_owned(),
        };
        match state.refused.get(&pool) {
            Some(code) => errors.push_str(&error(&choice, capacity_type, code)),
            None => return Taken::Forward(alone(query, &choice), errors),
        }
    }
    Taken::Nothing(Reply::xml(format!(
        "<CreateFleetResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>proxy\
         </requestId><fleetId>fleet-0</fleetId><errorSet>{errors}</errorSet><fleetInstanceSet/>\
         </CreateFleetResponse>"
    )))
}

/// An item of the list of errors.
fn error(choice: &Choice, capacity_type: &str, code: &str) -> String {
    format!(
        "<item><launchTemplateAndOverrides><overrides><instanceType>{}</instanceType><subnetId>{}\
         </subnetId><availabilityZone>{}</availabilityZone></overrides></launchTemplateAndOverrides>\
         <lifecycle>{capacity_type}</lifecycle><errorCode>{code}</errorCode><errorMessage>as the test \
         asked</errorMessage></item>",
        choice.get("InstanceType"),
        choice.get("SubnetId"),
        choice.get("AvailabilityZone"),
    )
}

/// Adds errors to a fleet's reply.
pub(crate) fn with_errors(reply: &str, errors: &str) -> String {
    if errors.is_empty() {
        return reply.to_owned();
    }
    reply.replacen(
        "<fleetInstanceSet>",
        &format!("<errorSet>{errors}</errorSet><fleetInstanceSet>"),
        1,
    )
}

/// Ids in a fleet's reply.
pub(crate) fn instances(reply: &str) -> Vec<String> {
    let starts = reply.match_indices("<item>i-");
    let ids = starts.filter_map(|(at, _)| {
        let rest = &reply[at + "<item>".len()..];
        rest.split('<').next().map(str::to_owned)
    });
    ids.collect()
}

fn choices(query: &Query) -> Vec<Choice> {
    let mut choices = Vec::new();
    for config in 1.. {
        let config = format!("{PREFIX}{config}.");
        let of_config = below(&query.0, &config);
        if of_config.is_empty() {
            break;
        }
        let template = below(&of_config, "LaunchTemplateSpecification.");
        for place in 1.. {
            let pairs = below(&of_config, &format!("Overrides.{place}."));
            if pairs.is_empty() {
                break;
            }
            let priority = pairs.iter().find(|(name, _)| name == "Priority");
            let priority = priority.and_then(|(_, value)| value.parse().ok()).unwrap_or(f64::MAX);
            choices.push(Choice { priority, template: template.clone(), pairs });
        }
    }
    choices
}

/// The pairs under a prefix, without it.
fn below(pairs: &[(String, String)], prefix: &str) -> Vec<(String, String)> {
    let under = pairs
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?.to_owned(), value.clone())));
    under.collect()
}

/// The query with one choice alone.
fn alone(query: &Query, choice: &Choice) -> Query {
    let mut pairs: Vec<(String, String)> =
        query.0.iter().filter(|(name, _)| !name.starts_with(PREFIX)).cloned().collect();
    let template = choice.template.iter();
    pairs.extend(template.map(|(name, value)| {
        (format!("{PREFIX}1.LaunchTemplateSpecification.{name}"), value.clone())
    }));
    let own = choice.pairs.iter();
    pairs.extend(own.map(|(name, value)| (format!("{PREFIX}1.Overrides.1.{name}"), value.clone())));
    Query(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query() -> Query {
        let body = "Action=CreateFleet&TargetCapacitySpecification.DefaultTargetCapacityType=spot\
                    &LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName=arm\
                    &LaunchTemplateConfigs.1.Overrides.1.InstanceType=m7g.large\
                    &LaunchTemplateConfigs.1.Overrides.1.AvailabilityZone=a\
                    &LaunchTemplateConfigs.1.Overrides.1.Priority=1.0\
                    &LaunchTemplateConfigs.2.LaunchTemplateSpecification.LaunchTemplateName=x86\
                    &LaunchTemplateConfigs.2.Overrides.1.InstanceType=m7i.large\
                    &LaunchTemplateConfigs.2.Overrides.1.AvailabilityZone=b\
                    &LaunchTemplateConfigs.2.Overrides.1.Priority=0.0";
        Query::parse(body.as_bytes())
    }

    #[test]
    fn the_first_by_priority_that_is_not_empty_is_taken_alone() {
        let mut state = State::default();
        let name = "LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName";
        let taken = |state: &State| match take(state, &query()) {
            Taken::Forward(query, errors) => {
                assert_eq!(query.list("LaunchTemplateConfigs").count(), 0);
                (query.get(name).map(str::to_owned), errors.matches("errorCode").count() / 2)
            }
            Taken::Nothing(reply) => {
                let body = String::from_utf8_lossy(&reply.body).into_owned();
                (None, body.matches("<errorCode>").count())
            }
        };
        assert_eq!(taken(&state), (Some("x86".to_owned()), 0));
        let pool = |instance_type: &str, zone: &str| Pool {
            capacity_type: "spot".to_owned(),
            instance_type: instance_type.to_owned(),
            zone: zone.to_owned(),
        };
        state.refused.insert(pool("m7i.large", "b"), "InsufficientInstanceCapacity");
        assert_eq!(taken(&state), (Some("arm".to_owned()), 1));
        state.refused.insert(pool("m7g.large", "a"), "UnfulfillableCapacity");
        assert_eq!(taken(&state), (None, 2));
    }

    #[test]
    fn instances_are_read_from_a_reply() {
        let reply = "<instanceIds><item>i-1</item><item>i-2</item></instanceIds>";
        assert_eq!(instances(reply), ["i-1", "i-2"]);
    }
}
