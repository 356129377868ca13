//! The linear relaxation of one node's knapsack, for prices of its resources.
//!
//! maximise Σ worth·x subject to Σ share·x ≤ 1 in each resource and 0 ≤ x ≤ cap, by the primal
//! simplex method for bounded variables. There are as many rows as resources, a handful, so the
//! basis inverse is kept whole. Only the prices leave this module, and any prices ≥ 0 give a valid
//! bound, so rounding and an early end cost tightness, never truth.

/// Gives up improving after this many pivots; seen: 5 to 40.
const PIVOTS: usize = 200;
const TOLERANCE: f64 = 1e-9;

/// One item: what a unit is worth and takes, as shares of the node's whole room.
pub(super) struct Item {
    pub(super) worth: f64,
    pub(super) shares: Vec<f64>,
    pub(super) cap: f64,
}

/// The relaxed optimum.
pub(super) struct Relaxed {
    /// Prices of the whole node's room in each resource, in the unit of `worth`.
    pub(super) prices: Vec<f64>,
    /// How much of each item.
    pub(super) amounts: Vec<f64>,
}

/// Solves the relaxation.
pub(super) fn solve(items: &[Item], resources: usize) -> Relaxed {
    let mut simplex = Simplex::new(items, resources);
    for _ in 0..PIVOTS {
        let prices = simplex.prices();
        let Some(entering) = simplex.entering(&prices) else { break };
        if !simplex.pivot(entering) {
            break;
        }
    }
    let prices = simplex.prices().into_iter().map(|price| price.max(0.0)).collect();
    Relaxed { prices, amounts: simplex.amounts() }
}

struct Simplex<'a> {
    items: &'a [Item],
    rows: usize,
    /// Basis inverse, row-major.
    inverse: Vec<f64>,
    /// Variable in each row: an item, or `items.len() + r` for the slack of row r.
    basis: Vec<usize>,
    /// Values of the basic variables.
    values: Vec<f64>,
    in_basis: Vec<bool>,
    at_cap: Vec<bool>,
}

impl<'a> Simplex<'a> {
    fn new(items: &'a [Item], rows: usize) -> Self {
        let mut inverse = vec![0.0; rows * rows];
        for row in 0..rows {
            inverse[row * rows + row] = 1.0;
        }
        let mut in_basis = vec![false; items.len() + rows];
        in_basis[items.len()..].fill(true);
        Self {
            items,
            rows,
            inverse,
            basis: (items.len()..items.len() + rows).collect(),
            values: vec![1.0; rows],
            in_basis,
            at_cap: vec![false; items.len()],
        }
    }

    fn worth(&self, variable: usize) -> f64 {
        self.items.get(variable).map_or(0.0, |item| item.worth)
    }

    fn cap(&self, variable: usize) -> f64 {
        self.items.get(variable).map_or(f64::INFINITY, |item| item.cap)
    }

    fn prices(&self) -> Vec<f64> {
        (0..self.rows)
            .map(|column| {
                (0..self.rows)
                    .map(|row| self.worth(self.basis[row]) * self.inverse[row * self.rows + column])
                    .sum()
            })
            .collect()
    }

    fn amounts(&self) -> Vec<f64> {
        let mut amounts: Vec<f64> = self
            .items
            .iter()
            .zip(&self.at_cap)
            .map(|(item, at_cap)| if *at_cap { item.cap } else { 0.0 })
            .collect();
        for (variable, value) in self.basis.iter().zip(&self.values) {
            if let Some(amount) = amounts.get_mut(*variable) {
                *amount = value.max(0.0);
            }
        }
        amounts
    }

    /// The variable whose change gains most, and nothing where none gains.
    fn entering(&self, prices: &[f64]) -> Option<usize> {
        let mut best = None;
        let mut most = TOLERANCE;
        let gains = self.items.iter().enumerate().map(|(index, item)| {
            let cost: f64 =
                item.shares.iter().zip(prices).map(|(share, price)| share * price).sum();
            let gain = (item.worth - cost) / (1.0 + item.worth.abs());
            (index, if self.at_cap[index] { -gain } else { gain })
        });
        let slacks = prices.iter().enumerate().map(|(r, price)| (self.items.len() + r, -price));
        for (variable, gain) in gains.chain(slacks) {
            if !self.in_basis[variable] && gain > most {
                most = gain;
                best = Some(variable);
            }
        }
        best
    }

