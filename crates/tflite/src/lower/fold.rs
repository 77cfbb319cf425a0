//! What is known before there is an input: constants, shapes, and all that is computed from them.

use std::rc::Rc;

use tract_tflite::tflite::{ActivationFunctionType, BuiltinOperator as Code, TensorType};

use super::layout::{expanded, new_shape, squeezed};
use super::lowering::Lowering;
use super::numbers::{axis, size};
use super::site::{Site, no_options};
use super::slice::{gathered, sliced, strided};
use super::value::{Lowered, Value};
use crate::array::{Array, Data, broadcast, places, stretched, strides};
use crate::complaint::{Complaint, Remedy};
use crate::grid::{Numbers, Steps};
use crate::kernels::whole::quantise;

impl<'m> Lowering<'_, 'm> {
    /// The results, if they are known now and the operator is one that shapes or weights are computed
    /// with.
    pub(super) fn fold(&mut self, site: &Site<'_, 'm>) -> Lowered<Option<Vec<Value<'m>>>> {
        let code = site.operator.code;
        if code == Code::SHAPE || code == Code::RANK {
            let shape = self.shape_of(site.operand(0)?);
            let sides: Vec<i64> =
                shape.iter().map(|side| i64::try_from(*side).unwrap_or(0)).collect();
            let known = match code {
                Code::SHAPE => Array::integers(vec![sides.len()], sides),
                _ => Array::integers(vec![], vec![i64::try_from(sides.len()).unwrap_or(0)]),
            };
            return Ok(Some(vec![Value::Known(Rc::new(known))]));
        }
        if code == Code::ZEROS_LIKE {
            let shape = self.shape_of(site.operand(0)?).to_vec();
            let zeros = |count| match site.outputs[0].type_ {
                TensorType::FLOAT32 => Some(Data::Floats(vec![0.0; count].into())),
                TensorType::INT32 | TensorType::INT64 => {
                    Some(Data::Integers(vec![0; count].into()))
                }
                _ => None,
            };
            self.room(&shape, &Array::scalar(0.0))?;
            let data = zeros(shape.iter().product()).ok_or_else(|| {
                let type_ = site.outputs[0].type_name();
                Complaint::new(format!("makes zeros of {type_}"), Remedy::Export)
            })?;
            return Ok(Some(vec![Value::Known(Rc::new(Array { shape, data }))]));
        }
        if site.inputs.iter().flatten().any(|input| matches!(input, Value::Wire(_))) {
            return Ok(None);
        }
        if let Code::SPLIT | Code::SPLIT_V | Code::UNPACK = code {
            return Ok(None);
        }
        let known = self.known(site)?;
        Ok(known.map(|known| vec![Value::Known(Rc::new(known))]))
    }

    /// The result of an operator whose operands are known.
    fn known(&mut self, site: &Site<'_, 'm>) -> Lowered<Option<Array<'m>>> {
        let first = || site.known(0);
        Ok(Some(match site.operator.code {
            Code::DEQUANTIZE => Array::clone(first()?),
            Code::QUANTIZE | Code::CAST => {
                self.room(&first()?.shape, first()?)?;
                match site.operator.code {
                    Code::CAST => cast(first()?, site.outputs[0].type_),
                    _ => quantised(site)?,
                }
            }
            Code::RESHAPE => first()?.reshaped(new_shape(site, first()?.len())?),
            Code::SQUEEZE => first()?.reshaped(squeezed(site, &first()?.shape)?),
            Code::EXPAND_DIMS => first()?.reshaped(expanded(site, &first()?.shape)?),
            Code::TRANSPOSE => {
                self.room(&first()?.shape, first()?)?;
                transposed(site)?
            }
            Code::SLICE => {
                let array = first()?;
                self.room(&array.shape, array)?;
                let ranges = sliced(site, &array.shape)?;
                let picked: Vec<Vec<usize>> =
                    ranges.iter().map(|(begin, count)| (*begin..begin + count).collect()).collect();
                crossed(array, &picked)
            }
            Code::STRIDED_SLICE => {
                self.room(&first()?.shape, first()?)?;
                let taken = strided(site, &first()?.shape)?;
                crossed(first()?, &taken.picked).reshaped(taken.shape)
            }
            Code::GATHER => {
                let array = first()?;
                let (axis, indices, shape) = gathered(site, &array.shape)?;
                let picked: Vec<Vec<usize>> =
                    (0..array.shape.len())
                        .map(|at| {
                            if at == axis {
                                indices.clone()
                            } else {
                                (0..array.shape[at]).collect()
                            }
                        })
                        .collect();
                self.room(&shape, array)?;
                crossed(array, &picked).reshaped(shape)
            }
            Code::PACK | Code::CONCATENATION => {
                for place in 0..site.inputs.len() {
                    let part = site.known(place)?;
                    self.room(&part.shape, part)?;
                }
                match site.operator.code {
                    Code::PACK => packed(site)?,
                    _ => joined(site)?,
                }
            }
            Code::FILL | Code::BROADCAST_TO => {
                let (shape, value) = match site.operator.code {
                    Code::FILL => (site.numbers(0)?, site.known(1)?),
                    _ => (site.numbers(1)?, site.known(0)?),
                };
                let shape = shape.iter().map(|side| size(*side)).collect::<Lowered<Vec<_>>>()?;
                self.room(&shape, value)?;
                if broadcast(&value.shape, &shape)? != shape {
                    return Err(Complaint::new(
                        format!("makes {shape:?} of {:?}", value.shape),
                        Remedy::Export,
                    ));
                }
                let strides = stretched(&value.shape, &shape);
                value.pick(shape.clone(), places(&shape, &strides))
            }
            Code::BROADCAST_ARGS => {
                let sides = |place| {
                    site.numbers(place)?.iter().map(|side| size(*side)).collect::<Lowered<Vec<_>>>()
                };
                let shape = broadcast(&sides(0)?, &sides(1)?)?;
                let shape = shape.iter().map(|side| i64::try_from(*side).unwrap_or(0));
                Array::integers(vec![shape.len()], shape.collect())
            }
            Code::REDUCE_PROD => return product(site),
            Code::ADD
            | Code::SUB
            | Code::MUL
            | Code::DIV
            | Code::FLOOR_DIV
            | Code::MAXIMUM
            | Code::MINIMUM => {
                let (a, b) = (site.known(0)?, site.known(1)?);
                let shape = broadcast(&a.shape, &b.shape)?;
                self.room(&shape, a)?;
                if !a.is_integer() && (fused(site) || site.outputs[0].numbers()? != Numbers::Real) {
                    return Ok(None);
                }
                return arithmetic(site.operator.code, a, b, shape);
            }
            _ => return Ok(None),
        }))
    }

    /// Makes sure that so many values of this kind may still be computed.
    fn room(&mut self, shape: &[usize], like: &Array<'m>) -> Lowered<()> {
        // Whole numbers are shapes and positions: there are few of them.
        let each = if like.is_integer() { 32 } else { 1 };
        let count = shape.iter().try_fold(each, |all: usize, side| all.checked_mul(*side));
        self.charge(count.unwrap_or(usize::MAX))
    }
}

