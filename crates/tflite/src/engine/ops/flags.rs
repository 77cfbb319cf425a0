//! Flags: yes or no for each place.

use tract_tflite::internal::{Datum, TVec, TractResult, bail, format_err};
use tract_tflite::prelude::tract_num_traits::Zero;
use tract_tflite::prelude::{DatumType, TValue, Tensor};

use super::Run;
use super::workspace::Workspace;
use crate::array::{stretched, strides};
use crate::canonical::{Comparison, Logical};
use crate::kernels::Strides;
use crate::kernels::whole::Broadcast;

/// An operand's values.
fn values<T: Datum>(inputs: &[TValue], place: usize) -> TractResult<&[T]> {
    let input = inputs.get(place).ok_or_else(|| format_err!("there is no operand {place}"))?;
    input.try_as_plain_ram()?.as_slice::<T>()
}

/// Asks about two operands that are stretched to each other.
#[derive(Debug)]
pub(in crate::engine) struct Ask {
    pub(in crate::engine) how: Comparison,
    pub(in crate::engine) broadcast: Broadcast,
}

impl Run for Ask {
    fn name(&self) -> &'static str {
        "Ask"
    }

    fn run(
        &self,
        shape: &[usize],
        inputs: &mut TVec<TValue>,
        _: &mut Workspace,
    ) -> TractResult<Tensor> {
        let (a, b) = (values::<f32>(inputs, 0)?, values::<f32>(inputs, 1)?);
        let mut flags = vec![false; shape.iter().product()];
        #[allow(clippy::float_cmp, reason = "that is what a model asks")]
        match self.how {
            Comparison::Equal => self.broadcast.zip(a, b, &mut flags, |a, b| a == b),
            Comparison::NotEqual => self.broadcast.zip(a, b, &mut flags, |a, b| a != b),
            Comparison::Greater => self.broadcast.zip(a, b, &mut flags, |a, b| a > b),
            Comparison::GreaterEqual => self.broadcast.zip(a, b, &mut flags, |a, b| a >= b),
            Comparison::Less => self.broadcast.zip(a, b, &mut flags, |a, b| a < b),
            Comparison::LessEqual => self.broadcast.zip(a, b, &mut flags, |a, b| a <= b),
        }
        Tensor::from_shape(shape, &flags)
    }
}

/// Joins flags; `Not` has one operand, which is read twice.
#[derive(Debug)]
pub(in crate::engine) struct Join {
    pub(in crate::engine) how: Logical,
    pub(in crate::engine) broadcast: Broadcast,
}

impl Run for Join {
    fn name(&self) -> &'static str {
        "Join"
    }

    fn run(
        &self,
        shape: &[usize],
        inputs: &mut TVec<TValue>,
        _: &mut Workspace,
    ) -> TractResult<Tensor> {
        let a = values::<bool>(inputs, 0)?;
        let b = values::<bool>(inputs, inputs.len() - 1)?;
        let mut flags = vec![false; shape.iter().product()];
        match self.how {
            Logical::And => self.broadcast.zip(a, b, &mut flags, |a, b| a & b),
            Logical::Or => self.broadcast.zip(a, b, &mut flags, |a, b| a | b),
            Logical::Not => self.broadcast.zip(a, b, &mut flags, |a, _| !a),
        }
        Tensor::from_shape(shape, &flags)
    }
}

/// Of two operands, the first where flags say yes. All three are stretched to each other.
#[derive(Debug)]
pub(in crate::engine) struct Select(Strides<4>);

impl Select {
    /// Of operands of these shapes, the flags first.
    pub(in crate::engine) fn new(operands: [&[usize]; 3], to: &[usize]) -> Option<Self> {
        let [flags, yes, no] = operands.map(|operand| stretched(operand, to));
        Strides::new(to, [&flags, &yes, &no, &strides(to)]).map(Self)
    }

    fn selected<T: Datum + Zero + Copy>(
        &self,
        shape: &[usize],
        inputs: &[TValue],
        workspace: &mut Workspace,
    ) -> TractResult<Tensor> {
        let flags = values::<bool>(inputs, 0)?;
        let (yes, no) = (values::<T>(inputs, 1)?, values::<T>(inputs, 2)?);
        let mut result = workspace.take::<T>(shape)?;
        let mut plain = result.try_as_plain_ram_mut()?;
        let out = plain.as_slice_mut::<T>()?;
        self.0.each(|run| {
            for place in 0..run.len {
                let [flag, yes_at, no_at, to] =
                    std::array::from_fn(|of| run.starts[of] + place * run.steps[of]);
                out[to] = if flags[flag] { yes[yes_at] } else { no[no_at] };
            }
        });
        Ok(result)
    }
}

impl Run for Select {
    fn name(&self) -> &'static str {
        "Select"
    }

    fn run(
        &self,
        shape: &[usize],
        inputs: &mut TVec<TValue>,
        workspace: &mut Workspace,
    ) -> TractResult<Tensor> {
        match inputs.get(1).map(|yes| yes.datum_type()) {
            Some(DatumType::F32) => self.selected::<f32>(shape, inputs, workspace),
            Some(DatumType::U8) => self.selected::<u8>(shape, inputs, workspace),
            _ => bail!("selects what is neither real nor whole"),
        }
    }
}
