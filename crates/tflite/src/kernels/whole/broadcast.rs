//! Two operands of which one repeats.

use crate::kernels::Strides;

/// How the places of a result look at two operands whose shapes are stretched to one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broadcast {
    /// The result's shape.
    shape: Vec<usize>,
    /// Where its places lie in both operands.
    strides: Strides<2>,
    /// How many numbers each operand has.
    numbers: [usize; 2],
}

/// How many places at a time two operands are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Walk {
    /// So many places are read in one go.
    pub(crate) stretch: usize,
    /// Whether one operand is the same number over all of a stretch.
    pub(crate) repeats: bool,
}

impl Broadcast {
    /// Shapes are aligned at their last axis; an axis of one stretches. `None` if they do not go together, or
    /// if there are more places than can be counted.
    pub(crate) fn new(a: &[usize], b: &[usize]) -> Option<Self> {
        let rank = a.len().max(b.len());
        let size = |shape: &[usize], axis: usize| {
            shape.len().checked_sub(axis + 1).map_or(1, |axis| shape[axis])
        };
        let (mut shape, mut strides) = (vec![], Strides::one());
        let mut numbers = [1_usize; 2];
        for axis in 0..rank {
            let sizes = [size(a, axis), size(b, axis)];
            let places = match sizes {
                [a, b] if a == b => a,
                [1, places] | [places, 1] => places,
                _ => return None,
            };
            shape.push(places);
            let steps = [0, 1].map(|of| if sizes[of] == 1 { 0 } else { numbers[of] });
            strides.push(places, steps)?;
            for of in 0..2 {
                numbers[of] = numbers[of].checked_mul(sizes[of])?;
            }
        }
        shape.reverse();
        shape.iter().try_fold(1_usize, |places, size| places.checked_mul(*size))?;
        Some(Self { shape, strides, numbers })
    }

    /// The result's shape.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How the runtime walks through the places (`BinaryBroadcastFiveFold` of TensorFlow Lite). `None` if it takes
    /// one at a time: where an operand repeats over axes that lie too far from each other.
    pub(crate) fn walk(&self) -> Option<Walk> {
        let (stretch, repeats) = match self.strides.axes().first() {
            None => (1, false),
            Some((length, [1, 1])) => (*length, false),
            Some((length, _)) => (*length, true),
        };
        // From the last axis: shared ones; those over which one operand repeats; shared ones; those of the
        // other operand; shared ones. Each may be missing.
        let mut rest =
            self.strides.axes().iter().map(|(_, steps)| steps.map(|step| step == 0)).peekable();
        let mut skip = |kind: [bool; 2]| while rest.next_if_eq(&kind).is_some() {};
        skip([false, false]);
        let first = self.strides.axes().iter().find(|(_, steps)| steps.contains(&0));
        let fast = first.map_or([false; 2], |(_, steps)| steps.map(|step| step == 0));
        for kind in [fast, [false, false], fast.map(|repeats| !repeats), [false, false]] {
            skip(kind);
        }
        rest.next().is_none().then_some(Walk { stretch, repeats })
    }

    /// How many numbers each operand has, if each begins anew where its numbers end: number `place` of the
    /// result then has number `place % numbers` of each.
    pub(super) fn cycles(&self) -> Option<[usize; 2]> {
        let cyclic = (0..2).all(|of| {
            let mut numbers = 1;
            self.strides.axes().iter().all(|(length, steps)| match steps[of] {
                0 => true,
                // Counts on from the axes within, none of which may repeat.
                step => {
                    let goes_on = step == numbers;
                    numbers *= length;
                    goes_on
                }
            }) && self
                .strides
                .axes()
                .iter()
                .skip_while(|axis| axis.1[of] != 0)
                .all(|axis| axis.1[of] == 0)
        });
        cyclic.then_some(self.numbers)
    }

