//! Memory that begins at a line of the cache, so that no vector of it lies on two.

use std::ops::{Deref, DerefMut};

/// A line of the cache, in bytes.
const LINE: usize = 64;

/// Numbers that begin at a line of the cache.
#[derive(Debug, Default)]
pub(crate) struct Aligned<T = f32> {
    /// A line more than is asked for, so that the beginning can be moved.
    all: Vec<T>,
    first: usize,
    len: usize,
}

impl<T: Copy + Default> Aligned<T> {
    /// So many zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        let mut all = Vec::new();
        let _ = aligned(&mut all, len);
        let first = first(&all);
        Self { all, first, len }
    }

    /// A copy of numbers.
    pub(crate) fn new(numbers: &[T]) -> Self {
        let mut made = Self::zeros(numbers.len());
        made.copy_from_slice(numbers);
        made
    }

    /// The first `len` numbers; new memory only where there are fewer. What they are is not said.
    pub(crate) fn grown(&mut self, len: usize) -> &mut [T] {
        if self.len < len {
            *self = Self::zeros(len);
        }
        &mut self[..len]
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.all[self.first..][..self.len]
    }
}

impl<T> DerefMut for Aligned<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.all[self.first..][..self.len]
    }
}

impl<T: Copy + Default> Clone for Aligned<T> {
    /// The copy's memory may begin elsewhere in a line, so the numbers are moved.
    fn clone(&self) -> Self {
        Self::new(self)
    }
}

/// So many numbers of `of` that begin at a line of the cache. They hold anything.
pub(crate) fn aligned<T: Copy + Default>(of: &mut Vec<T>, len: usize) -> &mut [T] {
    if of.is_empty() {
        // Pages of zeros cost nothing before they are written.
        *of = vec![T::default(); len + LINE];
    } else if of.len() < len + LINE {
        of.resize(len + LINE, T::default());
    }
    let first = first(of);
    &mut of[first..][..len]
}

/// The first number that is at the start of a line; all are small, so it is one of the first 64.
fn first<T>(of: &[T]) -> usize {
    of.as_ptr().align_offset(LINE).min(LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_at_a_line_also_when_cloned() {
        for len in [0, 1, 63, 64, 1000] {
            let numbers: Vec<i32> = (0..len).collect();
            let made = Aligned::new(&numbers);
            let again = made.clone();
            for made in [made, again] {
                assert_eq!(*made, *numbers);
                assert_eq!(made.as_ptr().addr() % LINE, 0);
            }
        }
    }

    #[test]
    fn values_begin_at_a_cache_line_in_copies_too() {
        for len in [0, 1, 16, 17, 1000] {
            let mut values = Aligned::<f32>::zeros(len);
            for (at, value) in values.iter_mut().enumerate() {
                *value = f32::from(u16::try_from(at).unwrap());
            }
            let copies: Vec<Aligned> = (0..8).map(|_| values.clone()).collect();
            for copy in &copies {
                assert_eq!(copy.as_ptr().align_offset(64), 0);
                assert_eq!(copy[..], values[..]);
            }
            assert_eq!(values.len(), len);
        }
    }

    #[test]
    fn memory_is_kept_where_it_is_enough() {
        let mut values = Aligned::<f32>::zeros(100);
        values[0] = 1.0;
        assert_eq!(values.grown(50)[0].to_bits(), 1f32.to_bits());
        assert_eq!(values.len(), 100);
        assert_eq!(values.grown(200).len(), 200);
    }
}
