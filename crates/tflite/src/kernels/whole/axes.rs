//! Which numbers of a tensor become one.

/// The axes of a tensor, some of which are reduced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Axes {
    /// The size of each axis, whether it is reduced, from the first; neighbours of one kind are one.
    sizes: Vec<(usize, bool)>,
    results: usize,
    each: usize,
}

impl Axes {
    /// The axes of `shape`, of which those for which `reduced` is true go. `None` where the two do not fit,
    /// where a size is 0, or where there are more numbers than can be counted.
    pub(crate) fn new(shape: &[usize], reduced: &[bool]) -> Option<Self> {
        if shape.len() != reduced.len() || shape.contains(&0) {
            return None;
        }
        shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size))?;
        let mut axes = Vec::<(usize, bool)>::new();
        for (size, goes) in shape.iter().zip(reduced).filter(|(size, _)| **size > 1) {
            match axes.last_mut() {
                Some((before, kind)) if kind == goes => *before *= size,
                _ => axes.push((*size, *goes)),
            }
        }
        let count = |kind| axes.iter().filter(|axis| axis.1 == kind).map(|axis| axis.0).product();
        Some(Self { results: count(false), each: count(true), sizes: axes })
    }

    /// How many numbers the result has.
    pub(crate) fn results(&self) -> usize {
        self.results
    }

    /// How many numbers become one.
    pub(crate) fn each(&self) -> usize {
        self.each
    }

    /// Folds the numbers that become one, in their order, into each of `results`, which hold what is
    /// folded into. What does not fit leaves `results` as they are.
    pub(crate) fn fold<A, B>(&self, x: &[A], results: &mut [B], mut f: impl FnMut(&mut B, &A)) {
        if x.len() != self.results * self.each || results.len() != self.results {
            return;
        }
        fold(&self.sizes, x, results, &mut f);
    }
}

fn fold<A, B>(axes: &[(usize, bool)], x: &[A], results: &mut [B], f: &mut impl FnMut(&mut B, &A)) {
    match axes {
        [] | [(_, false)] => results.iter_mut().zip(x).for_each(|(result, x)| f(result, x)),
        [(_, true)] => {
            let Some(result) = results.first_mut() else { return };
            for x in x {
                f(result, x);
            }
        }
        [(size, goes), inner @ ..] => {
            let step = if *goes { 0 } else { results.len() / size };
            for (place, x) in x.chunks_exact(x.len() / size).enumerate() {
                let results = match goes {
                    true => &mut *results,
                    false => &mut results[place * step..][..step],
                };
                fold(inner, x, results, f);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(shape: &[usize], reduced: &[bool]) -> Vec<usize> {
        let axes = Axes::new(shape, reduced).unwrap();
        let x: Vec<usize> = (0..shape.iter().product()).collect();
        let mut results = vec![0; axes.results()];
        axes.fold(&x, &mut results, |sum, x| *sum += x);
        results
    }

    #[test]
    fn what_shares_its_place_on_the_other_axes_becomes_one() {
        assert_eq!(sums(&[2, 3], &[false, true]), [3, 12]);
        assert_eq!(sums(&[2, 3], &[true, false]), [3, 5, 7]);
        assert_eq!(sums(&[2, 3], &[true, true]), [15]);
        assert_eq!(sums(&[2, 3], &[false, false]), [0, 1, 2, 3, 4, 5]);
        assert_eq!(sums(&[2, 2, 2], &[true, false, true]), [10, 18]);
        assert_eq!(sums(&[2, 1, 2, 2], &[false, true, true, false]), [2, 4, 10, 12]);
        assert_eq!(sums(&[], &[]), [0]);
        assert_eq!(Axes::new(&[0], &[true]), None);
        assert_eq!(Axes::new(&[usize::MAX, 2], &[true, true]), None);
    }
}
