//! Parts of tensors.

use tract_tflite::tflite::MirrorPadMode;

use super::lowering::Lowering;
use super::numbers::{axis, size};
use super::site::{Site, no_options};
use super::value::{Lowered, Value, Wire};
use crate::array::Array;
use crate::complaint::{Complaint, Remedy};

/// The most that the sides of what is cut add up to.
const MAX_SIDES: usize = 1 << 22;
/// The most pieces that one operator is cut into.
const MAX_PIECES: usize = 4096;

impl<'m> Lowering<'_, 'm> {
    /// Some neighbours along an axis.
    pub(super) fn part(
        &mut self,
        x: usize,
        axis: usize,
        first: usize,
        count: usize,
    ) -> Lowered<usize> {
        let mut size = self.canonical.shape(x).to_vec();
        let mut begin = vec![0; size.len()];
        begin[axis] = first;
        size[axis] = count;
        self.canonical.slice(x, &begin, &size)
    }

    /// The values at these indices along an axis, in this order.
    pub(super) fn picked(&mut self, x: usize, axis: usize, indices: &[usize]) -> Lowered<usize> {
        let mut parts = vec![];
        let mut rest = indices;
        while let Some(&first) = rest.first() {
            let run = rest.iter().zip(first..).take_while(|(index, next)| **index == *next).count();
            parts.push(self.part(x, axis, first, run)?);
            rest = &rest[run..];
            if parts.len() > MAX_PIECES {
                return Err(Complaint::new("puts too many pieces together", Remedy::Export));
            }
        }
        self.canonical.concat(axis, &parts)
    }

    /// `SPLIT`: equal parts.
    pub(super) fn split(&mut self, site: &Site<'_, 'm>) -> Lowered<Vec<Value<'m>>> {
        let x = self.input(site, 1)?;
        let axis = one_axis(site, 0, self.shape(x).len())?;
        let (side, count) = (self.shape(x)[axis], site.outputs.len());
        if !side.is_multiple_of(count) {
            return Err(Complaint::new(format!("splits {side} into {count}"), Remedy::Export));
        }
        self.parts(x, axis, &vec![side / count; count])
    }

    /// `SPLIT_V`: parts of given sizes, of which one may be -1, for the rest.
    pub(super) fn split_v(&mut self, site: &Site<'_, 'm>) -> Lowered<Vec<Value<'m>>> {
        let x = self.input(site, 0)?;
        let axis = one_axis(site, 2, self.shape(x).len())?;
        let asked = site.numbers(1)?;
        let known = asked.iter().filter(|count| **count >= 0);
        let known = known.fold(0_i64, |all, count| all.saturating_add(*count));
        let rest = i64::try_from(self.shape(x)[axis]).unwrap_or(0).saturating_sub(known);
        let sizes = asked.iter().map(|count| size(if *count == -1 { rest } else { *count }));
        let sizes = sizes.collect::<Lowered<Vec<_>>>()?;
        if sizes.len() != site.outputs.len() {
            return Err(Complaint::new(
                format!("has {} results", site.outputs.len()),
                Remedy::Export,
            ));
        }
        self.parts(x, axis, &sizes)
    }

    fn parts(&mut self, x: Wire, axis: usize, sizes: &[usize]) -> Lowered<Vec<Value<'m>>> {
        let mut first = 0;
        let mut parts = Vec::with_capacity(sizes.len());
        for size in sizes {
            parts.push(Value::Wire(x.moved(self.part(x.tensor, axis, first, *size)?)));
            first += size;
        }
        Ok(parts)
    }

    /// `SLICE`; a size of -1 takes all that follows.
    pub(super) fn slice(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let ranges = sliced(site, self.shape(x))?;
        let (begin, size): (Vec<_>, Vec<_>) = ranges.into_iter().unzip();
        Ok(x.moved(self.canonical.slice(x.tensor, &begin, &size)?))
    }

    /// `STRIDED_SLICE`.
    pub(super) fn strided_slice(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let Strided { picked, shape } = strided(site, self.shape(x))?;
        let mut tensor = x.tensor;
        for (axis, indices) in picked.iter().enumerate() {
            if indices.is_empty() {
                return Err(Complaint::new("takes an empty slice", Remedy::Export));
            }
            tensor = self.picked(tensor, axis, indices)?;
        }
        Ok(x.moved(self.canonical.reshape(tensor, &shape)?))
    }

    /// `GATHER` at indices that are known.
    pub(super) fn gather(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let (axis, indices, shape) = gathered(site, self.shape(x))?;
        let tensor = self.picked(x.tensor, axis, &indices)?;
        Ok(x.moved(self.canonical.reshape(tensor, &shape)?))
    }

    /// `REVERSE_V2`.
    pub(super) fn reverse(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let mut tensor = x.tensor;
        for number in site.numbers(1)?.iter() {
            let axis = axis(*number, self.shape(x).len())?;
            few(self.shape(x))?;
            let indices: Vec<usize> = (0..self.shape(x)[axis]).rev().collect();
            tensor = self.picked(tensor, axis, &indices)?;
        }
        Ok(x.moved(tensor))
    }

    /// `PAD` with zeros, or `PADV2` with another number.
    pub(super) fn pad(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let x = self.input(site, 0)?;
        let pads = pads(site, self.shape(x).len())?;
        let value = match site.optional(2) {
            None => 0.0,
            Some(_) => site.known(2)?.to_floats().first().copied().unwrap_or(0.0),
        };
        if value == 0.0 {
            return Ok(x.moved(self.canonical.pad(x.tensor, &pads)?));
        }
        if let (Some(grid), Some((with, on))) = (x.grid, self.whole_input(site, 2)?)
            && on == grid
        {
            return Ok(x.moved(self.canonical.pad_with(x.tensor, &pads, Some(with))?));
        }
        let real = self.real(x)?;
        let with = self.canonical.scalar(value)?;
        Ok(Wire::real(self.canonical.pad_with(real, &pads, Some(with))?))
    }

    /// `MIRROR_PAD`.
    pub(super) fn mirror_pad(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_mirror_pad_options();
        let edge = usize::from(options.ok_or_else(no_options)?.mode() == MirrorPadMode::REFLECT);
        let x = self.input(site, 0)?;
        few(self.shape(x))?;
        let mut tensor = x.tensor;
        for (axis, [before, behind]) in pads(site, self.shape(x).len())?.into_iter().enumerate() {
            let side = self.shape(x)[axis];
            if before.max(behind) + edge > side {
                return Err(Complaint::new(
                    format!("mirrors {before} and {behind} of {side}"),
                    Remedy::Export,
                ));
            }
            let mut indices: Vec<usize> = (edge..edge + before).rev().collect();
            indices.extend(0..side);
            indices.extend((side - edge - behind..side - edge).rev());
            tensor = self.picked(tensor, axis, &indices)?;
        }
        Ok(x.moved(tensor))
    }
}

