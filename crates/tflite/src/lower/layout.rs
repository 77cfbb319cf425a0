//! The same values in another arrangement.

use tract_tflite::tflite::ActivationFunctionType;

use super::lowering::Lowering;
use super::numbers::{axis, size};
use super::site::{Site, no_options};
use super::value::{Lowered, Value, Wire};
use crate::complaint::{Complaint, Remedy};
use crate::source::Source;

impl<'m> Lowering<'_, 'm> {
    /// `RESHAPE`.
    pub(super) fn reshape(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let shape = new_shape(site, self.shape(x).iter().product())?;
        Ok(x.moved(self.canonical.reshape(x.tensor, &shape)?))
    }

    /// `SQUEEZE`.
    pub(super) fn squeeze(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let shape = squeezed(site, self.shape(x))?;
        Ok(x.moved(self.canonical.reshape(x.tensor, &shape)?))
    }

    /// `EXPAND_DIMS`.
    pub(super) fn expand_dims(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let shape = expanded(site, self.shape(x))?;
        Ok(x.moved(self.canonical.reshape(x.tensor, &shape)?))
    }

    /// `TRANSPOSE`.
    pub(super) fn transpose(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let rank = self.shape(x).len();
        let order = site.numbers(1)?;
        let order = order.iter().map(|number| axis(*number, rank)).collect::<Lowered<Vec<_>>>()?;
        Ok(x.moved(self.canonical.transpose(x.tensor, &order)?))
    }

    /// `CONCATENATION`.
    pub(super) fn concat(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_concatenation_options();
        let options = options.ok_or_else(no_options)?;
        let rank = self.shape_of(site.operand(0)?).len();
        let axis = axis(i64::from(options.axis()), rank)?;
        self.join(site, options.fused_activation_function(), true, |this, parts| {
            this.canonical.concat(axis, parts)
        })
    }

    /// `PACK`: along an axis that is new.
    pub(super) fn pack(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_pack_options();
        let options = options.ok_or_else(no_options)?;
        let mut shape = self.shape_of(site.operand(0)?).to_vec();
        let axis = axis(i64::from(options.axis()), shape.len() + 1)?;
        shape.insert(axis, 1);
        self.join(site, ActivationFunctionType::NONE, false, |this, parts| {
            let parts: Vec<usize> = parts
                .iter()
                .map(|part| this.canonical.reshape(*part, &shape))
                .collect::<Lowered<_>>()?;
            this.canonical.concat(axis, &parts)
        })
    }

    /// All operands, each on the result's grid, put together. Those on another grid are `rescaled`, or left as
    /// they are.
    fn join(
        &mut self,
        site: &Site<'_, 'm>,
        activation: ActivationFunctionType,
        rescaled: bool,
        how: impl FnOnce(&mut Self, &[usize]) -> Lowered<usize>,
    ) -> Lowered<Wire> {
        let output = site.outputs[0];
        let mut parts = Vec::with_capacity(site.inputs.len());
        for place in 0..site.inputs.len() {
            let mut part = self.input(site, place)?;
            if let (Some(from), Some(to)) = (part.grid, site.grid()?)
                && (rescaled || from.signed != to.signed)
                && from != to
            {
                part = match self.canonical.joined((part.tensor, from), to)? {
                    Some(tensor) => Wire::whole(tensor, to),
                    None => Wire::real(self.real(part)?),
                };
            }
            parts.push(self.settled(part, output)?);
        }
        let tensors: Vec<usize> = parts.iter().map(|part| part.tensor).collect();
        let tensor = how(self, &tensors)?;
        let joined = Wire { tensor, grid: site.grid()? };
        if activation == ActivationFunctionType::NONE {
            return Ok(joined);
        }
        let real = self.real(joined)?;
        self.activate(real, activation)
    }

    /// `UNPACK`: one result for each index along an axis, which goes.
    pub(super) fn unpack(&mut self, site: &Site<'_, 'm>) -> Lowered<Vec<Value<'m>>> {
        let options = site.operator.table.builtin_options_as_unpack_options();
        let options = options.ok_or_else(no_options)?;
        let x = self.input(site, 0)?;
        let mut shape = self.shape(x).to_vec();
        let axis = axis(i64::from(options.axis()), shape.len())?;
        if shape.remove(axis) != site.outputs.len() {
            return Err(Complaint::new(
                format!("has {} results", site.outputs.len()),
                Remedy::Export,
            ));
        }
        (0..site.outputs.len())
            .map(|index| {
                let part = self.part(x.tensor, axis, index, 1)?;
                Ok(Value::Wire(x.moved(self.canonical.reshape(part, &shape)?)))
            })
            .collect()
    }

    /// `TILE`.
    pub(super) fn tile(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let times = site.numbers(1)?;
        if times.len() != self.shape(x).len() {
            return Err(Complaint::new(format!("repeats {} axes", times.len()), Remedy::Export));
        }
        let mut tensor = x.tensor;
        for (axis, times) in times.iter().enumerate() {
            let times = size(*times)?;
            if times > 1 << 12 {
                return Err(Complaint::new(
                    format!("repeats its operand {times} times"),
                    Remedy::Export,
                ));
            }
            tensor = self.canonical.concat(axis, &vec![tensor; times])?;
        }
        Ok(x.moved(tensor))
    }

    /// `BROADCAST_TO`.
    pub(super) fn broadcast_to(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let shape = site.numbers(1)?.iter().map(|side| size(*side)).collect::<Lowered<Vec<_>>>()?;
        Ok(x.moved(self.canonical.broadcast_to(x.tensor, &shape)?))
    }

    /// `SPACE_TO_DEPTH`: blocks of rows and columns become channels.
    pub(super) fn space_to_depth(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_space_to_depth_options();
        let block = size(i64::from(options.ok_or_else(no_options)?.block_size()))?;
        let x = self.input(site, 0)?;
        let [batch, rows, columns, channels] = self.four(x)?;
        let (high, wide) = (divided(rows, block)?, divided(columns, block)?);
        let split = [batch, high, block, wide, block, channels];
        let joined = [batch, high, wide, block * block * channels];
        self.rearranged(x, &split, &[0, 1, 3, 2, 4, 5], &joined)
    }

    /// `DEPTH_TO_SPACE`: channels become blocks of rows and columns.
    pub(super) fn depth_to_space(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_depth_to_space_options();
        let block = size(i64::from(options.ok_or_else(no_options)?.block_size()))?;
        let x = self.input(site, 0)?;
        let [batch, rows, columns, channels] = self.four(x)?;
        let channels = divided(channels, block.saturating_mul(block))?;
        let split = [batch, rows, columns, block, block, channels];
        let joined = [batch, rows * block, columns * block, channels];
        self.rearranged(x, &split, &[0, 1, 3, 2, 4, 5], &joined)
    }

    /// `SPACE_TO_BATCH_ND` over rows and columns, or over the steps of a row: blocks become items of a
    /// batch.
    pub(super) fn space_to_batch(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let ([high, wide], pads) = blocks(site)?;
        let x = self.input(site, 0)?;
        let row = self.shape(x).len() == 3;
        let x = self.as_column(x)?;
        self.four(x)?;
        let padded = self.canonical.pad(x.tensor, &[[0, 0], pads[0], pads[1], [0, 0]])?;
        let x = x.moved(padded);
        let [batch, rows, columns, channels] = self.four(x)?;
        let (rows, columns) = (divided(rows, high)?, divided(columns, wide)?);
        let split = [batch, rows, high, columns, wide, channels];
        let batch = high.saturating_mul(wide).saturating_mul(batch);
        let joined = [batch, rows, columns, channels];
        let joined = if row { vec![batch, rows, channels] } else { joined.to_vec() };
        self.rearranged(x, &split, &[2, 4, 0, 1, 3, 5], &joined)
    }

    /// `BATCH_TO_SPACE_ND` over rows and columns, or over the steps of a row, and what it cuts off.
    pub(super) fn batch_to_space(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let ([high, wide], cuts) = blocks(site)?;
        let x = self.input(site, 0)?;
        let row = self.shape(x).len() == 3;
        let x = self.as_column(x)?;
        let [batch, rows, columns, channels] = self.four(x)?;
        let batch = divided(batch, high.saturating_mul(wide))?;
        let split = [high, wide, batch, rows, columns, channels];
        let joined = [batch, rows * high, columns * wide, channels];
        let whole = self.rearranged(x, &split, &[2, 3, 0, 4, 1, 5], &joined)?;
        let mut tensor = whole.tensor;
        for (axis, [before, behind]) in [(1, cuts[0]), (2, cuts[1])] {
            let side = self.canonical.shape(tensor)[axis];
            let left = side.checked_sub(before + behind).ok_or_else(|| {
                Complaint::new(format!("cuts {before} and {behind} off {side}"), Remedy::Export)
            })?;
            tensor = self.part(tensor, axis, before, left)?;
        }
        if row {
            let &[batch, steps, _, channels] = self.canonical.shape(tensor) else {
                return Err(no_options());
            };
            tensor = self.canonical.reshape(tensor, &[batch, steps, channels])?;
        }
        Ok(whole.moved(tensor))
    }

    /// A row of steps as a column of them; anything else as it is.
    fn as_column(&mut self, x: Wire) -> Lowered<Wire> {
        match *self.shape(x) {
            [batch, steps, channels] => {
                Ok(x.moved(self.canonical.reshape(x.tensor, &[batch, steps, 1, channels])?))
            }
            _ => Ok(x),
        }
    }

    /// Split into more axes, put in another order, and joined again.
    pub(super) fn rearranged(
        &mut self,
        x: Wire,
        split: &[usize],
        order: &[usize],
        joined: &[usize],
    ) -> Lowered<Wire> {
        let tensor = self.canonical.reshape(x.tensor, split)?;
        let tensor = self.canonical.transpose(tensor, order)?;
        Ok(x.moved(self.canonical.reshape(tensor, joined)?))
    }

    /// The sides of an operand of four axes.
    pub(super) fn four(&self, x: Wire) -> Lowered<[usize; 4]> {
        let shape = self.shape(x);
        shape
            .try_into()
            .map_err(|_| Complaint::new(format!("has an operand of {shape:?}"), Remedy::Export))
    }
}