    /// Calls `f` with what each place of `out` looks at. Operands that are not as many as the shapes say leave
    /// `out` as it is.
    pub(crate) fn zip<A: Copy, B: Copy, C>(
        &self,
        a: &[A],
        b: &[B],
        out: &mut [C],
        mut f: impl FnMut(A, B) -> C,
    ) {
        let places: usize = self.shape.iter().product();
        if [a.len(), b.len()] != self.numbers || out.len() != places || places == 0 {
            return;
        }
        let mut rest = out;
        self.strides.each(|run| {
            let (out, behind) = std::mem::take(&mut rest).split_at_mut(run.len);
            let (a, b) = (&a[run.starts[0]..], &b[run.starts[1]..]);
            match run.steps {
                [1, 1] => {
                    for (out, (a, b)) in out.iter_mut().zip(a.iter().zip(b)) {
                        *out = f(*a, *b);
                    }
                }
                [1, 0] => out.iter_mut().zip(a).for_each(|(out, a)| *out = f(*a, b[0])),
                [0, 1] => out.iter_mut().zip(b).for_each(|(out, b)| *out = f(a[0], *b)),
                [step_a, step_b] => {
                    for (place, out) in out.iter_mut().enumerate() {
                        *out = f(a[place * step_a], b[place * step_b]);
                    }
                }
            }
            rest = behind;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paired(a: &[usize], b: &[usize]) -> Vec<(usize, usize)> {
        let broadcast = Broadcast::new(a, b).unwrap();
        let count = |shape: &[usize]| (0..shape.iter().product()).collect::<Vec<usize>>();
        let mut out = vec![(9, 9); broadcast.shape().iter().product()];
        broadcast.zip(&count(a), &count(b), &mut out, |a, b| (a, b));
        out
    }

    #[test]
    fn an_axis_of_one_repeats() {
        assert_eq!(paired(&[2, 2], &[2, 2]), [(0, 0), (1, 1), (2, 2), (3, 3)]);
        assert_eq!(paired(&[2, 2], &[2]), [(0, 0), (1, 1), (2, 0), (3, 1)]);
        assert_eq!(paired(&[2, 1], &[1, 2]), [(0, 0), (0, 1), (1, 0), (1, 1)]);
        assert_eq!(paired(&[], &[3]), [(0, 0), (0, 1), (0, 2)]);
        assert_eq!(paired(&[], &[]), [(0, 0)]);
        assert_eq!(
            paired(&[1, 2, 1, 2], &[2, 1, 2, 1]),
            [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (3, 0), (2, 1), (3, 1)]
                .into_iter()
                .chain([(0, 2), (1, 2), (0, 3), (1, 3), (2, 2), (3, 2), (2, 3), (3, 3)])
                .collect::<Vec<_>>()
        );
        assert_eq!(Broadcast::new(&[4, 1, 5, 3], &[2, 5, 3]).unwrap().shape(), [4, 2, 5, 3]);
    }

    #[test]
    fn axes_that_run_alike_are_one() {
        assert_eq!(Broadcast::new(&[4, 3, 5], &[4, 3, 5]).unwrap().strides.axes(), [(60, [1, 1])]);
        assert_eq!(Broadcast::new(&[4, 3, 5], &[]).unwrap().strides.axes(), [(60, [1, 0])]);
        assert_eq!(
            Broadcast::new(&[4, 3, 5], &[5]).unwrap().strides.axes(),
            [(5, [1, 1]), (12, [5, 0])]
        );
    }

    #[test]
    fn stretches_are_the_last_axes_that_are_alike() {
        let walk = |a: &[usize], b: &[usize]| {
            Broadcast::new(a, b).unwrap().walk().map(|walk| (walk.stretch, walk.repeats))
        };
        assert_eq!(walk(&[4, 3, 5], &[4, 3, 5]), Some((60, false)));
        assert_eq!(walk(&[4, 3, 5], &[1]), Some((60, true)));
        assert_eq!(walk(&[4, 3, 5], &[3, 5]), Some((15, false)));
        assert_eq!(walk(&[4, 3, 5], &[4, 3, 1]), Some((5, true)));
        assert_eq!(walk(&[1, 1, 5], &[4, 3, 1]), Some((5, true)));
        assert_eq!(walk(&[2, 4, 3, 5], &[2, 1, 3, 5]), Some((15, false)));
        // One operand repeats, then the other: no more than that.
        assert_eq!(walk(&[2, 1, 3, 5], &[2, 4, 3, 1]), Some((5, true)));
        assert_eq!(walk(&[2, 4, 3, 5], &[2, 1, 3, 1]), None);
        assert_eq!(walk(&[], &[]), Some((1, false)));
    }

    #[test]
    fn shapes_that_do_not_go_together_are_refused() {
        assert_eq!(Broadcast::new(&[2], &[3]), None);
        assert_eq!(Broadcast::new(&[usize::MAX], &[2, 1]), None);
        assert_eq!(Broadcast::new(&[0, 2], &[0, 2]).unwrap().shape(), [0, 2]);
    }
}
