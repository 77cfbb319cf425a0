//! The same values in another shape, order or number.

use tract_tflite::internal::{Datum, IntoTensor as _, TVec, TractResult, bail};
use tract_tflite::prelude::tract_num_traits::Zero;
use tract_tflite::prelude::{DatumType, TValue, Tensor};

use super::Run;
use super::workspace::Workspace;
use crate::array::strides;
use crate::kernels::Strides;

/// The same values under another shape.
#[derive(Debug)]
pub(in crate::engine) struct Reshape;

impl Run for Reshape {
    fn name(&self) -> &'static str {
        "Reshape"
    }

    fn run(
        &self,
        shape: &[usize],
        inputs: &mut TVec<TValue>,
        workspace: &mut Workspace,
    ) -> TractResult<Tensor> {
        if inputs[0].is_exclusive() {
            let mut out = inputs.remove(0).into_tensor();
            out.set_shape(shape)?;
            return Ok(out);
        }
        // Someone else still reads it.
        match inputs[0].datum_type() {
            DatumType::F32 => copied::<f32>(&inputs[0], shape, workspace),
            DatumType::U8 => copied::<u8>(&inputs[0], shape, workspace),
            _ => bail!("Reshape of what is neither real nor whole"),
        }
    }
}

fn copied<T: Datum + Zero + Copy>(
    x: &TValue,
    shape: &[usize],
    workspace: &mut Workspace,
) -> TractResult<Tensor> {
    let mut out = workspace.take::<T>(shape)?;
    let x = x.try_as_plain_ram()?;
    out.try_as_plain_ram_mut()?.as_slice_mut::<T>()?.copy_from_slice(x.as_slice::<T>()?);
    Ok(out)
}

/// What fills a result before inputs are copied to it.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) enum With {
    Real(f32),
    Whole(u8),
}

/// Copies values, of each input some, to some places of the result.
#[derive(Debug)]
pub(in crate::engine) struct Arrange {
    name: &'static str,
    /// Where not all places are copied to.
    with: Option<With>,
    /// For each input, what is copied.
    copies: Vec<Copied>,
}

/// Places of an input, and where in the result they go.
#[derive(Debug)]
struct Copied {
    strides: Strides<2>,
    /// The first place of both.
    first: [usize; 2],
}

impl Copied {
    fn new(sizes: &[usize], from: &[usize], to: &[usize], first: [usize; 2]) -> Option<Self> {
        Some(Self { strides: Strides::new(sizes, [from, to])?, first })
    }
}

impl Arrange {
    /// The axes in this order; all lists are of one length.
    pub(in crate::engine) fn transpose(
        from: &[usize],
        to: &[usize],
        order: &[usize],
    ) -> Option<Self> {
        let own = strides(from);
        let steps = order.iter().map(|axis| own.get(*axis).copied()).collect::<Option<Vec<_>>>()?;
        Self::only("Transpose", Copied::new(to, &steps, &strides(to), [0, 0]))
    }

    /// Repeats values along axes of 1.
    pub(in crate::engine) fn broadcast(from: &[usize], to: &[usize]) -> Option<Self> {
        let steps = crate::array::stretched(from, to);
        Self::only("Broadcast", Copied::new(to, &steps, &strides(to), [0, 0]))
    }

    /// Those from `begin` on.
    pub(in crate::engine) fn slice(from: &[usize], to: &[usize], begin: &[usize]) -> Option<Self> {
        let own = strides(from);
        let first = begin.iter().zip(&own).map(|(begin, step)| begin * step).sum();
        Self::only("Slice", Copied::new(to, &own, &strides(to), [first, 0]))
    }

    /// All of them, `before` each axis so many of another value.
    pub(in crate::engine) fn pad(
        from: &[usize],
        to: &[usize],
        before: &[usize],
        with: With,
    ) -> Option<Self> {
        let steps = strides(to);
        let first = before.iter().zip(&steps).map(|(before, step)| before * step).sum();
        let copied = Copied::new(from, &strides(from), &steps, [0, first])?;
        Some(Self { name: "Pad", with: Some(with), copies: vec![copied] })
    }

    /// One behind the other along an axis.
    pub(in crate::engine) fn concat(parts: &[&[usize]], to: &[usize], axis: usize) -> Option<Self> {
        let steps = strides(to);
        let step = steps.get(axis)?;
        let mut begin = 0;
        let mut copies = vec![];
        for part in parts {
            copies.push(Copied::new(part, &strides(part), &steps, [0, begin * step])?);
            begin += part.get(axis)?;
        }
        Some(Self { name: "Concat", with: None, copies })
    }

    fn only(name: &'static str, copied: Option<Copied>) -> Option<Self> {
        copied.map(|copied| Self { name, with: None, copies: vec![copied] })
    }

    fn arranged<T: Datum + Zero + Copy>(
        &self,
        shape: &[usize],
        inputs: &[TValue],
        with: T,
        workspace: &mut Workspace,
    ) -> TractResult<Tensor> {
        let mut out = workspace.take::<T>(shape)?;
        let mut plain = out.try_as_plain_ram_mut()?;
        let to = plain.as_slice_mut::<T>()?;
        if self.with.is_some() {
            to.fill(with);
        }
        for (input, Copied { strides, first }) in inputs.iter().zip(&self.copies) {
            let plain = input.try_as_plain_ram()?;
            let (from, to) = (&plain.as_slice::<T>()?[first[0]..], &mut to[first[1]..]);
            strides.each(|run| run.copy(from, to));
        }
        Ok(out)
    }
}

impl Run for Arrange {
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(
        &self,
        shape: &[usize],
        inputs: &mut TVec<TValue>,
        workspace: &mut Workspace,
    ) -> TractResult<Tensor> {
        match (inputs.first().map(|input| input.datum_type()), self.with) {
            (Some(DatumType::F32), Some(With::Real(with))) => {
                self.arranged(shape, inputs, with, workspace)
            }
            (Some(DatumType::U8), Some(With::Whole(with))) => {
                self.arranged(shape, inputs, with, workspace)
            }
            (Some(DatumType::F32), None) => self.arranged(shape, inputs, 0_f32, workspace),
            (Some(DatumType::U8), None) => self.arranged(shape, inputs, 0_u8, workspace),
            _ => bail!("{} of what is neither real nor whole", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use tract_tflite::internal::tvec;

    use super::*;

    #[test]
    fn what_someone_else_reads_is_copied_to_where_others_were() {
        let mut workspace = Workspace::default();
        workspace.give(Tensor::from_shape(&[6], &[7.0_f32; 6]).unwrap().into());
        let x = TValue::from(Tensor::from_shape(&[2, 3], &[1_f32, 2., 3., 4., 5., 6.]).unwrap());
        let mut inputs = tvec!(x.clone());
        let y = Reshape.run(&[3, 2], &mut inputs, &mut workspace).unwrap();
        assert_eq!(y, Tensor::from_shape(&[3, 2], &[1_f32, 2., 3., 4., 5., 6.]).unwrap());
        // So that a run gives back no more than it takes.
        let fresh = workspace.take::<f32>(&[6]).unwrap();
        assert_eq!(fresh, Tensor::zero::<f32>(&[6]).unwrap());
        assert_eq!(inputs.len(), 1);
        drop(inputs);
        let mut inputs = tvec!(x);
        Reshape.run(&[6], &mut inputs, &mut workspace).unwrap();
        assert_eq!(inputs.len(), 0);
    }
}