/// Whether an activation is built into the operator.
fn fused(site: &Site<'_, '_>) -> bool {
    let table = &site.operator.table;
    let activation = match site.operator.code {
        Code::ADD => table.builtin_options_as_add_options().map(|o| o.fused_activation_function()),
        Code::SUB => table.builtin_options_as_sub_options().map(|o| o.fused_activation_function()),
        Code::MUL => table.builtin_options_as_mul_options().map(|o| o.fused_activation_function()),
        Code::DIV => table.builtin_options_as_div_options().map(|o| o.fused_activation_function()),
        _ => None,
    };
    activation.is_some_and(|activation| activation != ActivationFunctionType::NONE)
}

/// Real values, rounded to what the result can hold.
fn quantised<'m>(site: &Site<'_, 'm>) -> Lowered<Array<'m>> {
    let array = site.known(0)?;
    Ok(match site.outputs[0].numbers()? {
        Numbers::Real => Array::clone(array),
        Numbers::Whole(grid) => {
            let values = array.to_floats();
            let mut bytes = vec![0; values.len()];
            quantise(grid, &values, &mut bytes);
            let values = bytes.into_iter().map(|number| grid.real(number)).collect();
            Array::floats(array.shape.clone(), values)
        }
        Numbers::Long(Steps { scale, least, greatest }) => {
            array.map(|value| (value / scale).round().clamp(least, greatest) * scale)
        }
    })
}

