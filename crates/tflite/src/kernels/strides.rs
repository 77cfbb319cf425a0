//! Some places that lie at even steps in several slices.

/// The places of some axes, and where each lies in `N` slices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Strides<const N: usize> {
    /// From the last axis: its length, and how far its places are from each other in each slice. Neighbouring
    /// axes that all slices run through alike are one, and there are none of one place.
    axes: Vec<(usize, [usize; N])>,
}

/// Places one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run<const N: usize> {
    /// Where the first of them lies in each slice.
    pub(crate) starts: [usize; N],
    /// How far it is from one to the next.
    pub(crate) steps: [usize; N],
    /// How many there are.
    pub(crate) len: usize,
}

impl<const N: usize> Strides<N> {
    /// Of no axis: one place.
    pub(crate) fn one() -> Self {
        Self { axes: vec![] }
    }

    /// The places of axes of these sizes, at these steps; both lists are as long.
    ///
    /// `None` if there are more than can be counted.
    pub(crate) fn new(sizes: &[usize], steps: [&[usize]; N]) -> Option<Self> {
        let mut strides = Self::one();
        for axis in (0..sizes.len()).rev() {
            strides.push(sizes[axis], steps.map(|steps| steps[axis]))?;
        }
        Some(strides)
    }

    /// One axis more, before all others. `None` if there are more places than can be counted.
    pub(crate) fn push(&mut self, size: usize, steps: [usize; N]) -> Option<()> {
        match self.axes.last_mut() {
            _ if size == 1 => {}
            // The axis goes on where the last one ended, in all slices.
            Some((length, before))
                if (0..N).all(|of| before[of].checked_mul(*length) == Some(steps[of])) =>
            {
                *length = length.checked_mul(size)?;
            }
            _ => self.axes.push((size, steps)),
        }
        Some(())
    }

    /// The axes, from the last: how long each is, and its steps.
    pub(crate) fn axes(&self) -> &[(usize, [usize; N])] {
        &self.axes
    }

    /// Calls `run` with all places, in the order of the axes.
    pub(crate) fn each(&self, mut run: impl FnMut(Run<N>)) {
        if self.axes.iter().any(|(length, _)| *length == 0) {
            return;
        }
        let (len, steps) = self.axes.first().copied().unwrap_or((1, [0; N]));
        let mut starts = [0; N];
        let mut turn = vec![0; self.axes.len()];
        loop {
            run(Run { starts, steps, len });
            let mut axes = self.axes.iter().enumerate().skip(1);
            let next = axes.find(|(axis, (length, steps))| {
                turn[*axis] += 1;
                (0..N).for_each(|of| starts[of] += steps[of]);
                if turn[*axis] < *length {
                    return true;
                }
                turn[*axis] = 0;
                (0..N).for_each(|of| starts[of] -= steps[of] * length);
                false
            });
            if next.is_none() {
                return;
            }
        }
    }
}

impl Run<2> {
    /// Copies the places of the first slice to those of the second.
    pub(crate) fn copy<T: Copy>(self, from: &[T], to: &mut [T]) {
        let ([first, start], [from_step, to_step], len) = (self.starts, self.steps, self.len);
        let (from, to) = (&from[first..], &mut to[start..]);
        match (from_step, to_step) {
            (1, 1) => to[..len].copy_from_slice(&from[..len]),
            (0, 1) => to[..len].fill(from[0]),
            (_, 1) => {
                for (to, from) in to[..len].iter_mut().zip(from.iter().step_by(from_step)) {
                    *to = *from;
                }
            }
            _ => (0..len).for_each(|place| to[place * to_step] = from[place * from_step]),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All places, one by one.
    fn places<const N: usize>(strides: &Strides<N>) -> Vec<[usize; N]> {
        let mut all = vec![];
        strides.each(|run| {
            for place in 0..run.len {
                all.push(std::array::from_fn(|of| run.starts[of] + place * run.steps[of]));
            }
        });
        all
    }

    proptest! {
        #[test]
        fn places_are_those_of_loops(
            sizes in [0usize..4, 0usize..4, 0usize..4],
            steps in [[0usize..9, 0usize..9, 0usize..9], [0usize..9, 0usize..9, 0usize..9]],
        ) {
            let mut right = vec![];
            for a in 0..sizes[0] {
                for b in 0..sizes[1] {
                    for c in 0..sizes[2] {
                        right.push(steps.map(|steps| a * steps[0] + b * steps[1] + c * steps[2]));
                    }
                }
            }
            let strides = Strides::new(&sizes, [&steps[0], &steps[1]]).unwrap();
            prop_assert_eq!(places(&strides), right);
        }

        #[test]
        fn places_are_copied(len in 1usize..9, steps in [0usize..4, 1usize..4]) {
            let from: Vec<usize> = (0..40).collect();
            let mut to = vec![99; 40];
            Run { starts: [2, 3], steps, len }.copy(&from, &mut to);
            for (place, to) in to.into_iter().enumerate() {
                let own = (0..len).find(|own| 3 + own * steps[1] == place);
                prop_assert_eq!(to, own.map_or(99, |own| 2 + own * steps[0]));
            }
        }
    }

    #[test]
    fn axes_that_run_alike_are_one() {
        let strides = Strides::new(&[4, 3, 1, 5], [&[15, 5, 7, 1], &[15, 5, 0, 1]]).unwrap();
        assert_eq!(strides.axes(), [(60, [1, 1])]);
        let strides = Strides::new(&[4, 3, 5], [&[15, 5, 1], &[3, 1, 0]]).unwrap();
        assert_eq!(strides.axes(), [(5, [1, 0]), (12, [5, 1])]);
        assert_eq!(places(&Strides::<1>::one()), [[0]]);
        assert_eq!(Strides::new(&[2, usize::MAX], [&[usize::MAX, 1]]), None);
    }
}
