//! The list of reasons for a shape, from the definition at [`model::Reason`] and recomputed facts.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    InstanceTypeName, LabelKey, NodePoolName, PodShape, Reason, ShapeIndex, Snapshot, Supply,
    SupplyIndex,
};

use crate::facts::{Facts, Refusal, TieRefusal, added, amount};

/// The reasons for `shape`, or the position of an offering that could still be bought for it.
pub(super) fn reasons(facts: &Facts<'_>, shape: ShapeIndex) -> Result<Vec<Reason>, usize> {
    let pools = 0..facts.snapshot.pools.len();
    if pools.is_empty() {
        return Ok(vec![Reason::NoNodePool]);
    }
    let mut reasons = Vec::new();
    for pool in pools {
        let question = Question { facts, index: shape, shape: facts.snapshot.shape(shape), pool };
        question.answer(&mut reasons)?;
    }
    Ok(reasons)
}

/// Why does this pool hold no pod of this shape?
struct Question<'a> {
    facts: &'a Facts<'a>,
    index: ShapeIndex,
    shape: &'a PodShape,
    pool: usize,
}

impl Question<'_> {
    fn answer(&self, reasons: &mut Vec<Reason>) -> Result<(), usize> {
        let offerings = &self.facts.offerings_of[self.pool];
        let Some(first) = offerings.first() else {
            reasons.push(Reason::EmptyPool { pool: self.name() });
            return Ok(());
        };
        let site = self.facts.sites.of_offering(*first);
        if let Some(taint) = self.facts.sites.untolerated(self.shape, site) {
            reasons.push(Reason::Taint {
                pool: self.name(),
                taint: taint.clone(),
                excluded: count(offerings.len()),
            });
            return Ok(());
        }
        let candidates = self.candidates(offerings, reasons);
        let large_enough: Vec<usize> = (candidates.iter().copied())
            .filter(|position| {
                let room = self.facts.rooms.of_offering(*position);
                self.facts.fits(self.index, &room.dense)
            })
            .collect();
        if large_enough.is_empty() {
            self.sizes(&candidates, reasons);
            return Ok(());
        }
        let large_enough = self.with_values(large_enough, reasons);
        self.limits(&large_enough, reasons)
    }

    /// Those of `offerings`, which hold the pod, to which enough values of each label are open; gives the
    /// reasons for the others.
    fn with_values(&self, offerings: Vec<usize>, reasons: &mut Vec<Reason>) -> Vec<usize> {
        let asked = &self.snapshot().pools[self.pool].min_values;
        if asked.is_empty() {
            return offerings;
        }
        let holders: BTreeSet<usize> = offerings.iter().copied().collect();
        let mut few: BTreeMap<usize, (i64, u32)> = BTreeMap::new();
        let mut rest = Vec::new();
        for position in offerings {
            let open = |key| self.facts.open_values(position, key, |one| holders.contains(&one));
            let open = asked.iter().map(|(key, least)| (open(key), *least));
            match open.enumerate().find(|(_, (open, least))| open < least) {
                None => rest.push(position),
                Some((place, (open, _))) => {
                    let entry = few.entry(place).or_default();
                    *entry = (entry.0.max(open), entry.1 + 1);
                }
            }
        }
        reasons.extend(few.into_iter().map(|(place, (open, excluded))| {
            let (key, least) = &asked[place];
            let (pool, key, least) = (self.name(), key.clone(), *least);
            Reason::MinValues { pool, key, least, open, excluded }
        }));
        rest
    }

    fn name(&self) -> NodePoolName {
        self.snapshot().pools[self.pool].name.clone()
    }

    const fn snapshot(&self) -> &Snapshot {
        self.facts.snapshot
    }

    /// Offerings admitted and priced; gives the reasons for the others.
    fn candidates(&self, offerings: &[usize], reasons: &mut Vec<Reason>) -> Vec<usize> {
        let sites = &self.facts.sites;
        let mut refused: BTreeMap<&LabelKey, u32> = BTreeMap::new();
        let mut unpriced = 0;
        let mut candidates = Vec::new();
        for position in offerings.iter().copied() {
            let site = sites.of_offering(position);
            let listing = self.snapshot().listing_of(&self.snapshot().offerings[position]);
            if !sites.matches(self.shape, site) {
                let key = sites
                    .refused(self.shape, 0, site)
                    .expect("no alternative matches, so the first, which is always there, refuses");
                *refused.entry(key).or_default() += 1;
            } else if listing.price.is_none() {
                unpriced += 1;
            } else {
                candidates.push(position);
            }
        }
        reasons.extend(refused.into_iter().map(|(key, excluded)| {
            let (pool, key) = (self.name(), key.clone());
            Reason::Requirement { pool, key, excluded }
        }));
        if unpriced > 0 {
            reasons.push(Reason::Unpriced { pool: self.name(), excluded: unpriced });
        }
        candidates
    }

    /// None of `candidates` is large enough.
    fn sizes(&self, candidates: &[usize], reasons: &mut Vec<Reason>) {
        if candidates.is_empty() {
            return;
        }
        let excluded = count(candidates.len());
        let asked = &self.facts.requests[self.index.get()];
        let mut any = false;
        for (column, resource) in self.facts.columns.iter().enumerate() {
            let needs = asked[column];
            if needs == 0 {
                continue;
            }
            let (largest, largest_type) = self.largest(candidates, column);
            if needs <= largest {
                continue;
            }
            any = true;
            reasons.push(Reason::Resource {
                pool: self.name(),
                resource: (*resource).clone(),
                needs: amount(needs),
                largest: amount(largest),
                largest_type,
                excluded,
            });
        }
        if !any {
            reasons.push(Reason::Combination { pool: self.name(), excluded });
        }
    }

    /// The most of one resource, and the first type by name that has it.
    fn largest(&self, candidates: &[usize], column: usize) -> (i128, InstanceTypeName) {
        let room = |position: &usize| self.facts.rooms.of_offering(*position).dense[column];
        let most = candidates.iter().map(room).max();
        let most = most.expect("there is at least one candidate");
        let types = candidates.iter().filter(|position| room(position) == most).map(|position| {
            let listing = self.snapshot().listing_of(&self.snapshot().offerings[*position]);
            &self.snapshot().instance_type(listing.instance_type).name
        });
        let first = types.min().expect("one of them has the most");
        (most, first.clone())
    }

    /// All of `offerings` would hold the pod; one that breaks no limit, draws on no used-up supply and
    /// is refused by no spread and no term is the error.
    fn limits(&self, offerings: &[usize], reasons: &mut Vec<Reason>) -> Result<(), usize> {
        let ledger = &self.facts.ledger;
        let limits = ledger.limits(self.pool);
        let mut broken: BTreeMap<usize, (i128, u32)> = BTreeMap::new();
        let mut used_up: BTreeMap<SupplyIndex, u32> = BTreeMap::new();
        let mut crowded = Crowded(BTreeMap::new());
        let mut tied = Tied(BTreeMap::new());
        for position in offerings {
            let offering = &self.snapshot().offerings[*position];
            let Some(limit) = ledger.broken_by(self.pool, offering.machine.get()) else {
                let supply = self.snapshot().supply_of(offering);
                if let Some(supply) = supply.filter(|supply| ledger.is_used_up(*supply)) {
                    *used_up.entry(supply).or_default() += 1;
                    continue;
                }
                let labels = self.snapshot().labels_of(offering);
                let refusal = self.facts.spreads.refusal(self.index, |key| labels.get(key), None);
                if let Some(refusal) = refusal {
                    crowded.add(refusal);
                    continue;
                }
                let refusal = self.facts.ties.refusal(self.index, |key| labels.get(key), None);
                tied.add(refusal.ok_or(*position)?);
                continue;
            };
            let adds = added(self.snapshot().machine_of(offering), limits[limit].resource);
            let (least, excluded) = broken.entry(limit).or_insert((adds, 0));
            *least = adds.min(*least);
            *excluded += 1;
        }
        reasons.extend(broken.into_iter().map(|(limit, (least, excluded))| {
            let limit = &limits[limit];
            Reason::Limit {
                pool: self.name(),
                resource: limit.resource.clone(),
                limit: amount(limit.most),
                used: amount(limit.used + limit.planned),
                least: amount(least),
                excluded,
            }
        }));
        reasons.extend(self.supplies(used_up));
        reasons.extend(crowded.reasons(&self.name()));
        reasons.extend(tied.reasons(&self.name()));
        Ok(())
    }

    /// The reasons for what draws on supplies that are used up, by name.
    fn supplies(&self, used_up: BTreeMap<SupplyIndex, u32>) -> Vec<Reason> {
        let reason = |(supply, excluded): (SupplyIndex, u32)| {
            let Supply { name, cap, kind: _ } = self.snapshot().supply(supply);
            Reason::Supply { pool: self.name(), supply: name.clone(), cap: *cap, excluded }
        };
        used_up.into_iter().map(reason).collect()
    }
}