    /// How the basic variables fall as `variable` rises by one.
    fn direction(&self, variable: usize) -> Vec<f64> {
        let column = |row: usize| match self.items.get(variable) {
            Some(item) => item.shares[row],
            None => f64::from(u8::from(variable - self.items.len() == row)),
        };
        (0..self.rows)
            .map(|row| (0..self.rows).map(|k| self.inverse[row * self.rows + k] * column(k)).sum())
            .collect()
    }

    /// Moves `entering` as far as it can go. False where it could go on for ever, which rounding
    /// alone can cause.
    fn pivot(&mut self, entering: usize) -> bool {
        let from_cap = self.at_cap.get(entering).copied().unwrap_or(false);
        let sign = if from_cap { -1.0 } else { 1.0 };
        let fall: Vec<f64> = self.direction(entering).into_iter().map(|d| d * sign).collect();
        let (step, leaving) = self.reach(entering, &fall);
        if !step.is_finite() {
            return false;
        }
        for (value, fall) in self.values.iter_mut().zip(&fall) {
            *value -= step * fall;
        }
        let Some(row) = leaving else {
            self.at_cap[entering] = !from_cap;
            return true;
        };
        let left = std::mem::replace(&mut self.basis[row], entering);
        if left < self.items.len() {
            self.at_cap[left] = fall[row] < 0.0;
        }
        self.in_basis[left] = false;
        self.in_basis[entering] = true;
        if entering < self.items.len() {
            self.at_cap[entering] = false;
        }
        self.values[row] = if from_cap { self.cap(entering) - step } else { step };
        self.eliminate(row, &fall, sign);
        true
    }

    /// How far `entering` can go, and the row whose variable stops it; no row where its own cap does.
    fn reach(&self, entering: usize, fall: &[f64]) -> (f64, Option<usize>) {
        let mut step = self.cap(entering);
        let mut leaving = None;
        for (row, fall) in fall.iter().enumerate() {
            let room = if *fall > TOLERANCE {
                self.values[row].max(0.0) / fall
            } else if *fall < -TOLERANCE {
                (self.cap(self.basis[row]) - self.values[row]).max(0.0) / -fall
            } else {
                continue;
            };
            if room < step {
                step = room;
                leaving = Some(row);
            }
        }
        (step, leaving)
    }

    fn eliminate(&mut self, pivot: usize, fall: &[f64], sign: f64) {
        let rows = self.rows;
        let factor = fall[pivot] * sign;
        for column in 0..rows {
            self.inverse[pivot * rows + column] /= factor;
        }
        for row in (0..rows).filter(|row| *row != pivot) {
            let scale = fall[row] * sign;
            for column in 0..rows {
                self.inverse[row * rows + column] -= scale * self.inverse[pivot * rows + column];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Item, solve};

    #[test]
    fn prices_are_those_of_the_optimum() {
        let item = |worth, shares: [f64; 2], cap| Item { worth, shares: shares.to_vec(), cap };
        // max 3x + 2y: x/4 + y/4 ≤ 1, x/2 ≤ 1 → x = 2, y = 2; prices 8 and 2.
        let items = [item(3.0, [0.25, 0.5], 10.0), item(2.0, [0.25, 0.0], 10.0)];
        let found = solve(&items, 2).prices;
        assert!((found[0] - 8.0).abs() < 1e-6 && (found[1] - 2.0).abs() < 1e-6, "{found:?}");
        // A cap of one pod: the second item fills the rest, and its worth sets the price.
        let items = [item(3.0, [0.25, 0.0], 1.0), item(2.0, [0.25, 0.0], 10.0)];
        let found = solve(&items, 2).prices;
        assert!((found[0] - 8.0).abs() < 1e-6 && found[1].abs() < 1e-6, "{found:?}");
    }
}
