//! The catalogue as a website and as people see it: a JSON API, and pages on top of it.
//!
//! One router, served three ways: by `lookbook local` beside the embedded bucket and table, by
//! `lookbook serve` for a table on AWS, and by the function `catalogue` behind a Function URL or an
//! HTTP API. It reads the table and writes nothing but reviews; the bucket it reads, or hands out
//! presigned addresses of.
//!
//! Every request is answered within bounds: one or a known number of requests to the table, a body
//! of a known size, and a time. Who may do what is decided in [`access`] from plain values, before a
//! handler runs. What went wrong is said as [problem details](problem).
//!
//! | request | requests to the table |
//! |---|---|
//! | `GET /api/shelves` | one, and one a shelf: counts up to [`COUNTED`], kept for some seconds |
//! | `GET /api/shelves/{shelf}` | one (with `SHELF_SHARDS`, so many at once) |
//! | `GET /api/images/{bucket}/{key}`, `/photo` | one |
//! | `PUT .../review` | two, and two more for each rival that writes the row meanwhile; one for a label that is new |
//! | `GET /api/reviewed` | one |
//! | `GET /api/changes` | a few to the table's stream: see [`Changes`](crate::catalogue::Changes) |
//! | `POST /api/classify`, `/api/uploads` | none |

pub mod access;
mod agreement;
mod answer;
mod aws;
mod bounds;
mod classify;
mod counts;
#[cfg(feature = "lambda")]
pub mod gateway;
mod guard;
mod html;
mod images;
mod kept;
mod live;
pub mod openapi;
pub mod page;
mod pages;
mod photo;
pub mod problem;
mod rate;
mod reviewed;
mod router;
mod schema;
mod serve;
mod shelves;
mod sign_in;
mod state;
mod target;
mod uploads;

pub use access::{Access, Sender};
pub use aws::on_aws;
pub use live::{Live, LiveChange};
pub use router::router;
pub use serve::serve;
pub use shelves::COUNTED;
pub use state::{Parts, PhotoSource, Uploads, Web};
