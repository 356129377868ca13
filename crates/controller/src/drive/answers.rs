//! Takes in what came of requests.

use super::Driver;
use crate::clock;
use crate::metrics::Created;
use crate::perform::Answer;

impl Driver {
    /// Takes one answer into what is remembered.
    pub(super) fn take_in(&mut self, answer: Answer) {
        let now = clock::now();
        let work = &mut self.work;
        match answer {
            Answer::Created(claim, true) => self.count_created(&claim),
            Answer::Created(claim, false) => work.forget(&claim),
            Answer::Launched(claim, answer) => {
                work.memory.entry(claim).or_default().launched(*answer);
            }
            Answer::Listed(claim, found) => {
                work.memory.entry(claim).or_default().listed(now, found);
            }
            Answer::Looked(claim, answer) => {
                work.memory.entry(claim).or_default().looked(now, *answer);
            }
            Answer::Evicted(claim, uid, granted) => {
                work.memory.entry(claim).or_default().evicted(now, &uid, granted);
            }
            Answer::Tagged(claim) => work.memory.entry(claim).or_default().tagged = true,
            Answer::Prepared(class) => self.upkeep.prepared(&class),
            Answer::Released(class) => self.upkeep.released(&class),
            Answer::Done(done) => work.end(done, clock::instant()),
            Answer::Resolved(class, generation, answer) => {
                self.upkeep.resolved(&class, generation, *answer, self.seed);
            }
            Answer::Market(answer) => self.upkeep.heard_market(*answer, self.seed),
            Answer::Moves(tables, found) => self.found_moves(&tables, *found),
            Answer::Held(id, held) => self.heard_held(&id, *held),
            Answer::Swept(sweep) => self.swept(*sweep),
            Answer::Received(messages) => self.received(messages),
            Answer::Statuses(answer) => self.heard_statuses(*answer),
        }
    }

    fn count_created(&self, claim: &str) {
        let pool = claim.rsplit_once('-').map_or(claim, |(pool, _)| pool);
        let created = Created {
            reason: "provisioned",
            nodepool: pool.to_owned(),
            min_values_relaxed: "false",
        };
        self.metrics.claims_created.get_or_create(&created).inc();
    }
}
