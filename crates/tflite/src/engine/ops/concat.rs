//! Tensors side by side.

use super::{Compute, Scratch};

/// One behind the other along the last axis, whose sides are these.
#[derive(Debug)]
pub(in crate::engine) struct Concat {
    pub(in crate::engine) sides: Vec<usize>,
}

impl Compute for Concat {
    fn name(&self) -> &'static str {
        "Concat"
    }

    fn compute(&self, inputs: &[&[f32]], out: &mut [f32], _: &mut Scratch) {
        let all: usize = self.sides.iter().sum();
        let mut first = 0;
        for (part, side) in inputs.iter().zip(&self.sides) {
            for (to, from) in out.chunks_exact_mut(all).zip(part.chunks_exact(*side)) {
                to[first..][..*side].copy_from_slice(from);
            }
            first += side;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_side_by_side() {
        let concat = Concat { sides: vec![1, 2] };
        let mut out = [0.0; 6];
        concat.compute(&[&[1.0, 4.0], &[2.0, 3.0, 5.0, 6.0]], &mut out, &mut Scratch::default());
        assert_eq!(out.map(f32::to_bits), [1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0].map(f32::to_bits));
    }
}
