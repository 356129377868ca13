//! Seats: the nodes that take pods, with the room that is left on each.

use crate::packing::{Mix, add};
use crate::problem::{Amounts, Problem};

/// Fixed-point bits of a resource's price per unit.
const PRICE_BITS: u32 = 20;

/// Room left on the nodes that take pods, by position in [`Problem::nodes`].
#[derive(Debug)]
pub(super) struct Seats {
    room: Vec<Amounts>,
    moved_in: Vec<Mix>,
    open: Vec<bool>,
    /// Which took pods at the start.
    takes: Vec<bool>,
    /// For each class the seats that had room for one of its pods at the start, the fullest first.
    of_class: Vec<Vec<usize>>,
}

/// Where the pods of a mix go.
#[derive(Clone, Debug, Default)]
pub(super) struct Seated {
    /// Pods by seat.
    pub(super) taken: Vec<(usize, Mix)>,
    /// Pods that found none.
    pub(super) rest: Mix,
    /// Seats looked at.
    pub(super) looked: u64,
}

impl Seats {
    /// All seats that take pods.
    pub(super) fn new(problem: &Problem, takes: &[bool]) -> Self {
        let prices = prices(problem);
        let worth = |room: &[i64]| -> i128 {
            room.iter().zip(&prices).map(|(room, price)| i128::from((*room).max(0)) * price).sum()
        };
        let mut order: Vec<usize> = (0..problem.nodes.len()).filter(|&seat| takes[seat]).collect();
        order.sort_by_cached_key(|&seat| (worth(&problem.nodes[seat].room), seat));
        let of_class = problem
            .classes
            .iter()
            .map(|class| {
                let admits = |seat: &&usize| class.nodes.contains(**seat);
                let fits =
                    |seat: &&usize| Problem::fits(&class.requests, &problem.nodes[**seat].room);
                order.iter().filter(admits).filter(fits).copied().collect()
            })
            .collect();
        Self {
            room: problem.nodes.iter().map(|node| node.room.clone()).collect(),
            moved_in: vec![Mix::new(); problem.nodes.len()],
            open: takes.to_vec(),
            takes: takes.to_vec(),
            of_class,
        }
    }

    /// Whether `seat` takes pods.
    pub(super) fn is_open(&self, seat: usize) -> bool {
        self.open[seat]
    }

    /// What is left on `seat`.
    pub(super) fn room(&self, seat: usize) -> &Amounts {
        &self.room[seat]
    }

    /// Takes `mix` off `seat` again.
    pub(super) fn unseat(&mut self, problem: &Problem, seat: usize, mix: &Mix) {
        for &(class, pods) in mix {
            take(&mut self.room[seat], &problem.classes[class].requests, -pods);
            add(&mut self.moved_in[seat], class, -pods);
        }
        self.moved_in[seat].retain(|(_, pods)| *pods > 0);
    }

    /// The `most` seats on which pods of `demand` of the greatest worth fit, taken class by class.
    pub(super) fn useful(
        &self,
        problem: &Problem,
        demand: &Mix,
        values: &[i64],
        most: usize,
    ) -> Vec<usize> {
        let mut worth: std::collections::BTreeMap<usize, i64> = std::collections::BTreeMap::new();
        for &(class, pods) in demand {
            let requests = &problem.classes[class].requests;
            for &seat in self.of_class[class].iter().filter(|seat| self.open[**seat]) {
                if Problem::fits(requests, &self.room[seat]) {
                    let fits = Problem::fit_count(requests, &self.room[seat]).min(pods);
                    let entry = worth.entry(seat).or_default();
                    *entry = (*entry).max(values[class].saturating_mul(fits));
                }
            }
        }
        let mut seats: Vec<(std::cmp::Reverse<i64>, usize)> =
            worth.into_iter().map(|(seat, worth)| (std::cmp::Reverse(worth), seat)).collect();
        seats.sort_unstable();
        seats.truncate(most);
        seats.into_iter().map(|(_, seat)| seat).collect()
    }