/// Offerings that spreads refuse, by what there is to tell of the spread: the least load and how many.
struct Crowded(BTreeMap<Refusal, (i64, u32)>);

impl Crowded {
    fn add(&mut self, refusal: Refusal) {
        let load = refusal.load;
        let (least, excluded) = self.0.entry(Refusal { load: 0, ..refusal }).or_insert((load, 0));
        *least = load.min(*least);
        *excluded += 1;
    }

    fn reasons(self, pool: &NodePoolName) -> Vec<Reason> {
        let reason = |(refusal, (load, excluded)): (Refusal, (i64, u32))| {
            let Refusal { key, selection, max_skew, least, least_in, load: _ } = refusal;
            let pool = pool.clone();
            Reason::Spread { pool, key, selection, max_skew, least, least_in, load, excluded }
        };
        self.0.into_iter().map(reason).collect()
    }
}

/// Offerings that terms refuse, by what there is to tell: the least number of pods in the way and how many.
struct Tied(BTreeMap<TieRefusal, (i64, u32)>);

impl Tied {
    fn add(&mut self, refusal: TieRefusal) {
        let (refusal, pods) = match refusal {
            TieRefusal::Away { .. } => (refusal, 0),
            TieRefusal::Apart { key, selection, own, pods } => {
                (TieRefusal::Apart { key, selection, own, pods: 0 }, pods)
            }
        };
        let (least, excluded) = self.0.entry(refusal).or_insert((pods, 0));
        *least = pods.min(*least);
        *excluded += 1;
    }

    fn reasons(self, pool: &NodePoolName) -> Vec<Reason> {
        let reason = |(refusal, (pods, excluded)): (TieRefusal, (i64, u32))| {
            let pool = pool.clone();
            match refusal {
                TieRefusal::Away { key, selection, there_in } => {
                    Reason::Affinity { pool, key, selection, there_in, excluded }
                }
                TieRefusal::Apart { key, selection, own, pods: _ } => {
                    Reason::AntiAffinity { pool, key, selection, own, pods, excluded }
                }
            }
        };
        self.0.into_iter().map(reason).collect()
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
