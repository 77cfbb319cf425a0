//! The bytes of an object, read within a limit.

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

/// Bytes that are still to be read.
#[derive(Debug)]
pub struct Body(ByteStream);

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The connection broke, or the content does not match its checksum.
    #[error("the download broke off: {0}")]
    Broken(String),
    /// More or fewer bytes than announced.
    #[error("{got} bytes came where {expected} were announced")]
    Length {
        /// Bytes announced.
        expected: u64,
        /// Bytes that came, up to the first too many.
        got: u64,
    },
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(ByteStream::from(bytes))
    }
}

impl Body {
    pub(super) fn new(stream: ByteStream) -> Self {
        Self(stream)
    }

    /// Reads exactly `size` bytes, which the caller has held against its limits; nothing beyond it
    /// is ever allocated, whatever the server sends.
    pub async fn read(mut self, size: u64) -> Result<Vec<u8>, BodyError> {
        let capacity = usize::try_from(size).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact(capacity)
            .map_err(|_| BodyError::Broken(format!("no memory for {size} bytes")))?;
        while let Some(chunk) = self.0.next().await {
            let chunk = chunk.map_err(|e| BodyError::Broken(super::chain(e)))?;
            let got = bytes.len().saturating_add(chunk.len());
            if got > capacity {
                return Err(BodyError::Length { expected: size, got: got as u64 });
            }
            bytes.extend_from_slice(&chunk);
        }
        if bytes.len() == capacity {
            Ok(bytes)
        } else {
            Err(BodyError::Length { expected: size, got: bytes.len() as u64 })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_as_long_as_announced_or_an_error() {
        let body = || Body::from(Bytes::from_static(b"photo"));
        assert_eq!(body().read(5).await.unwrap(), b"photo");
        for expected in [0, 4, 6] {
            let error = body().read(expected).await.unwrap_err();
            assert!(matches!(error, BodyError::Length { got: 5, .. }), "{error}");
        }
    }
}
