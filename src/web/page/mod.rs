//! The pages of the catalogue: plain values in, HTML out.
//!
//! Each page is a struct ([`Gallery`], [`ShelfPage`], [`PhotoPage`], [`ReviewPage`], [`SignInPage`],
//! [`ErrorPage`]) with public fields and a template of the same name. `html` fills it in; nothing
//! here reads a table or a request. What comes from a key, a label or a photo is escaped by the
//! template, as all text is.
//!
//! The pages read well as they are. The scripts in `assets/js` make them live: they add what arrives,
//! and send what a person says. There is no script, style or handler within a page, so that its
//! Content-Security-Policy can forbid all of them. Scripts and styles are files of their own, with a
//! fingerprint of their content in their names ([`asset()`]).

mod agreement;
mod asset;
mod card;
mod error;
mod gallery;
mod keys;
mod path;
mod photo;
mod review;
mod shelf;
mod sign_in;
mod site;
mod words;

#[cfg(test)]
mod tests;

pub use agreement::{Advice, Agreement, LabelAgreement, Said, Span};
pub use asset::{Asset, asset, asset_url};
pub use error::ErrorPage;
pub use gallery::{Gallery, Strip};
pub use path::{photo_path, picture_path, segment, shelf_path};
pub use photo::PhotoPage;
pub use review::ReviewPage;
pub use shelf::{Filter, ShelfPage};
pub use sign_in::SignInPage;
pub use site::{Count, ShelfCount, Site, Updates, Visitor};

// For the templates.
use asset::imports;

/// A page's HTML. Only a template that writes into something that fails can fail; none does.
pub type Html = Result<String, askama::Error>;
