//! Numbers that begin where a line of the cache does, so that no vector of them lies on two.

use std::ops::{Deref, DerefMut};

/// A line of the cache, in bytes.
const LINE: usize = 64;

/// Numbers that begin at a line of the cache.
#[derive(Debug)]
pub(super) struct Aligned<T> {
    all: Vec<T>,
    first: usize,
    len: usize,
}

impl<T: Copy + Default> Aligned<T> {
    /// So many zeros.
    pub(super) fn zeros(len: usize) -> Self {
        let mut all = Vec::new();
        let _ = aligned(&mut all, len);
        let first = first(&all);
        Self { all, first, len }
    }

    pub(super) fn new(numbers: &[T]) -> Self {
        let mut made = Self::zeros(numbers.len());
        made.copy_from_slice(numbers);
        made
    }
}

impl<T> Deref for Aligned<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.all[self.first..][..self.len]
    }
}

impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.all[self.first..][..self.len]
    }
}

impl<T: Copy + Default> Clone for Aligned<T> {
    fn clone(&self) -> Self {
        Self::new(self)
    }
}

/// So many numbers of `of` that begin at a line of the cache. They hold anything.
pub(super) fn aligned<T: Copy + Default>(of: &mut Vec<T>, len: usize) -> &mut [T] {
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
}
