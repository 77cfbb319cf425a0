//! Pictures: whole ones, and small ones that are upright and say nothing of who took them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::{self, Keep};
use super::problem::Problem;
use super::state::{PhotoSource, Web};
use crate::bucket::{Bucket, S3};
use crate::catalogue::Row;
use crate::object::ObjectId;
use crate::photo::{self, Filter, Limits, View};

/// How long a presigned address works.
const ADDRESS_WORKS: Duration = Duration::from_mins(5);
/// The widest small picture, in pixels.
const MAX_WIDTH: u32 = 2048;
/// What cameras and websites use for pictures that are looked at.
const QUALITY: u8 = 82;

/// Which picture.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PhotoQuery {
    /// A JPEG of at most so many pixels across, 16 to 2048: upright, in sRGB, without metadata. Without
    /// it, the photo as it is.
    #[param(value_type = Option<u32>, minimum = 16, maximum = 2048, example = 320)]
    pub width: Option<String>,
    /// The row's `content_sha256`: the answer may then be kept for ever, as long as it is this content.
    pub v: Option<String>,
}

impl Web {
    /// The picture of an object that has a row.
    pub(super) async fn photo(
        &self,
        object: &ObjectId,
        row: &Row,
        query: &PhotoQuery,
        asked: &HeaderMap,
    ) -> Result<Response, Problem> {
        let width = query.width.as_deref().map(width_of).transpose()?;
        let content = row.content_sha256.as_deref();
        let is_pinned = content.is_some() && query.v.as_deref() == content;
        let keep = if is_pinned { Keep::Ever } else { Keep::Ask };
        let keep = keep.header(self.access.is_public());
        let Some(width) = width else { return self.whole(object, row, asked, keep).await };
        let tag = row.etag.as_ref().map(ToString::to_string).unwrap_or_default();
        let etag = format!("\"{}-{width}\"", tag.replace(['"', '\\'], ""));
        if answer::has(asked, &etag) {
            return Ok(answer::tagged(Body::empty(), "image/jpeg", &etag, asked, keep));
        }
        let place = Arc::clone(&self.decoding).acquire_owned().await.map_err(|_| stopping())?;
        let bytes = self.bytes(object, row).await?;
        let limits = self.limits;
        // Who asked may go away: the work has its place until it ends all the same.
        let work = move || {
            let made = small(&bytes, width, &limits);
            drop(place);
            made
        };
        let made = tokio::task::spawn_blocking(work).await;
        let jpeg = made.map_err(|_| not_a_picture("its decoder failed on it"))??;
        Ok(answer::tagged(jpeg.into(), "image/jpeg", &etag, asked, keep))
    }

    async fn whole(
        &self,
        object: &ObjectId,
        row: &Row,
        asked: &HeaderMap,
        keep: HeaderValue,
    ) -> Result<Response, Problem> {
        match self.photos {
            PhotoSource::Redirect => {
                let s3 = S3::new(self.s3.clone());
                let address = s3.presigned(object, ADDRESS_WORKS).await?;
                let to = HeaderValue::try_from(address).map_err(|_| stopping())?;
                let keep = HeaderValue::from_static("private, max-age=60");
                let headers = [(header::LOCATION, to), (header::CACHE_CONTROL, keep)];
                Ok((StatusCode::TEMPORARY_REDIRECT, headers).into_response())
            }
            PhotoSource::Send => {
                let bytes = self.bytes(object, row).await?;
                // Its kind is told from its content: what is no picture is never sent.
                let header = photo::inspect(&bytes, &self.limits)
                    .map_err(|error| not_a_picture(&error.to_string()))?;
                let etag = row.etag.as_ref().map(ToString::to_string).unwrap_or_default();
                let etag = format!("\"{}\"", etag.replace(['"', '\\'], ""));
                Ok(answer::tagged(bytes.into(), header.format.media_type(), &etag, asked, keep))
            }
        }
    }

