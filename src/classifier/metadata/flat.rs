//! Reads a `FlatBuffer` whose offsets may lead anywhere.
//!
//! A `FlatBuffer` is made of tables, texts and vectors that point at each other with offsets. Here
//! an offset is followed only when it is asked for, and every read says whether it lies within the
//! buffer. Nothing is allocated, whatever a count claims, and nothing follows offsets by itself, so
//! that a circle of them does no harm.

/// What contradicts itself in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlatError {
    /// Something is not inside the buffer, or not all of it.
    #[error("what should be at byte {0} reaches beyond the end")]
    Outside(usize),
    /// An offset is too large to be added to its place.
    #[error("the offset at byte {0} points nowhere")]
    Offset(usize),
    /// A text is longer than any that is read.
    #[error("the text at byte {at} has {bytes} bytes, and at most {limit} are read", limit = MAX_TEXT)]
    LongText {
        /// Where its bytes begin.
        at: usize,
        /// How many there are.
        bytes: usize,
    },
    /// A text is not in UTF-8.
    #[error("the text at byte {0} is not UTF-8")]
    NotUtf8(usize),
}

/// The longest text that is read, in bytes. The longest licences have half of that.
pub(super) const MAX_TEXT: usize = 64 << 10;

/// Some fields, each at a known place or missing.
#[derive(Clone, Copy)]
pub(super) struct Table<'b> {
    buffer: &'b [u8],
    at: usize,
    /// For each field its distance from `at`, in two bytes. 0 is a field that is missing.
    fields: &'b [u8],
}

/// Where the items of a vector begin, and what is in each.
type Items<'b, const N: usize> = (usize, &'b [[u8; N]]);

/// A vector of tables, none of them followed yet.
#[derive(Clone, Copy)]
pub(super) struct Tables<'b> {
    buffer: &'b [u8],
    at: usize,
    offsets: &'b [[u8; 4]],
}

impl<'b> Table<'b> {
    /// The table that a buffer begins with.
    pub(super) fn root(buffer: &'b [u8]) -> Result<Self, FlatError> {
        Self::at(buffer, follow(buffer, 0)?)
    }

    fn at(buffer: &'b [u8], at: usize) -> Result<Self, FlatError> {
        let back = i32::from_le_bytes(take(buffer, at)?);
        let back = isize::try_from(back).map_err(|_| FlatError::Offset(at))?;
        let vtable = at.checked_sub_signed(back).ok_or(FlatError::Offset(at))?;
        let size = usize::from(u16::from_le_bytes(take(buffer, vtable)?));
        // Its first four bytes are sizes: its own and the table's.
        let fields = slice(buffer, vtable, size)?.get(4..).ok_or(FlatError::Outside(vtable))?;
        Ok(Self { buffer, at, fields })
    }

    /// Where a field's content is, if it is there.
    fn field(&self, field: usize) -> Option<usize> {
        let (distances, _) = self.fields.as_chunks::<2>();
        let distance = u16::from_le_bytes(*distances.get(field)?);
        (distance != 0).then(|| self.at + usize::from(distance))
    }

    /// A small number; 0 if it is missing.
    pub(super) fn byte(&self, field: usize) -> Result<u8, FlatError> {
        let Some(at) = self.field(field) else { return Ok(0) };
        take::<1>(self.buffer, at).map(|[byte]| byte)
    }

    /// A number of 4 bytes; 0 if it is missing.
    pub(super) fn number(&self, field: usize) -> Result<u32, FlatError> {
        let Some(at) = self.field(field) else { return Ok(0) };
        take(self.buffer, at).map(u32::from_le_bytes)
    }

    /// A vector of items of `N` bytes, if it is there.
    fn vector<const N: usize>(&self, field: usize) -> Result<Option<Items<'b, N>>, FlatError> {
        let Some(at) = self.field(field) else { return Ok(None) };
        let at = follow(self.buffer, at)?;
        let count = u32::from_le_bytes(take(self.buffer, at)?);
        // The count itself was inside, so that adding its size cannot overflow.
        let start = at + 4;
        let size = usize::try_from(count).ok().and_then(|count| count.checked_mul(N));
        let bytes = slice(self.buffer, start, size.ok_or(FlatError::Outside(start))?)?;
        Ok(Some((start, bytes.as_chunks().0)))
    }

    /// A text, if it is there.
    pub(super) fn text(&self, field: usize) -> Result<Option<&'b str>, FlatError> {
        let Some((at, bytes)) = self.vector::<1>(field)? else { return Ok(None) };
        let bytes = bytes.as_flattened();
        // First, since going through a text that a thousand fields share would take a long time.
        if bytes.len() > MAX_TEXT {
            return Err(FlatError::LongText { at, bytes: bytes.len() });
        }
        str::from_utf8(bytes).map(Some).map_err(|_| FlatError::NotUtf8(at))
    }

    /// A vector of numbers as they are written, the lowest byte first; empty if it is missing.
    pub(super) fn floats(&self, field: usize) -> Result<&'b [[u8; 4]], FlatError> {
        Ok(self.vector(field)?.map_or(&[], |(_, floats)| floats))
    }

    /// Another table, if it is there.
    pub(super) fn table(&self, field: usize) -> Result<Option<Self>, FlatError> {
        let Some(at) = self.field(field) else { return Ok(None) };
        Self::at(self.buffer, follow(self.buffer, at)?).map(Some)
    }

    /// A vector of tables; empty if it is missing.
    pub(super) fn tables(&self, field: usize) -> Result<Tables<'b>, FlatError> {
        let (at, offsets) = self.vector(field)?.unwrap_or_default();
        Ok(Tables { buffer: self.buffer, at, offsets })
    }
}

impl<'b> Tables<'b> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Follows one after another.
    pub(super) fn iter(&self) -> impl Iterator<Item = Result<Table<'b>, FlatError>> + use<'b> {
        let Self { buffer, at, offsets } = *self;
        (0..offsets.len()).map(move |index| Table::at(buffer, follow(buffer, at + index * 4)?))
    }
}

/// `N` bytes.
fn take<const N: usize>(buffer: &[u8], at: usize) -> Result<[u8; N], FlatError> {
    let bytes = buffer.get(at..).and_then(<[u8]>::first_chunk);
    bytes.copied().ok_or(FlatError::Outside(at))
}

/// `length` bytes.
fn slice(buffer: &[u8], at: usize, length: usize) -> Result<&[u8], FlatError> {
    let bytes = buffer.get(at..).and_then(|bytes| bytes.get(..length));
    bytes.ok_or(FlatError::Outside(at))
}

/// Where the offset points that is at `at`.
fn follow(buffer: &[u8], at: usize) -> Result<usize, FlatError> {
    let offset = usize::try_from(u32::from_le_bytes(take(buffer, at)?));
    offset.ok().and_then(|offset| at.checked_add(offset)).ok_or(FlatError::Offset(at))
}

#[cfg(test)]
impl<'b> Table<'b> {
    /// A vector of bytes, for tests that look for the metadata in a model.
    pub(super) fn blob(&self, field: usize) -> &'b [u8] {
        self.vector::<1>(field).unwrap().unwrap_or_default().1.as_flattened()
    }
}
