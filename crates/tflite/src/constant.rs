//! The constants of a file.

use tract_tflite::tflite::TensorType;

use crate::array::{Array, Data};
use crate::complaint::{Complaint, Remedy};
use crate::source::SourceTensor;
use crate::stored::{Stored, bits, numbers};

impl<'m> SourceTensor<'m> {
    /// Its values, if it is a constant.
    pub(crate) fn constant(&self) -> Result<Option<Array<'m>>, Complaint> {
        let Some(bytes) = self.data else { return Ok(None) };
        let damaged = |problem: String| Complaint::new(problem, Remedy::Damaged);
        if let Some(problem) = self.problem {
            return Err(Complaint::new(format!("has an operand that {problem}"), Remedy::Dense));
        }
        let shape = self
            .shape
            .iter()
            .map(|side| usize::try_from(*side).ok().filter(|side| *side < 1 << 31))
            .collect::<Option<Vec<usize>>>()
            .ok_or_else(|| damaged(format!("has a constant of shape {:?}", self.shape)))?;
        let count = shape.iter().try_fold(1_usize, |all, side| all.checked_mul(*side));
        let bits = bits(self.type_).ok_or_else(|| {
            let problem = format!("has a constant of type {}", self.type_name());
            Complaint::new(problem, Remedy::Float32)
        })?;
        let needed = count.and_then(|count| count.checked_mul(bits)).map(|bits| bits.div_ceil(8));
        let (Some(count), Some(needed)) = (count, needed) else {
            return Err(damaged(format!("has a constant of shape {shape:?}")));
        };
        if needed != bytes.len() {
            let has = bytes.len();
            return Err(damaged(format!("has {has} bytes for a constant of {shape:?}")));
        }
        let data = match (self.type_, &self.quantisation) {
            (TensorType::FLOAT32, _) => Data::Bytes(bytes),
            (TensorType::FLOAT16, _) => Data::Half(bytes),
            (type_, Some(own)) => {
                own.fits(&shape)?;
                Data::Stored(Stored::new(bytes, type_, count, own.clone()))
            }
            (_, None) => Data::Integers(numbers(self.type_, bytes, count).collect()),
        };
        Ok(Some(Array { shape, data }))
    }
}