/// What is left after a `STRIDED_SLICE`.
pub(super) struct Strided {
    /// For each axis of the operand, the indices that are taken.
    pub(super) picked: Vec<Vec<usize>>,
    /// With the axes that go or are new.
    pub(super) shape: Vec<usize>,
}

/// Indices are made only for sides that real models have.
fn few(shape: &[usize]) -> Lowered<()> {
    let sides = shape.iter().fold(0_usize, |all, side| all.saturating_add(*side));
    if sides > MAX_SIDES {
        return Err(Complaint::new("takes parts of something too large", Remedy::Export));
    }
    Ok(())
}

/// What a `STRIDED_SLICE` takes of an operand of this shape. Source: the documentation of
/// `tf.strided_slice`.
pub(super) fn strided(site: &Site<'_, '_>, shape: &[usize]) -> Lowered<Strided> {
    let options = site.operator.table.builtin_options_as_strided_slice_options();
    let options = options.ok_or_else(no_options)?;
    let (begin, end, strides) = (site.numbers(1)?, site.numbers(2)?, site.numbers(3)?);
    let spec = begin.len();
    let wrong = |problem: String| Complaint::new(problem, Remedy::Export);
    if end.len() != spec || strides.len() != spec || spec > 16 {
        return Err(wrong("has positions of different lengths".to_owned()));
    }
    few(shape)?;
    let bit = |mask: i32, place: usize| mask >> place & 1 == 1;
    let new = (0..spec).filter(|place| bit(options.new_axis_mask(), *place)).count();
    let ellipses = (0..spec).filter(|place| bit(options.ellipsis_mask(), *place)).count();
    if ellipses > 1 {
        return Err(wrong(format!("has {ellipses} ellipses")));
    }
    let left_out = (shape.len() + new + ellipses).checked_sub(spec);
    let left_out = left_out.ok_or_else(|| wrong(format!("has {spec} positions for {shape:?}")))?;
    let mut strided = Strided { picked: vec![], shape: vec![] };
    let all = |strided: &mut Strided, count: usize| {
        for _ in 0..count {
            let side = shape[strided.picked.len()];
            strided.picked.push((0..side).collect());
            strided.shape.push(side);
        }
    };
    for place in 0..spec {
        if bit(options.ellipsis_mask(), place) {
            all(&mut strided, left_out);
            continue;
        }
        if bit(options.new_axis_mask(), place) {
            strided.shape.push(1);
            continue;
        }
        let side = shape.get(strided.picked.len()).copied();
        let side = side.ok_or_else(|| wrong(format!("has too many positions for {shape:?}")))?;
        let side_i = i64::try_from(side).unwrap_or(i64::MAX);
        let from_front = |value: i64| if value < 0 { value.saturating_add(side_i) } else { value };
        if bit(options.shrink_axis_mask(), place) {
            let index = size(from_front(begin[place]))?;
            if index >= side {
                return Err(wrong(format!("takes index {index} of {side}")));
            }
            strided.picked.push(vec![index]);
            continue;
        }
        let stride = strides[place];
        let (low, high) = if stride > 0 { (0, side_i) } else { (-1, side_i - 1) };
        let clamp = |value: i64| from_front(value).clamp(low, high);
        let (first, last) = match stride {
            0 => return Err(wrong("has a stride of 0".to_owned())),
            1.. => (0, side_i),
            _ => (side_i - 1, -1),
        };
        let begin = if bit(options.begin_mask(), place) { first } else { clamp(begin[place]) };
        let end = if bit(options.end_mask(), place) { last } else { clamp(end[place]) };
        let mut indices = vec![];
        let mut index = begin;
        while (stride > 0 && index < end) || (stride < 0 && index > end) {
            indices.push(size(index)?);
            index = index.saturating_add(stride);
        }
        strided.shape.push(indices.len());
        strided.picked.push(indices);
    }
    let rest = shape.len().checked_sub(strided.picked.len());
    let rest = rest.ok_or_else(|| wrong(format!("has too many positions for {shape:?}")))?;
    all(&mut strided, rest);
    Ok(strided)
}

