//! Decides how many pods of each class go to which place, as spreads and terms over zones and the like ask.
//!
//! Pods are given to places one after another, as kube-scheduler would bind them, so that after each of
//! them every spread holds; a place is chosen by what it costs, among equals the emptiest. How many
//! a place holds is for the packing to say: what it had no room for comes back as a cap.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::values::charge_of;
use crate::bits::Bits;
use crate::problem::rules::{Loads, RuleSet};
use crate::problem::split::Assignment;
use crate::problem::ties::Domain;
use crate::problem::{Amounts, Built, Class, Forgone, Problem};

/// A place that a class may go to.
struct Choice {
    /// Among those of its rule set.
    place: usize,
    /// One of its sites.
    site: usize,
    /// Nodes that are there, by position, that may take it.
    nodes: Vec<usize>,
    /// The greatest weight of a pool that can buy there for it; `None` where nodes that are there are
    /// all there is.
    weight: Option<i32>,
    /// What a pod is charged there at least, nano-USD per hour.
    charge: i64,
    /// Most pods that may go there.
    most: i64,
    given: i64,
    /// Nodes before this one have no room for it.
    next_node: usize,
    /// How many were put on that one.
    on_node: i64,
}

/// What decides between places that cost a pod the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// The emptiest goes first.
    Even,
    /// That to which most has come goes first, as far as spreads allow: pods of several classes share
    /// nodes there.
    Gathered,
    /// As even, and classes with the fewest places that are open to them now come first, also those that
    /// follow others.
    Narrowest,
}

/// What speaks against a choice, the least being the best: how few can follow the pod there and what they
/// are charged, that a node is to be bought, the weight of its pool, what it charges, its load, how few of
/// the class are there that are not spread, what pods there are charged already, its site.
type Merit = (Pull, bool, Reverse<Option<i32>>, i64, i64, Reverse<i64>, i64, usize);

/// What can be bought: the weight of its pool, whether it draws on a supply, what it charges for a pod.
type Offer = (Reverse<i32>, bool, i64);

/// Offers by site, for what pods ask for, the kinds that admit them and what they prefer.
type Offers<'a> = BTreeMap<(&'a [i64], &'a Bits, &'a Forgone), Vec<Option<Offer>>>;

/// How many pods can go where the first of those comes that they go with, and what they are charged there,
/// nano-USD per hour; nothing where somebody is there already.
type Pull = (Reverse<i64>, i64);

const NO_PULL: Pull = (Reverse(0), 0);

struct Sharing<'a> {
    built: &'a Built,
    order: Order,
    /// What is left on each node that is there.
    rooms: Vec<Amounts>,
    loads: Loads,
    /// What the pods given to each site are charged.
    charged: Vec<i64>,
    /// By term and domain.
    pulls: Vec<Vec<Pull>>,
}

/// Gives pods to places where these domains are `eligible`, no more of a parent than `caps` say, which are
/// by parent and place.
pub(crate) fn assign(
    built: &Built,
    eligible: Vec<Vec<usize>>,
    caps: Option<&[Vec<i64>]>,
    order: Order,
) -> Assignment {
    let mut sharing = Sharing::new(built, eligible, order);
    let ruled: Vec<usize> =
        (0..built.parents.len()).filter(|&place| built.is_ruled(place)).collect();
    let mut known = Offers::new();
    let mut choices: Vec<(usize, Vec<Choice>)> = Vec::with_capacity(ruled.len());
    for place in ruled {
        let parent = &built.parents[place];
        let offers = known
            .entry((&parent.requests, &parent.kinds, &parent.forgone))
            .or_insert_with(|| sharing.offers(parent));
        let caps = caps.map(|caps| &caps[place][..]);
        choices.push((place, sharing.choices(place, offers, caps)));
    }
    sharing.pulls = sharing.pulls(&choices);
    // Those that follow nobody first; then those that most can follow, then those with the fewest ways
    // out, then those that are most expensive to place badly.
    choices.sort_by_cached_key(|(place, choices)| {
        let charge = choices.iter().map(|one| one.charge).min();
        let set = &built.rules.sets[built.sets[*place]];
        let is_open = |one: &&Choice| !sharing.loads.refuses(&built.rules, set, one.site);
        let (follows, ways) = match order {
            Order::Even | Order::Gathered => (!set.ties.together.is_empty(), choices.len()),
            Order::Narrowest => (false, choices.iter().filter(is_open).count()),
        };
        let priority = Reverse(built.parents[*place].priority);
        let pull = choices.iter().map(|one| sharing.pull(set, one.site).0).min();
        (follows, priority, pull, ways, Reverse(charge), *place)
    });
    let mut given = vec![Vec::new(); built.parents.len()];
    let mut waiting = built.pods_of();
    loop {
        let before = waiting.clone();
        for (place, choices) in &mut choices {
            while waiting[*place] > 0 && sharing.give(*place, choices) {
                waiting[*place] -= 1;
            }
        }
        // Some may go where others have come since.
        if waiting == before {
            break;
        }
    }
    for (place, choices) in choices {
        given[place] = vec![0; built.places(place).len()];
        for choice in choices {
            given[place][choice.place] = choice.given;
        }
    }
    Assignment(given)
}