/// The shape that a `RESHAPE` makes of so many values.
pub(super) fn new_shape(site: &Site<'_, '_>, count: usize) -> Lowered<Vec<usize>> {
    let options = site.operator.table.builtin_options_as_reshape_options();
    let asked: Vec<i64> = match site.optional(1) {
        Some(_) => site.numbers(1)?.to_vec(),
        None => {
            let shape = options.and_then(|options| options.new_shape()).ok_or_else(no_options)?;
            shape.iter().take(16).map(i64::from).collect()
        }
    };
    if asked.len() > Source::MAX_RANK {
        return Err(Complaint::new(format!("makes {} axes", asked.len()), Remedy::Export));
    }
    let known = asked.iter().filter(|side| **side != -1);
    let known = known.map(|side| size(*side)).collect::<Lowered<Vec<_>>>()?;
    let product = known.iter().try_fold(1_usize, |all, side| all.checked_mul(*side));
    let rest = product.filter(|p| *p > 0 && count.is_multiple_of(*p)).map(|p| count / p);
    let wrong = || Complaint::new(format!("makes {asked:?} of {count} values"), Remedy::Export);
    match (asked.len() - known.len(), rest) {
        (0, Some(1)) => Ok(known),
        (1, Some(rest)) => {
            asked.iter().map(|side| if *side == -1 { Ok(rest) } else { size(*side) }).collect()
        }
        _ => Err(wrong()),
    }
}

