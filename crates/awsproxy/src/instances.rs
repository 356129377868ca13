//! Machines that are seen late, and states that last: what the simulation shows at once.
//!
//! In: a `DescribeInstances`, and the simulation's reply to it. Out: the same with machines left out that
//! nobody sees yet, and with the states that the delays ask for.

use std::time::Instant;

use roxmltree::Document;

use crate::query::Query;
use crate::reply::Reply;
use crate::state::State;
use crate::xml::{child, items, replaced, text};

const STATE: &str = "instance-state-name";
/// Codes of the states that are told.
const CODES: [(&str, u8); 2] = [("pending", 0), ("shutting-down", 32)];

/// The error where the call names a machine that nobody sees yet.
pub(crate) fn unseen<'q>(
    state: &State,
    mut ids: impl Iterator<Item = &'q str>,
    now: Instant,
) -> Option<Reply> {
    let hidden = ids.find(|id| state.is_hidden(id, now))?;
    let message = format!("The instance ID '{hidden}' does not exist");
    Some(Reply::error(400, "InvalidInstanceID.NotFound", &message))
}

/// The states that are asked for, where any are, and the query that finds all that may be told so.
pub(crate) fn widened(query: &Query) -> (Option<Vec<String>>, Query) {
    let name = query.0.iter().find(|(key, value)| key.starts_with("Filter.") && value == STATE);
    let Some(prefix) = name.and_then(|(key, _)| key.strip_suffix("Name")) else {
        return (None, query.clone());
    };
    let wanted: Vec<String> = query.list(&format!("{prefix}Value")).map(str::to_owned).collect();
    let has = |state: &str| wanted.iter().any(|one| one == state);
    let mut query = query.clone();
    let more = [("pending", "running"), ("shutting-down", "terminated")];
    let more = more.into_iter().filter(|(told, real)| has(told) && !has(real));
    for (place, (_, real)) in more.enumerate() {
        let number = wanted.len() + place + 1;
        query.0.push((format!("{prefix}Value.{number}"), real.to_owned()));
    }
    (Some(wanted), query)
}

/// The reply as it is told.
pub(crate) fn told(
    state: &State,
    reply: &str,
    wanted: Option<&[String]>,
    now: Instant,
) -> Option<String> {
    let document = Document::parse(reply).ok()?;
    let mut edits = Vec::new();
    for reservation in items(document.root_element(), "reservationSet") {
        let mut own = Vec::new();
        let mut left = 0;
        for instance in items(reservation, "instancesSet") {
            let id = text(instance, &["instanceId"]);
            let real = text(instance, &["instanceState", "name"]);
            let other = state.state_of(id, real, now);
            let told = other.unwrap_or(real);
            if state.is_hidden(id, now)
                || wanted.is_some_and(|all| !all.iter().any(|one| one == told))
            {
                own.push((instance.range(), String::new()));
                continue;
            }
            left += 1;
            if let (Some(name), Some(element)) = (other, child(instance, "instanceState")) {
                let code = CODES.iter().find(|(one, _)| *one == name).map_or(0, |(_, code)| *code);
                let new = format!(
                    "<instanceState><code>{code}</code><name>{name}</name></instanceState>"
                );
                own.push((element.range(), new));
            }
        }
        if left == 0 {
            own = vec![(reservation.range(), String::new())];
        }
        edits.extend(own);
    }
    Some(replaced(reply, &edits))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::state::{Delays, now};

    fn reply(instances: &[(&str, &str)]) -> String {
        let items = instances.iter().map(|(id, state)| {
            format!(
                "<item><instancesSet><item><instanceId>{id}</instanceId><instanceState><code>16\
                 </code><name>{state}</name></instanceState></item></instancesSet></item>"
            )
        });
        let items: String = items.collect();
        format!("<R><reservationSet>{items}</reservationSet><nextToken>t</nextToken></R>")
    }

    #[test]
    fn machines_are_left_out_or_told_to_be_in_another_state() {
        let start = now();
        let mut state = State {
            delays: Delays {
                seen: Duration::from_secs(1),
                pending: Duration::from_secs(9),
                shutting_down: Duration::from_secs(9),
            },
            ..State::default()
        };
        state.launched.insert("i-new".to_owned(), start + Duration::from_secs(5));
        state.launched.insert("i-young".to_owned(), start);
        state.ended.insert("i-ending".to_owned(), start);
        let text = reply(&[
            ("i-new", "running"),
            ("i-young", "running"),
            ("i-ending", "terminated"),
            ("i-gone", "terminated"),
            ("i-old", "running"),
        ]);
        let wanted = ["pending", "running", "shutting-down"].map(str::to_owned);
        let told = told(&state, &text, Some(&wanted), start + Duration::from_secs(5)).unwrap();
        for (word, expected) in [
            ("i-new", 0),
            ("i-gone", 0),
            ("<code>0</code><name>pending</name>", 1),
            ("<code>32</code><name>shutting-down</name>", 1),
            ("<name>running</name>", 1),
            ("<nextToken>t</nextToken></R>", 1),
            ("<item><instancesSet>", 3),
        ] {
            assert_eq!(told.matches(word).count(), expected, "{word} in {told}");
        }
    }

    #[test]
    fn states_asked_for_find_those_that_may_be_told_so() {
        let body = b"Filter.1.Name=tag-key&Filter.1.Value.1=a&Filter.2.Name=instance-state-name\
                     &Filter.2.Value.1=pending&Filter.2.Value.2=running&Filter.2.Value.3=shutting-down";
        let (wanted, query) = widened(&Query::parse(body));
        assert_eq!(wanted.unwrap().len(), 3);
        assert_eq!(query.get("Filter.2.Value.4"), Some("terminated"));
        assert_eq!(query.get("Filter.2.Value.5"), None);
        let (wanted, query) = widened(&Query::parse(b"InstanceId.1=i-1"));
        assert_eq!((wanted, query.0.len()), (None, 1));
    }
}