impl<'a> Sharing<'a> {
    fn new(built: &'a Built, eligible: Vec<Vec<usize>>, order: Order) -> Self {
        Self {
            built,
            order,
            rooms: built.rest.nodes.iter().map(|node| node.room.clone()).collect(),
            loads: Loads::new(&built.rules, eligible),
            charged: vec![0; built.rules.sites.all.len()],
            pulls: Vec::new(),
        }
    }

    /// How many of those that go with others can go where, by term and domain.
    fn pulls(&self, choices: &[(usize, Vec<Choice>)]) -> Vec<Vec<Pull>> {
        let rules = &self.built.rules;
        let domains = |key: &Option<usize>| key.map_or(0, |key| rules.sites.domains[key].len());
        let mut pulls: Vec<Vec<Pull>> =
            rules.terms.key.iter().map(|key| vec![NO_PULL; domains(key)]).collect();
        for (parent, choices) in choices {
            let pods = crate::packing::count(self.built.parents[*parent].pods.len());
            for &(term, _) in &rules.sets[self.built.sets[*parent]].ties.together {
                for choice in choices {
                    let Domain::In(domain) = rules.tie_domain(term, choice.site) else { continue };
                    let (Reverse(many), charge) = &mut pulls[term][domain];
                    *many = many.saturating_add(choice.most.min(pods));
                    *charge = charge.saturating_add(choice.charge.saturating_mul(pods));
                }
            }
        }
        pulls
    }

    /// What pulls the first pod with the rules of `set` to `site`.
    fn pull(&self, set: &RuleSet, site: usize) -> Pull {
        let rules = &self.built.rules;
        let open = set.ties.of.iter().filter(|of| self.loads.ties.is_open(of.term));
        let pulls = open.filter_map(|of| match rules.tie_domain(of.term, site) {
            Domain::In(domain) => Some(self.pulls[of.term][domain]),
            Domain::Fresh | Domain::Nowhere => None,
        });
        pulls.fold(NO_PULL, |(Reverse(many), charge), (Reverse(more), next)| {
            (Reverse(many.saturating_add(more)), charge.saturating_add(next))
        })
    }

    /// By site the best that can be bought for pods of `parent`.
    fn offers(&self, parent: &Class) -> Vec<Option<Offer>> {
        let rest = &self.built.rest;
        let mut best: Vec<Option<Offer>> = vec![None; self.charged.len()];
        for (kind, of) in rest.kinds.iter().enumerate() {
            let within = of.draws.iter().all(|draw| draw.amount <= rest.scarce[draw.of]);
            if !within || !parent.kinds.contains(kind) || !Problem::fits(&parent.requests, &of.room)
            {
                continue;
            }
            let weight = Reverse(rest.pools[of.pool].weight);
            let charge = charge_of(of, &parent.requests);
            let offer = (weight, of.capped, charge.saturating_add(parent.forgone.on_kind(kind)));
            let known = &mut best[of.site];
            *known = Some(known.map_or(offer, |known| known.min(offer)));
        }
        best
    }