fn cast<'m>(array: &Array<'m>, to: TensorType) -> Array<'m> {
    let whole = matches!(
        to,
        TensorType::INT8
            | TensorType::UINT8
            | TensorType::INT16
            | TensorType::INT32
            | TensorType::INT64
    );
    match (whole, array.is_integer()) {
        (true, true) | (false, false) => array.clone(),
        (false, true) => Array::floats(array.shape.clone(), array.to_floats().to_vec()),
        #[allow(clippy::cast_possible_truncation)] // Toward zero, as a cast does.
        (true, false) => Array::integers(
            array.shape.clone(),
            array.to_floats().iter().map(|value| *value as i64).collect(),
        ),
    }
}

fn transposed<'m>(site: &Site<'_, 'm>) -> Lowered<Array<'m>> {
    let array = site.known(0)?;
    let rank = array.shape.len();
    let order = site.numbers(1)?;
    let order = order.iter().map(|number| axis(*number, rank)).collect::<Lowered<Vec<_>>>()?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..rank) {
        return Err(Complaint::new(format!("orders {rank} axes as {order:?}"), Remedy::Export));
    }
    let own = strides(&array.shape);
    let shape: Vec<usize> = order.iter().map(|axis| array.shape[*axis]).collect();
    let moved: Vec<usize> = order.iter().map(|axis| own[*axis]).collect();
    Ok(array.pick(shape.clone(), places(&shape, &moved)))
}

/// For each axis, the values at these indices.
fn crossed<'m>(array: &Array<'m>, picked: &[Vec<usize>]) -> Array<'m> {
    let own = strides(&array.shape);
    let shape: Vec<usize> = picked.iter().map(Vec::len).collect();
    let count: usize = shape.iter().product();
    let places = (0..count).map(|mut place| {
        let mut sum = 0;
        for axis in (0..shape.len()).rev() {
            sum += picked[axis][place % shape[axis]] * own[axis];
            place /= shape[axis];
        }
        sum
    });
    array.pick(shape.clone(), places)
}

fn packed<'m>(site: &Site<'_, 'm>) -> Lowered<Array<'m>> {
    let options = site.operator.table.builtin_options_as_pack_options();
    let mut shape = site.known(0)?.shape.clone();
    let axis = axis(i64::from(options.ok_or_else(no_options)?.axis()), shape.len() + 1)?;
    shape.insert(axis, 1);
    let parts = (0..site.inputs.len()).map(|place| {
        let part = site.known(place)?;
        if part.len() != shape.iter().product::<usize>() {
            return Err(Complaint::new(
                format!("packs {:?} with {shape:?}", part.shape),
                Remedy::Export,
            ));
        }
        Ok(part.reshaped(shape.clone()))
    });
    along(axis, &parts.collect::<Lowered<Vec<_>>>()?)
}

fn joined<'m>(site: &Site<'_, 'm>) -> Lowered<Array<'m>> {
    let options = site.operator.table.builtin_options_as_concatenation_options();
    let number = i64::from(options.ok_or_else(no_options)?.axis());
    let axis = axis(number, site.known(0)?.shape.len())?;
    let parts =
        (0..site.inputs.len()).map(|place| site.known(place).map(|part| Array::clone(part)));
    along(axis, &parts.collect::<Lowered<Vec<_>>>()?)
}