/// The shape without some sides of 1, or without all.
pub(super) fn squeezed(site: &Site<'_, '_>, shape: &[usize]) -> Lowered<Vec<usize>> {
    let options = site.operator.table.builtin_options_as_squeeze_options();
    let axes = options.and_then(|options| options.squeeze_dims());
    let axes = axes.into_iter().flatten().take(16);
    let axes: Vec<usize> =
        axes.map(|number| axis(i64::from(number), shape.len())).collect::<Lowered<_>>()?;
    if let Some(axis) = axes.iter().find(|axis| shape[**axis] != 1) {
        return Err(Complaint::new(format!("takes away axis {axis} of {shape:?}"), Remedy::Export));
    }
    let goes = |axis: usize| shape[axis] == 1 && (axes.is_empty() || axes.contains(&axis));
    Ok((0..shape.len()).filter(|axis| !goes(*axis)).map(|axis| shape[axis]).collect())
}

/// The shape with one more side of 1.
pub(super) fn expanded(site: &Site<'_, '_>, shape: &[usize]) -> Lowered<Vec<usize>> {
    let axes = site.numbers(1)?;
    let &[number] = &axes[..] else {
        return Err(Complaint::new(format!("adds {} axes", axes.len()), Remedy::Export));
    };
    let mut shape = shape.to_vec();
    let axis = axis(number, shape.len() + 1)?;
    shape.insert(axis, 1);
    Ok(shape)
}

/// The block, and the paddings or cuts, of an operator between space and batch.
fn blocks(site: &Site<'_, '_>) -> Lowered<([usize; 2], [[usize; 2]; 2])> {
    let sizes = |place| site.numbers(place)?.iter().map(|n| size(*n)).collect::<Lowered<Vec<_>>>();
    match (&sizes(1)?[..], &sizes(2)?[..]) {
        (&[high, wide], &[top, bottom, left, right]) if high > 0 && wide > 0 => {
            Ok(([high, wide], [[top, bottom], [left, right]]))
        }
        (&[high], &[top, bottom]) if high > 0 => Ok(([high, 1], [[top, bottom], [0, 0]])),
        (block, _) => Err(Complaint::new(format!("has a block of {block:?}"), Remedy::Export)),
    }
}

/// `side / block`, which must be whole.
fn divided(side: usize, block: usize) -> Lowered<usize> {
    if block > 0 && side.is_multiple_of(block) {
        return Ok(side / block);
    }
    Err(Complaint::new(format!("cuts {side} into blocks of {block}"), Remedy::Export))
}