    /// Where pods of the parent at `place` may go, rules between pods aside.
    fn choices(&self, place: usize, offers: &[Option<Offer>], caps: Option<&[i64]>) -> Vec<Choice> {
        let parent = &self.built.parents[place];
        let mut choices = Vec::new();
        for (position, sites) in self.built.places(place).iter().enumerate() {
            let best = sites.iter().filter_map(|site| offers[*site]).min();
            let nodes = self.built.rules.site_of_node.iter().enumerate();
            let nodes =
                nodes.filter(|(node, site)| parent.nodes.contains(*node) && sites.contains(site));
            let nodes: Vec<usize> = nodes.map(|(node, _)| node).collect();
            let most = match best {
                Some(_) => i64::MAX,
                None => self.on_nodes(parent, &nodes),
            };
            let most = caps.map_or(most, |caps| caps[position].min(most));
            if most > 0 {
                choices.push(Choice {
                    place: position,
                    site: sites[0],
                    nodes,
                    weight: best.map(|(Reverse(weight), ..)| weight),
                    charge: best.map_or(0, |(.., charge)| charge),
                    most,
                    given: 0,
                    next_node: 0,
                    on_node: 0,
                });
            }
        }
        choices
    }

    /// How many pods of `parent` these nodes hold, if nobody else goes there.
    fn on_nodes(&self, parent: &Class, nodes: &[usize]) -> i64 {
        let fits =
            nodes.iter().map(|&node| Problem::fit_count(&parent.requests, &self.rooms[node]));
        fits.fold(0, i64::saturating_add)
    }

    /// Gives one pod of the parent at `place` to the best of `choices`; false where there is none.
    fn give(&mut self, place: usize, choices: &mut [Choice]) -> bool {
        let built = self.built;
        let set = &built.rules.sets[built.sets[place]];
        let parent = &built.parents[place];
        let mut best: Option<(usize, Merit)> = None;
        for (position, choice) in choices.iter_mut().enumerate() {
            let refused = self.loads.refuses(&built.rules, set, choice.site);
            if choice.given >= choice.most || refused {
                continue;
            }
            let is_free = self.finds_room(parent, choice);
            let charge = match choice.nodes.get(choice.next_node) {
                Some(&node) if is_free => parent.forgone.on_node(node),
                Some(_) | None => choice.charge,
            };
            let charged = self.charged[choice.site];
            let (load, charged) = match self.order {
                Order::Even | Order::Narrowest => {
                    (self.loads.sum(&built.rules, set, choice.site), charged)
                }
                Order::Gathered => (0, -charged),
            };
            // What is not spread stays together, and leaves places to those that keep away from it.
            let given = Reverse(if set.groups.is_empty() { choice.given } else { 0 });
            let pull = self.pull(set, choice.site);
            let rank =
                (pull, !is_free, Reverse(choice.weight), charge, load, given, charged, choice.site);
            if best.is_none_or(|(_, known)| rank < known) {
                best = Some((position, rank));
            }
        }
        let Some((position, (_, to_buy, ..))) = best else { return false };
        let choice = &mut choices[position];
        choice.given += 1;
        self.charged[choice.site] = self.charged[choice.site].saturating_add(choice.charge);
        if !to_buy {
            let node = choice.nodes[choice.next_node];
            choice.on_node += 1;
            for (room, need) in self.rooms[node].iter_mut().zip(&parent.requests) {
                *room -= need;
            }
        }
        count(built, &mut self.loads, set, choice.site);
        true
    }

    /// Whether a node of the choice has room for one more; moves on to it.
    fn finds_room(&self, parent: &Class, choice: &mut Choice) -> bool {
        let together = parent.quotas.iter().map(|quota| quota.most).min().unwrap_or(i64::MAX);
        while let Some(&node) = choice.nodes.get(choice.next_node) {
            let has_room =
                choice.on_node < together && Problem::fits(&parent.requests, &self.rooms[node]);
            if has_room {
                return true;
            }
            choice.next_node += 1;
            choice.on_node = 0;
        }
        false
    }
}

/// Counts one more pod with the rules of `set` in `site`: against the skew of all who count it, whatever
/// nodes they look at, and as being there for its own groups alone.
fn count(built: &Built, loads: &mut Loads, set: &RuleSet, site: usize) {
    let rules = &built.rules;
    loads.ties.add(&set.ties, |term| rules.tie_domain(term, site), 1);
    for &(topic, skew) in &set.topics {
        for &group in rules.of_topic[topic].iter().filter(|g| rules.groups[**g].max_skew >= skew) {
            if let Some(domain) = rules.domain(group, site) {
                loads.add_load(group, domain, 1);
            }
        }
    }
    for &group in &set.groups {
        let Some(domain) = rules.domain(group, site) else { continue };
        loads.add_carriers(group, domain, 1);
        if set.skew(rules.groups[group].topic).is_some() {
            loads.add(rules, group, domain, 1);
        }
    }
}
