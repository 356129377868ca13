//! The restricted master problem: how often to use each column, as a linear program.
//!
//! minimise Σ price·use subject to: each class covered, each existing node used once at most, each
//! limit kept, no supply overdrawn. Its duals say what a pod is worth now. Floats stay here: worths leave it as integers.

use good_lp::{
    DualValues, Expression, ProblemVariables, ResolutionError, Solution, SolutionWithDual,
    SolverModel, clarabel, constraint, constraint::ConstraintReference, variable,
};

use super::columns::{Bin, Column};
use super::exchange::Exchange;
use super::{float, rounded};
use crate::problem::Problem;

/// The optimum over the columns given.
pub(super) struct Optimum {
    /// What a pod of each class is worth, nano-USD per hour, not negative.
    pub(super) worths: Vec<i64>,
    /// What the use of each existing node is worth, nano-USD per hour, not negative.
    pub(super) node_worths: Vec<i64>,
    /// What the whole of each limit and supply is worth, nano-USD per hour, not negative.
    pub(super) scarce_worths: Vec<i64>,
    /// How often each column is used.
    pub(super) uses: Vec<f64>,
}

/// A row that is left out where it says nothing.
type Row = Option<ConstraintReference>;

/// Prices enter in dollars, so that the solver sees numbers near one.
const NANO: f64 = 1e9;

/// Solves the master over `columns` for `demand` pods of each class, within what is left of
/// limits and supplies.
///
/// # Errors
/// Where the columns cannot cover the demand, or the solver gives up.
pub(super) fn solve(
    problem: &Problem,
    columns: &[Column],
    exchanges: &[Exchange],
    demand: &[i64],
    scarce: &[i64],
    tolerance: f64,
) -> Result<Optimum, ResolutionError> {
    let mut variables = ProblemVariables::new();
    let uses = variables.add_vector(variable().min(0.0), columns.len());
    let mut cover = vec![Expression::with_capacity(8); demand.len()];
    let mut once: Vec<Option<Expression>> = vec![None; problem.nodes.len()];
    let mut drawn: Vec<Option<Expression>> = vec![None; scarce.len()];
    let mut price = Expression::with_capacity(columns.len());
    for (column, used) in columns.iter().zip(&uses) {
        price.add_mul(float(column.price(problem)) / NANO, *used);
        for &(class, pods) in &column.mix {
            cover[class].add_mul(float(pods), *used);
        }
        match column.bin {
            Bin::Node(node) => once[node].get_or_insert_default().add_mul(1.0, *used),
            Bin::Kind(kind) => {
                for draw in &problem.kinds[kind].draws {
                    let share = float(draw.amount) / float(scarce[draw.of].max(1));
                    drawn[draw.of].get_or_insert_default().add_mul(share, *used);
                }
            }
        }
    }
    let wanted = |one: &&Exchange| demand[one.greater] > 0 && demand[one.lesser] > 0;
    for &Exchange { greater, lesser } in exchanges.iter().filter(wanted) {
        let seats = variables.add(variable().min(0.0));
        cover[greater].add_mul(-1.0, seats);
        cover[lesser].add_mul(1.0, seats);
    }
    let mut model = variables.minimise(price).using(clarabel);
    model.settings().tol_gap_rel(tolerance).tol_gap_abs(tolerance).tol_feas(tolerance.max(1e-9));
    let covered: Vec<Row> = cover
        .into_iter()
        .zip(demand)
        .map(|(row, demand)| {
            (*demand > 0).then(|| model.add_constraint(constraint!(row >= float(*demand))))
        })
        .collect();
    let mut at_most_one =
        |row: Option<Expression>| row.map(|row| model.add_constraint(constraint!(row <= 1.0)));
    let once: Vec<Row> = once.into_iter().map(&mut at_most_one).collect();
    let drawn: Vec<Row> = drawn.into_iter().map(&mut at_most_one).collect();
    let mut solution = model.solve()?;
    let uses = uses.iter().map(|used| solution.value(*used)).collect();
    let duals = solution.compute_dual();
    let nano = |row: &Row| row.clone().map_or(0.0, |row| duals.dual(row) * NANO);
    Ok(Optimum {
        worths: covered.iter().map(|row| rounded(nano(row))).collect(),
        node_worths: once.iter().map(|row| rounded(-nano(row))).collect(),
        scarce_worths: drawn.iter().map(|row| rounded(-nano(row))).collect(),
        uses,
    })
}