/// Arrays one behind the other along an axis.
fn along<'m>(axis: usize, parts: &[Array<'m>]) -> Lowered<Array<'m>> {
    let mut shape = parts.first().map(|part| part.shape.clone()).unwrap_or_default();
    let fits = |part: &Array<'m>| {
        part.shape.len() == shape.len()
            && (0..shape.len()).all(|at| at == axis || part.shape[at] == shape[at])
    };
    if axis >= shape.len() || !parts.iter().all(fits) {
        return Err(Complaint::new(format!("joins what does not fit {shape:?}"), Remedy::Export));
    }
    shape[axis] = parts.iter().map(|part| part.shape[axis]).sum();
    let outer: usize = shape[..axis].iter().product();
    let each = |part: &Array<'m>| part.shape[axis..].iter().product::<usize>();
    if parts.iter().all(Array::is_integer) {
        let values = parts.iter().map(Array::to_integers).collect::<Lowered<Vec<_>>>()?;
        let mut all = vec![];
        for row in 0..outer {
            for (part, values) in parts.iter().zip(&values) {
                all.extend_from_slice(&values[row * each(part)..(row + 1) * each(part)]);
            }
        }
        return Ok(Array::integers(shape, all));
    }
    let values: Vec<Rc<[f32]>> = parts.iter().map(Array::to_floats).collect();
    let mut all = vec![];
    for row in 0..outer {
        for (part, values) in parts.iter().zip(&values) {
            all.extend_from_slice(&values[row * each(part)..(row + 1) * each(part)]);
        }
    }
    Ok(Array::floats(shape, all))
}

/// The product of a list of whole numbers, as shapes are computed.
fn product<'m>(site: &Site<'_, 'm>) -> Lowered<Option<Array<'m>>> {
    let array = site.known(0)?;
    if !array.is_integer() || array.shape.len() != 1 {
        return Ok(None);
    }
    let options = site.operator.table.builtin_options_as_reducer_options();
    let shape = if options.ok_or_else(no_options)?.keep_dims() { vec![1] } else { vec![] };
    let product = array.to_integers()?.iter().try_fold(1_i64, |all, side| all.checked_mul(*side));
    let product =
        product.ok_or_else(|| Complaint::new("has a shape beyond all bounds", Remedy::Smaller))?;
    Ok(Some(Array::integers(shape, vec![product])))
}

fn arithmetic<'m>(
    code: Code,
    a: &Array<'m>,
    b: &Array<'m>,
    shape: Vec<usize>,
) -> Lowered<Option<Array<'m>>> {
    let left = a.pick(shape.clone(), places(&shape, &stretched(&a.shape, &shape)));
    let right = b.pick(shape.clone(), places(&shape, &stretched(&b.shape, &shape)));
    if a.is_integer() && b.is_integer() {
        let (left, right) = (left.to_integers()?, right.to_integers()?);
        let values = left.iter().zip(right.iter()).map(|(a, b)| match code {
            Code::ADD => a.checked_add(*b),
            Code::SUB => a.checked_sub(*b),
            Code::MUL => a.checked_mul(*b),
            Code::FLOOR_DIV => a.checked_div_euclid(*b),
            Code::DIV => a.checked_div(*b),
            Code::MAXIMUM => Some(*a.max(b)),
            _ => Some(*a.min(b)),
        });
        let values = values.collect::<Option<Vec<_>>>();
        let values = values.ok_or_else(|| {
            Complaint::new("computes a shape that makes no sense", Remedy::Export)
        })?;
        return Ok(Some(Array::integers(shape, values)));
    }
    let (left, right) = (left.to_floats(), right.to_floats());
    let values = left.iter().zip(right.iter()).map(|(a, b)| match code {
        Code::ADD => a + b,
        Code::SUB => a - b,
        Code::MUL => a * b,
        Code::DIV => a / b,
        Code::FLOOR_DIV => (a / b).floor(),
        Code::MAXIMUM => a.max(*b),
        _ => a.min(*b),
    });
    Ok(Some(Array::floats(shape, values.collect())))
}