    /// What was moved to `seat`.
    pub(super) fn moved_in(&self, seat: usize) -> &Mix {
        &self.moved_in[seat]
    }

    /// Takes `seat` away.
    pub(super) fn close(&mut self, seat: usize) {
        self.open[seat] = false;
    }

    /// Gives `seat` back, as it was at the start.
    pub(super) fn reopen(&mut self, seat: usize) {
        self.open[seat] = self.takes[seat];
    }

    /// Puts `mix` on `seat`.
    pub(super) fn seat(&mut self, problem: &Problem, seat: usize, mix: &Mix) {
        for &(class, pods) in mix {
            take(&mut self.room[seat], &problem.classes[class].requests, pods);
            add(&mut self.moved_in[seat], class, pods);
        }
    }

    /// Seats as many pods of `mix` as find room, on any seat but `but`: the dearest classes first, in
    /// the order of `values`, each on the fullest node that holds it.
    pub(super) fn find(
        &self,
        problem: &Problem,
        mix: &Mix,
        values: &[i64],
        but: Option<usize>,
    ) -> Seated {
        let mut order = mix.clone();
        order.sort_by_key(|&(class, _)| (std::cmp::Reverse(values[class]), class));
        let mut seated = Seated::default();
        let mut rooms: Vec<(usize, Amounts)> = Vec::new();
        for (class, mut left) in order {
            let requests = &problem.classes[class].requests;
            for &seat in &self.of_class[class] {
                if !self.open[seat] || Some(seat) == but {
                    continue;
                }
                seated.looked += 1;
                let touched = rooms.iter().position(|(other, _)| *other == seat);
                let room = touched.map_or(&self.room[seat], |place| &rooms[place].1);
                if !Problem::fits(requests, room) {
                    continue;
                }
                let fits = Problem::fit_count(requests, room).min(left);
                let pods = fits.min(self.joining_max(problem, class, seat, &seated));
                if pods <= 0 {
                    continue;
                }
                let place = touched.unwrap_or_else(|| {
                    rooms.push((seat, self.room[seat].clone()));
                    rooms.len() - 1
                });
                take(&mut rooms[place].1, requests, pods);
                add(taken_on(&mut seated.taken, seat), class, pods);
                left -= pods;
                if left == 0 {
                    break;
                }
            }
            if left > 0 {
                add(&mut seated.rest, class, left);
            }
        }
        seated
    }

    /// How many pods of `class` may join what was moved, and what is about to be, to `seat`.
    fn joining_max(&self, problem: &Problem, class: usize, seat: usize, seated: &Seated) -> i64 {
        let mut there = self.moved_in[seat].clone();
        let now = seated.taken.iter().find(|(other, _)| *other == seat);
        for &(class, pods) in now.into_iter().flat_map(|(_, mix)| mix) {
            add(&mut there, class, pods);
        }
        problem.joining_max(class, &there, problem.base(Some(seat)))
    }
}

fn taken_on(taken: &mut Vec<(usize, Mix)>, seat: usize) -> &mut Mix {
    let place = taken.iter().position(|(other, _)| *other == seat).unwrap_or_else(|| {
        taken.push((seat, Mix::new()));
        taken.len() - 1
    });
    &mut taken[place].1
}

fn take(room: &mut [i64], requests: &[i64], pods: i64) {
    for (room, need) in room.iter_mut().zip(requests) {
        *room = room.saturating_sub(need.saturating_mul(pods));
    }
}

/// What a unit of each resource costs at least where nothing else is needed.
fn prices(problem: &Problem) -> Vec<i128> {
    let dimensions = problem.classes.first().map_or(0, |class| class.requests.len());
    let least = |dimension: usize| {
        let kinds = problem.kinds.iter().filter(|kind| kind.searched && kind.room[dimension] > 0);
        kinds
            .map(|kind| {
                (i128::from(kind.price.get()) << PRICE_BITS) / i128::from(kind.room[dimension])
            })
            .min()
            .unwrap_or(0)
    };
    (0..dimensions).map(least).collect()
}
