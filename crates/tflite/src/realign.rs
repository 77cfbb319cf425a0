//! Files whose 64-bit numbers do not lie where the container format wants them.
//!
//! A `FlatBuffer` places numbers of 8 bytes at multiples of 8, and the verifier insists on that. Some
//! tools place them at multiples of 4, and the official runtime reads that. In a model file only one
//! thing has such numbers: the list of a tensor's zero points. So a copy of the file is made in which
//! each list that lies wrong is put at the end once more, in its place, and the offset that leads to it
//! is changed. The verifier then sees the copy, as it sees every file.

use std::collections::BTreeMap;

/// `Model.subgraphs`, by its place in the schema.
const GRAPHS: usize = 2;
/// `SubGraph.tensors`.
const TENSORS: usize = 0;
/// `Tensor.quantization`.
const QUANTIZATION: usize = 4;
/// `QuantizationParameters.zero_point`.
const ZERO_POINT: usize = 3;

/// The most tensors that are looked at.
const MAX_TENSORS: usize = 1 << 17;
/// The most bytes that are put at the end.
const MAX_ADDED: usize = 1 << 26;

/// A copy of `file` with all lists of zero points in their place; `None` if none lies wrong, or if
/// offsets lead nowhere, of which the verifier knows more.
pub(crate) fn realigned(file: &[u8]) -> Option<Vec<u8>> {
    let mut moves: BTreeMap<usize, usize> = BTreeMap::new();
    let mut fields = vec![];
    let graphs = items(file, field(file, follow(file, 0)?, GRAPHS)?)?;
    for graph in graphs {
        let Some(tensors) = field(file, graph?, TENSORS).and_then(|at| items(file, at)) else {
            continue;
        };
        for tensor in tensors {
            let quantization = field(file, tensor?, QUANTIZATION).and_then(|at| follow(file, at));
            let Some(at) = quantization.and_then(|table| field(file, table, ZERO_POINT)) else {
                continue;
            };
            let list = follow(file, at)?;
            if !(list + 4).is_multiple_of(8) {
                fields.push((at, list));
                moves.insert(list, 0);
            }
            if fields.len() > MAX_TENSORS {
                return None;
            }
        }
    }
    if fields.is_empty() {
        return None;
    }
    let mut copy = file.to_vec();
    for (list, moved) in &mut moves {
        let bytes =
            file.get(*list..)?.get(..number(file, *list)?.checked_mul(8)?.checked_add(4)?)?;
        // The count comes first, and has 4 bytes.
        copy.resize((copy.len() + 4).next_multiple_of(8) + 4, 0);
        *moved = copy.len();
        copy.extend_from_slice(bytes);
        if copy.len() - file.len() > MAX_ADDED {
            return None;
        }
    }
    for (at, list) in fields {
        let offset = u32::try_from(moves[&list] - at).ok()?;
        copy.get_mut(at..at + 4)?.copy_from_slice(&offset.to_le_bytes());
    }
    Some(copy)
}

/// The number of 4 bytes at `at`.
fn number(file: &[u8], at: usize) -> Option<usize> {
    let bytes = file.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*bytes)).ok()
}

/// Where the offset at `at` leads.
fn follow(file: &[u8], at: usize) -> Option<usize> {
    at.checked_add(number(file, at)?).filter(|to| *to < file.len())
}

/// Where a table has a field, if it has it.
fn field(file: &[u8], table: usize, place: usize) -> Option<usize> {
    let back = i32::from_le_bytes(*file.get(table..)?.first_chunk()?);
    let fields = table.checked_sub_signed(isize::try_from(back).ok()?)?;
    let short = |at: usize| {
        let bytes = file.get(at..)?.first_chunk::<2>()?;
        Some(usize::from(u16::from_le_bytes(*bytes)))
    };
    let at = 4 + 2 * place;
    if at + 2 > short(fields)? {
        return None;
    }
    let distance = short(fields.checked_add(at)?)?;
    (distance != 0).then(|| table + distance)
}

/// The tables of the list to which the offset at `at` leads.
fn items(file: &[u8], at: usize) -> Option<impl Iterator<Item = Option<usize>>> {
    let list = follow(file, at)?;
    let count = number(file, list)?;
    // Counted before it is believed.
    let held = (file.len() - list) / 4;
    Some((0..count.min(held).min(MAX_TENSORS)).map(move |item| follow(file, list + 4 + item * 4)))
}
