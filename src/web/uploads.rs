//! People's photos on their way into the bucket.

use std::collections::BTreeMap;

use aws_sdk_s3::error::ProvideErrorMetadata;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;
use super::state::{Uploads, Web};
use crate::bucket::said;
use crate::object::ObjectId;

/// Where photos are sent that this server takes itself.
pub(super) const BELOW: &str = "/api/uploads/";
/// The longest name that is kept, in bytes.
const LONGEST: usize = 200;
/// How many photos of the same name there may be.
const SAME: u32 = 1000;

/// A photo that somebody wants to upload.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Wish {
    /// Its file's name.
    #[schema(example = "hat.jpg")]
    name: String,
}

/// How to send it.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Ticket {
    /// The object that it will be, `bucket/key`. With `PUT`, the answer says what it became: another
    /// photo may have had the name.
    #[schema(example = "photos/hat.jpg")]
    image: String,
    /// `PUT`: the file is the body. `POST`: a form (`multipart/form-data`) of the fields, then the
    /// file as the field `file`.
    #[schema(value_type = String, example = "PUT")]
    method: &'static str,
    /// Where to.
    url: String,
    /// The form's fields.
    fields: BTreeMap<String, String>,
}

/// A photo that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct Taken {
    /// The object that it is, `bucket/key`.
    #[schema(example = "photos/hat-2.jpg")]
    image: String,
}

/// Asks how a photo can be sent into the bucket.
#[utoipa::path(post, path = "/api/uploads", tag = "catalogue", request_body = Wish,
    security(("token" = [])),
    responses(
        (status = 200, body = Ticket),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn ticket(State(web): State<Web>, body: Bytes) -> Result<Json<Ticket>, Problem> {
    let wish: Wish = serde_json::from_slice(&body).map_err(|error| {
        Problem::bad_request(format!("expected {{\"name\": \"hat.jpg\"}}: {error}"))
    })?;
    let name = plain(&wish.name);
    match &web.uploads {
        Uploads::None => Err(nowhere()),
        Uploads::Through(place) => {
            let object = object(&place.bucket, &format!("{}{name}", place.prefix))?;
            let url = format!("{BELOW}{}", utf8_percent_encode(&name, NON_ALPHANUMERIC));
            let (image, fields) = (object.to_string(), BTreeMap::new());
            Ok(Json(Ticket { image, method: "PUT", url, fields }))
        }
        Uploads::Presigned(place, signer) => {
            // Nobody can see here what is there already.
            let unique = uuid::Uuid::new_v4().simple().to_string();
            // A form's `$` begins a variable.
            let key = format!("{}{}-{}", place.prefix, &unique[..12], name.replace('$', ""));
            let object = object(&place.bucket, &key)?;
            let form = signer.sign(&object, web.limits.max_bytes).await.map_err(|error| {
                tracing::error!("{error}");
                Problem::new(
                    StatusCode::BAD_GATEWAY,
                    "no upload can be signed now: the log says why",
                )
            })?;
            let image = object.to_string();
            Ok(Json(Ticket { image, method: "POST", url: form.url, fields: form.fields }))
        }
    }
}

/// Puts a photo into the bucket; one of the same name keeps its place.
#[utoipa::path(put, path = "/api/uploads/{name}", tag = "catalogue",
    params(("name" = String, Path, description = "Percent-encoded")),
    request_body(content = Vec<u8>, description = "The photo's bytes", content_type = "application/octet-stream"),
    security(("token" = [])),
    responses(
        (status = 201, body = Taken),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 413, body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn take(
    State(web): State<Web>,
    OriginalUri(uri): OriginalUri,
    body: Bytes,
) -> Result<(StatusCode, Json<Taken>), Problem> {
    let Uploads::Through(place) = &web.uploads else { return Err(nowhere()) };
    let raw = uri.path().strip_prefix(BELOW).unwrap_or_default();
    let name = percent_decode_str(raw).decode_utf8_lossy();
    let name = plain(&name);
    for n in 1..SAME {
        let object = object(&place.bucket, &format!("{}{}", place.prefix, numbered(&name, n)))?;
        // Only if there is none of this name.
        let put = web.s3.put_object().bucket(object.bucket()).key(object.key()).if_none_match("*");
        match put.body(body.clone().into()).send().await {
            Ok(_) => {
                return Ok((StatusCode::CREATED, Json(Taken { image: object.to_string() })));
            }
            Err(error) if error.code() == Some("PreconditionFailed") => {}
            Err(error) => {
                let detail = format!("{object} could not be put: {}", said(error));
                return Err(Problem::new(StatusCode::BAD_GATEWAY, detail));
            }
        }
    }
    Err(Problem::new(StatusCode::CONFLICT, format!("too many photos are called {name}: rename it")))
}

fn nowhere() -> Problem {
    Problem::not_found("photos cannot be uploaded here: set WEB_UPLOADS")
}

fn object(bucket: &str, key: &str) -> Result<ObjectId, Problem> {
    ObjectId::new(bucket, key).map_err(|error| Problem::bad_request(error.to_string()))
}

/// A file's name as a key may have it: without folders, control characters and hidden beginnings, and
/// not too long.
fn plain(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let printable: String = last.chars().filter(|c| !c.is_control()).collect();
    let printable = printable.trim().trim_start_matches('.');
    let end = printable.floor_char_boundary(LONGEST);
    match &printable[..end] {
        "" => "photo".to_owned(),
        name => name.to_owned(),
    }
}

/// `hat.jpg`, then `hat-2.jpg`.
fn numbered(name: &str, n: u32) -> String {
    match (n, name.rsplit_once('.')) {
        (1, _) => name.to_owned(),
        (n, Some((stem, kind))) => format!("{stem}-{n}.{kind}"),
        (n, None) => format!("{name}-{n}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_is_one_part_of_a_key(name in "\\PC{0,300}") {
            let plain = plain(&name);
            prop_assert!(!plain.is_empty() && plain.len() <= LONGEST && !plain.starts_with('.'));
            prop_assert!(!plain.contains(['/', '\\']) && !plain.chars().any(char::is_control));
        }
    }

    #[test]
    fn names_keep_what_can_be_kept() {
        assert_eq!(plain("C:\\photos\\my hat.jpg"), "my hat.jpg");
        assert_eq!(plain("../../etc/é.jpg\n"), "é.jpg");
        assert_eq!((plain("..").as_str(), plain("/").as_str()), ("photo", "photo"));
        assert_eq!(
            (numbered("a.b.jpg", 1).as_str(), numbered("hat", 3).as_str()),
            ("a.b.jpg", "hat-3")
        );
        assert_eq!(numbered("a.b.jpg", 2), "a.b-2.jpg");
    }
}