/// For each axis, where a `SLICE` begins and how much it takes.
pub(super) fn sliced(site: &Site<'_, '_>, shape: &[usize]) -> Lowered<Vec<(usize, usize)>> {
    few(shape)?;
    let (begin, count) = (site.numbers(1)?, site.numbers(2)?);
    if begin.len() != shape.len() || count.len() != shape.len() {
        return Err(Complaint::new(
            format!("has {} positions for {shape:?}", begin.len()),
            Remedy::Export,
        ));
    }
    let ranges = shape.iter().zip(begin.iter().zip(count.iter())).map(|(side, (begin, count))| {
        let begin = size(*begin)?;
        let count = if *count == -1 { side.saturating_sub(begin) } else { size(*count)? };
        if begin + count > *side {
            return Err(Complaint::new(
                format!("takes {count} from {begin} on of {side}"),
                Remedy::Export,
            ));
        }
        Ok((begin, count))
    });
    ranges.collect()
}

/// The axis, the indices and the shape of a `GATHER`.
pub(super) fn gathered(
    site: &Site<'_, '_>,
    shape: &[usize],
) -> Lowered<(usize, Vec<usize>, Vec<usize>)> {
    let options = site.operator.table.builtin_options_as_gather_options();
    let options = options.ok_or_else(no_options)?;
    if options.batch_dims() != 0 {
        return Err(Complaint::new("gathers for each of a batch", Remedy::Export));
    }
    few(shape)?;
    let axis = axis(i64::from(options.axis()), shape.len())?;
    let places: &Array<'_> = site.known(1)?;
    let indices = places.to_integers()?;
    let indices = indices.iter().map(|index| size(*index)).collect::<Lowered<Vec<_>>>()?;
    if let Some(index) = indices.iter().find(|index| **index >= shape[axis]) {
        return Err(Complaint::new(
            format!("takes index {index} of {}", shape[axis]),
            Remedy::Export,
        ));
    }
    let shape = [&shape[..axis], &places.shape, &shape[axis + 1..]].concat();
    Ok((axis, indices, shape))
}

/// Before and behind, for each axis.
fn pads(site: &Site<'_, '_>, rank: usize) -> Lowered<Vec<[usize; 2]>> {
    let pads = site.numbers(1)?;
    let (pairs, rest) = pads.as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != rank {
        return Err(Complaint::new(
            format!("has {} paddings for {rank} axes", pads.len()),
            Remedy::Export,
        ));
    }
    pairs.iter().map(|[before, behind]| Ok([size(*before)?, size(*behind)?])).collect()
}

/// The only number of an operand that names an axis.
pub(super) fn one_axis(site: &Site<'_, '_>, place: usize, rank: usize) -> Lowered<usize> {
    match site.numbers(place)?[..] {
        [number] => axis(number, rank),
        _ => Err(Complaint::new("names not one axis", Remedy::Export)),
    }
}
