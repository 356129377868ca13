//! What a pod is worth: the least that any kind would charge for it alone.

use crate::problem::Problem;

/// Nano-USD per hour for a pod of each class: the least, over the kinds that hold it, of price ×
/// its largest share of the room. 0 where no kind holds it.
pub(crate) fn standalone(problem: &Problem) -> Vec<i64> {
    (0..problem.classes.len())
        .map(|class| {
            (0..problem.kinds.len())
                .filter(|&kind| problem.holds(kind, class))
                .map(|kind| charge(problem, kind, class))
                .min()
                .unwrap_or(0)
        })
        .collect()
}

fn charge(problem: &Problem, kind: usize, class: usize) -> i64 {
    let price = i128::from(problem.kinds[kind].price.get()) * 1000;
    let requests = &problem.classes[class].requests;
    let share = requests
        .iter()
        .zip(&problem.kinds[kind].room)
        .filter(|(need, _)| **need > 0)
        .map(|(need, room)| {
            let (need, room) = (i128::from(*need), i128::from((*room).max(1)));
            (price * need + room - 1) / room
        });
    // A free kind still makes the pod worth something, or nothing would be bought for it.
    i64::try_from(share.max().unwrap_or(0))
        .unwrap_or(i64::MAX)
        .max(1)
}
