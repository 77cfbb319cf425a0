//! What becomes of all values along some axes.

use tract_tflite::internal::{TVec, TractResult, bail};
use tract_tflite::prelude::{DatumType, TValue, Tensor};

use super::Run;
use super::each::greater;
use super::workspace::Workspace;
use crate::array::{stretched, strides};
use crate::canonical::Reduction;
use crate::kernels::Strides;

/// What becomes of all values along some axes, which stay as sides of 1.
#[derive(Debug)]
pub(in crate::engine) struct Reduce {
    how: Reduction,
    /// Where a value is read, and what it goes into.
    strides: Strides<2>,
}

impl Reduce {
    /// Of all values whose places in `to` are the same.
    pub(in crate::engine) fn new(how: Reduction, from: &[usize], to: &[usize]) -> Option<Self> {
        Some(Self { how, strides: Strides::new(from, [&strides(from), &stretched(to, from)])? })
    }

    /// Joins all values with what is in `out` already.
    fn fold<T: Copy, A: Copy>(&self, x: &[T], out: &mut [A], join: impl Fn(A, T) -> A) {
        self.strides.each(|run| {
            let ([from, to], [step, stride]) = (run.starts, run.steps);
            let x = x[from..].iter().step_by(step.max(1)).take(run.len);
            match stride {
                0 => out[to] = x.fold(out[to], |all, x| join(all, *x)),
                _ => {
                    for (out, x) in out[to..].iter_mut().step_by(stride).zip(x) {
                        *out = join(*out, *x);
                    }
                }
            }
        });
    }

    /// Adds all values to what is in `out` already. Values that lie side by side are summed in eight parts: one sum
    /// would wait for each addition.
    fn sum(&self, x: &[f32], out: &mut [f64]) {
        if !matches!(self.strides.axes().first(), Some((_, [1, 0]))) {
            return self.fold(x, out, |all, x| all + f64::from(x));
        }
        self.strides.each(|run| {
            let (parts, rest) = x[run.starts[0]..][..run.len].as_chunks::<8>();
            let mut sums = [0.0; 8];
            for part in parts {
                for (sum, x) in sums.iter_mut().zip(part) {
                    *sum += f64::from(*x);
                }
            }
            let rest: f64 = rest.iter().map(|x| f64::from(*x)).sum();
            out[run.starts[1]] += sums.iter().sum::<f64>() + rest;
        });
    }

    /// Sums and products have more digits than what they are of: there may be many of them.
    fn real(&self, x: &[f32], out: &mut [f32]) {
        match self.how {
            Reduction::Sum => {
                let mut all = vec![0.0; out.len()];
                self.sum(x, &mut all);
                round(&all, out);
            }
            Reduction::Product => {
                let mut all = vec![1.0; out.len()];
                self.fold(x, &mut all, |all, x| all * f64::from(x));
                round(&all, out);
            }
            Reduction::Max => {
                out.fill(f32::NEG_INFINITY);
                self.fold(x, out, greater);
            }
            Reduction::Min => {
                out.fill(f32::INFINITY);
                self.fold(x, out, |all, x| -greater(-all, -x));
            }
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "rounded once")]
fn round(all: &[f64], out: &mut [f32]) {
    for (out, all) in out.iter_mut().zip(all) {
        *out = *all as f32;
    }
}

impl Run for Reduce {
    fn name(&self) -> &'static str {
        "Reduce"
    }

    fn run(
        &self,
        shape: &[usize],
        inputs: &mut TVec<TValue>,
        workspace: &mut Workspace,
    ) -> TractResult<Tensor> {
        let x = inputs[0].try_as_plain_ram()?;
        match (inputs[0].datum_type(), self.how) {
            (DatumType::F32, _) => {
                let mut result = workspace.take::<f32>(shape)?;
                self.real(x.as_slice::<f32>()?, result.try_as_plain_ram_mut()?.as_slice_mut()?);
                Ok(result)
            }
            (DatumType::U8, Reduction::Max | Reduction::Min) => {
                let mut result = workspace.take::<u8>(shape)?;
                let mut plain = result.try_as_plain_ram_mut()?;
                let out = plain.as_slice_mut::<u8>()?;
                let max = self.how == Reduction::Max;
                out.fill(if max { u8::MIN } else { u8::MAX });
                let join = if max { <u8 as Ord>::max } else { <u8 as Ord>::min };
                self.fold(x.as_slice::<u8>()?, out, join);
                Ok(result)
            }
            _ => bail!("reduces what is neither real nor whole"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reduced(how: Reduction, from: &[usize], to: &[usize], x: &[f32]) -> Vec<f32> {
        let mut out = vec![f32::NAN; to.iter().product()];
        Reduce::new(how, from, to).unwrap().real(x, &mut out);
        out
    }

    #[test]
    fn along_any_axes() {
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let of = |how, to: &[usize]| reduced(how, &[2, 3], to, &x);
        assert_eq!(of(Reduction::Sum, &[2, 1]), [6.0, 15.0]);
        assert_eq!(of(Reduction::Product, &[1, 3]), [4.0, 10.0, 18.0]);
        assert_eq!(of(Reduction::Max, &[1, 3]), [4.0, 5.0, 6.0]);
        assert_eq!(of(Reduction::Min, &[1, 1]), [1.0]);
        assert_eq!(reduced(Reduction::Sum, &[1, 2, 3], &[1, 2, 1], &x), [6.0, 15.0]);
    }

    #[test]
    fn many_small_values_are_not_lost() {
        let mut x = vec![1e-3; 1 << 20];
        x[0] = 1e5;
        // Summed in 32 bits, each would be rounded by a fifth.
        let sum = reduced(Reduction::Sum, &[1 << 20], &[1], &x)[0];
        assert!((sum - 101_048.58).abs() < 0.01, "{sum}");
        let greatest = reduced(Reduction::Max, &[3], &[1], &[1.0, f32::NAN, 2.0]);
        assert!(greatest[0].is_nan());
    }
}