    /// The content that the row is of: no other is shown beside what is said of this one.
    async fn bytes(&self, object: &ObjectId, row: &Row) -> Result<Bytes, Problem> {
        let s3 = S3::new(self.s3.clone());
        let gone = || Problem::not_found(format!("{object} is not in the bucket any more"));
        let found = s3.get(object).await?.ok_or_else(gone)?;
        if row.etag.as_ref() != Some(&found.meta.etag) {
            let words = format!("{object} was replaced, and is being classified: look again soon");
            return Err(Problem::new(StatusCode::CONFLICT, words));
        }
        let size = found.meta.size;
        self.limits.check_bytes(size).map_err(|error| not_a_picture(&error.to_string()))?;
        let bytes = found.body.read(size).await.map_err(|error| {
            Problem::new(StatusCode::BAD_GATEWAY, format!("{object} could not be read: {error}"))
        })?;
        Ok(bytes.into())
    }
}

fn stopping() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server cannot do this now: try again")
}

fn not_a_picture(why: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("there is no picture of it: {why}"))
}

fn width_of(text: &str) -> Result<u32, Problem> {
    let width = text.trim().parse().ok().filter(|width| (16..=MAX_WIDTH).contains(width));
    width.ok_or_else(|| Problem::bad_request("width: expected a whole number from 16 to 2048"))
}

/// A JPEG of a photo, at most so many pixels across. A photo that is narrower is not enlarged.
fn small(bytes: &[u8], width: u32, limits: &Limits) -> Result<Vec<u8>, Problem> {
    let refused = |error: photo::PhotoError| not_a_picture(&error.to_string());
    let header = photo::inspect(bytes, limits).map_err(refused)?;
    let longest = header.width.max(header.height);
    let view = View { width: width.min(longest), height: width.min(longest), filter: Filter::Box };
    let photo = photo::decode_for(bytes, limits, &view).map_err(refused)?;
    let (whole_width, whole_height) = photo.original_size();
    let width = width.min(whole_width);
    let height = u64::from(whole_height) * u64::from(width) / u64::from(whole_width.max(1));
    // JPEG has no more.
    let height = u32::try_from(height.clamp(1, 65_500)).unwrap_or(1);
    let rgb = photo.resize(width, height, Filter::Bilinear).map_err(refused)?;
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode(&rgb, width, height, ExtendedColorType::Rgb8)
        .map_err(|error| not_a_picture(&error.to_string()))?;
    Ok(jpeg)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A photo of 3 x 2 with a camera's metadata: it is to be turned by a quarter.
    fn with_exif(jpeg: &[u8]) -> Vec<u8> {
        let mut exif =
            b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        let mut file = jpeg[..2].to_vec();
        file.extend([0xff, 0xe1, length[0], length[1]]);
        file.append(&mut exif);
        file.extend(&jpeg[2..]);
        file
    }

    #[test]
    fn a_small_picture_is_upright_and_has_no_metadata() {
        let mut jpeg = Vec::new();
        let rgb = vec![120; 300 * 200 * 3];
        JpegEncoder::new(&mut jpeg).encode(&rgb, 300, 200, ExtendedColorType::Rgb8).unwrap();
        let file = with_exif(&jpeg);
        assert!(file.windows(4).any(|part| part == b"Exif"));
        let made = small(&file, 100, &Limits::default()).unwrap();
        assert!(!made.windows(4).any(|part| part == b"Exif"));
        let photo = photo::decode(&made, &Limits::default()).unwrap();
        assert_eq!((photo.width(), photo.height()), (100, 150));
        // None is enlarged.
        let made = small(&file, 2000, &Limits::default()).unwrap();
        assert_eq!(photo::decode(&made, &Limits::default()).unwrap().width(), 200);
    }

    #[test]
    fn what_is_no_picture_is_never_sent() {
        let html = b"<!doctype html><script>alert(1)</script>";
        let problem = small(html, 100, &Limits::default()).unwrap_err();
        assert_eq!(problem.status(), StatusCode::UNPROCESSABLE_ENTITY);
        for text in ["15", "2049", "-1", "x", ""] {
            assert!(width_of(text).is_err(), "{text}");
        }
    }
}
