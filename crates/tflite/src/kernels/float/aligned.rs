//! Memory that begins at a cache line.

/// Values of the widest vector of any level, and of one cache line.
pub(crate) const LINE: usize = 16;

/// Values that begin at a cache line, so that no vector of them lies across two.
#[derive(Debug, Default)]
pub(crate) struct Aligned {
    /// A line more than is asked for, so that the beginning can be moved.
    memory: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// So many zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let memory = vec![0.0; len + LINE];
        // What the allocator gives is whole floats, so the next line begins at one of the first 16.
        let start = memory.as_ptr().align_offset(64).min(LINE);
        Self { memory, start, len }
    }

    /// The values.
    #[inline]
    pub(crate) fn get(&self) -> &[f32] {
        &self.memory[self.start..][..self.len]
    }

    /// The values, to be changed.
    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut [f32] {
        &mut self.memory[self.start..][..self.len]
    }

    /// The first `len` values; new memory only where there are fewer. What they are is not said.
    pub(crate) fn grown(&mut self, len: usize) -> &mut [f32] {
        if self.len < len {
            *self = Self::zeros(len);
        }
        &mut self.get_mut()[..len]
    }
}

impl Clone for Aligned {
    /// The copy's memory may begin elsewhere in a line, so the values are moved.
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.len);
        copy.get_mut().copy_from_slice(self.get());
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_begin_at_a_cache_line_in_copies_too() {
        for len in [0, 1, 16, 17, 1000] {
            let mut values = Aligned::zeros(len);
            for (at, value) in values.get_mut().iter_mut().enumerate() {
                *value = f32::from(u16::try_from(at).unwrap());
            }
            let copies: Vec<Aligned> = (0..8).map(|_| values.clone()).collect();
            for copy in &copies {
                assert_eq!(copy.get().as_ptr().align_offset(64), 0);
                assert_eq!(copy.get(), values.get());
            }
            assert_eq!(values.get().len(), len);
        }
    }

    #[test]
    fn memory_is_kept_where_it_is_enough() {
        let mut values = Aligned::zeros(100);
        values.get_mut()[0] = 1.0;
        assert_eq!(values.grown(50)[0].to_bits(), 1f32.to_bits());
        assert_eq!(values.get().len(), 100);
        assert_eq!(values.grown(200).len(), 200);
    }
}
