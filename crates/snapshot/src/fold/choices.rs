//! Values for custom labels that a pool's requirements leave open.
//!
//! A pool that requires `team In [a, b]` opens nodes of team a and nodes of team b. Only values that
//! some pod or DaemonSet tells apart make a difference, so one of each kind is kept.

use std::collections::BTreeSet;

use model::{LabelKey, LabelValue, Labels, Requirement, Requirements};

use super::Observers;
use super::levels::PoolView;

/// How many combinations of custom labels one pool may have; each multiplies its offerings. With
/// some 14,000 listings in the largest region, 64 make 900,000 offerings.
pub(crate) const COMBINATIONS_MAX: u64 = 64;

/// The combinations of a pool.
#[derive(Debug)]
pub(super) struct Choices {
    /// At most [`COMBINATIONS_MAX`], sorted; one empty entry where there is nothing to choose, none
    /// where a requirement admits nothing.
    pub(super) labels: Vec<Labels>,
    /// How many there are in all.
    pub(super) total: u64,
}

/// The combinations of values for the keys that `requirements` leave open.
pub(super) fn of(
    view: &PoolView<'_>,
    requirements: &Requirements,
    observers: &Observers<'_>,
) -> Choices {
    let mut total: u64 = 1;
    let mut labels = vec![Labels::new()];
    for (key, requirement) in requirements.iter() {
        if !view.chosen_keys.contains(key) {
            continue;
        }
        let seen: Vec<&Requirement> = observers.of(key).collect();
        let values = if observers.domains.contains(key) {
            all(requirement, &seen)
        } else {
            distinct(requirement, &seen)
        };
        total = total.saturating_mul(u64::try_from(values.len()).unwrap_or(u64::MAX));
        labels = combine(&labels, key, &values);
    }
    labels.sort();
    Choices { labels, total }
}

fn combine(labels: &[Labels], key: &LabelKey, values: &[Option<LabelValue>]) -> Vec<Labels> {
    let most = usize::try_from(COMBINATIONS_MAX).unwrap_or(usize::MAX);
    let pairs = labels.iter().flat_map(|labels| values.iter().map(move |value| (labels, value)));
    pairs
        .take(most)
        .map(|(labels, value)| {
            let mut labels = labels.clone();
            if let Some(value) = value {
                labels.insert(key.clone(), value.clone());
            }
            labels
        })
        .collect()
}

/// Every listed value, as each is a domain of its own; where none is listed as many as can be told apart.
fn all(requirement: &Requirement, observers: &[&Requirement]) -> Vec<Option<LabelValue>> {
    match requirement.listed() {
        Some(listed) => listed.cloned().map(Some).collect(),
        None => distinct(requirement, observers),
    }
}

/// One admitted value, or absence, for each way in which the observers can answer.
fn distinct(requirement: &Requirement, observers: &[&Requirement]) -> Vec<Option<LabelValue>> {
    let mut met: BTreeSet<Vec<bool>> = BTreeSet::new();
    let mut order = Vec::new();
    for value in candidates(requirement, observers) {
        let text = value.as_ref().map(LabelValue::as_str);
        if !requirement.admits(text) {
            continue;
        }
        let answers: Vec<bool> = observers.iter().map(|one| one.admits(text)).collect();
        if met.insert(answers) {
            order.push(value);
        }
    }
    order
}

/// Absence, the listed values or a value that nobody names, then those that somebody names, then
/// one integer between each two bounds.
fn candidates(
    requirement: &Requirement,
    observers: &[&Requirement],
) -> impl Iterator<Item = Option<LabelValue>> {
    let mut values = Vec::new();
    if let Some(listed) = requirement.listed() {
        values.extend(listed.cloned());
    } else {
        let all = || observers.iter().copied().chain([requirement]);
        let named: BTreeSet<&LabelValue> = all().flat_map(Requirement::named).collect();
        let mut cuts = BTreeSet::from([0]);
        for (at_least, at_most) in all().map(Requirement::bounds) {
            cuts.extend(at_least);
            cuts.extend(at_most.and_then(|most| most.checked_add(1)));
            cuts.extend(at_most);
        }
        values.extend(cuts.into_iter().filter_map(|cut| unnamed(cut, &named)));
        values.extend(named.into_iter().cloned());
    }
    [None].into_iter().chain(values.into_iter().map(Some))
}

/// The least integer from `least` on that nobody names.
fn unnamed(least: i64, named: &BTreeSet<&LabelValue>) -> Option<LabelValue> {
    let tries = i64::try_from(named.len()).unwrap_or(i64::MAX);
    (least..=least.checked_add(tries)?)
        .map(|number| LabelValue::new(number.to_string()))
        .find(|value| !named.contains(value))
}

#[cfg(test)]
mod tests {
    use model::{LabelValue, Operator, Requirement};

    use super::distinct;

    fn requirement(text: &str) -> Requirement {
        let (operator, values) = text.split_once(' ').unwrap_or((text, ""));
        let values: Vec<String> = values.split_whitespace().map(str::to_owned).collect();
        let operator = Operator::parse(operator).expect("an operator");
        Requirement::new(operator, &values).expect("a requirement")
    }

    #[test]
    fn one_value_is_kept_for_each_difference_that_somebody_sees() {
        for (pool, observers, expected) in [
            ("In b a", vec![], vec!["a"]),
            ("In b a c", vec!["In b"], vec!["a", "b"]),
            ("In a b", vec!["In a b", "Exists"], vec!["a"]),
            ("In a b c", vec!["In a", "NotIn b"], vec!["a", "b", "c"]),
            ("Exists", vec![], vec!["0"]),
            ("Exists", vec!["In x", "In y"], vec!["0", "x", "y"]),
            ("Exists", vec!["In 0", "NotIn 1"], vec!["2", "0", "1"]),
            ("NotIn x", vec![], vec!["-"]),
            ("NotIn x", vec!["Exists", "In x"], vec!["-", "0"]),
            ("NotIn x", vec!["In x y"], vec!["-", "y"]),
            ("DoesNotExist", vec!["In x"], vec!["-"]),
            ("Gt 3", vec![], vec!["4"]),
            ("Gt 3", vec!["Lt 6"], vec!["4", "6"]),
            ("Gt 3", vec!["Gt 8", "In 4"], vec!["5", "9", "4"]),
            ("Exists", vec!["Gt 3"], vec!["0", "4"]),
        ] {
            let pool = requirement(pool);
            let observers: Vec<Requirement> = observers.into_iter().map(requirement).collect();
            let observers: Vec<&Requirement> = observers.iter().collect();
            let found: Vec<String> = distinct(&pool, &observers)
                .iter()
                .map(|value| value.as_ref().map_or("-", LabelValue::as_str).to_owned())
                .collect();
            assert_eq!(found, expected, "{pool} seen by {observers:?}");
        }
    }
}
