//! The shelves, and what is on one.

#![allow(unused_qualifications, reason = "of what `utoipa` writes")]

use std::collections::BTreeSet;
use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::access::Access;
use super::answer::{self, Keep};
use super::counts::{Kind, ShelfCount, ShelfCounts};
use super::problem::Problem;
use super::state::Web;
use crate::catalogue::{Cursor, Listing, Page, Shelf, Shelves as _};
use crate::label::Label;

/// Up to how many rows a shelf's are counted: so many are about half a megabyte of the index, which
/// one request reads for the price of 75 rows.
pub const COUNTED: NonZeroU32 = NonZeroU32::new(1000).unwrap();

/// How many shelves are counted at a time.
const COUNTING: usize = 6;

/// How long counts are kept where others ask, and on this machine.
const KEPT: Duration = Duration::from_secs(10);
const KEPT_HERE: Duration = Duration::from_millis(200);

impl Web {
    /// All labels that a photo may have: the model's, and those that people gave.
    pub(super) async fn labels(&self) -> Result<BTreeSet<Label>, Problem> {
        let mut labels = self.table.labels_of_people().await?;
        labels.extend(self.scorer.judged_by().labels().iter().cloned());
        Ok(labels)
    }

    /// The shelves with their counts, as they were some seconds ago at most.
    pub(super) async fn counts(&self) -> Result<Arc<ShelfCounts>, Problem> {
        let keep = if self.access == Access::ThisMachine { KEPT_HERE } else { KEPT };
        if let Some(counts) = self.counted.get(keep) {
            return Ok(counts);
        }
        let since = Instant::now();
        let labels = self.labels().await?;
        let shelves = labels.into_iter().map(Shelf::Label).chain([Shelf::Review, Shelf::Rejected]);
        let counting = shelves.map(|name| async move {
            let counted = self.table.count(&name, COUNTED).await?;
            let (kind, count, more) = (Kind::of(&name), counted.rows, !counted.is_whole);
            Ok::<_, Problem>(ShelfCount { name, kind, count, more })
        });
        // A few at a time: each asks as many partitions as there are shards.
        let shelves = stream::iter(counting).buffered(COUNTING).try_collect().await?;
        Ok(self.counted.keep(since, ShelfCounts { shelves }))
    }
}

/// The shelves, and how many photos are on each.
///
/// Up to 1,000 are counted; `more` says that there are more. So the cost does not grow with the
/// catalogue.
#[utoipa::path(get, path = "/api/shelves", tag = "catalogue", responses(
    (status = 200, body = ShelfCounts),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn all(State(web): State<Web>, asked: HeaderMap) -> Result<Response, Problem> {
    let keep = Keep::Seconds(if web.access == Access::ThisMachine { 0 } else { 10 });
    answer::json(&*web.counts().await?, &asked, keep.header(web.access.is_public()))
}

/// Which part of a shelf.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many rows are looked at, 1 to 1000.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000, example = 50)]
    pub limit: Option<String>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Only rows whose confidence is at least this, 0 to 1, and those that a person reviewed.
    #[param(value_type = Option<f32>, example = 0.9)]
    pub min_confidence: Option<String>,
    /// Only rows whose key or label has this text in it, upper and lower case alike.
    pub text: Option<String>,
}

/// The same, once it is understood.
#[derive(Debug, Clone, PartialEq)]
pub struct PageAsked {
    /// How many rows are looked at.
    pub limit: NonZeroU16,
    /// Where the page begins.
    pub cursor: Option<Cursor>,
    /// Which rows pass.
    pub filter: Filter,
}

/// Which rows of a page are shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// At least this confidence.
    pub min_confidence: Option<f32>,
    /// This in the key or the label, in lower case.
    pub text: Option<String>,
}

const DEFAULT_LIMIT: NonZeroU16 = NonZeroU16::new(50).unwrap();
const MAX_LIMIT: u16 = 1000;

/// A page's size, as the query says it.
pub(super) fn limit_of(text: Option<&str>) -> Result<NonZeroU16, Problem> {
    let Some(text) = given(text) else { return Ok(DEFAULT_LIMIT) };
    let limit = text.parse().ok().filter(|limit: &NonZeroU16| limit.get() <= MAX_LIMIT);
    limit.ok_or_else(|| Problem::bad_request("limit: expected a whole number from 1 to 1000"))
}

/// What a form leaves empty is not given.
fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

impl PageQuery {
    /// Understands the query for this shelf.
    pub fn parse(&self, shelf: &Shelf) -> Result<PageAsked, Problem> {
        let limit = limit_of(self.limit.as_deref())?;
        let min_confidence = given(self.min_confidence.as_deref()).map(|text| {
            let number = text.parse().ok().filter(|c| (0.0..=1.0).contains(c));
            let words = "min_confidence: expected a number from 0 to 1";
            number.ok_or_else(|| Problem::bad_request(words))
        });
        let cursor = given(self.cursor.as_deref()).map(|text| {
            let cursor: Option<Cursor> = text.parse().ok();
            let of_shelf = cursor.filter(|cursor| cursor.shelf() == shelf);
            let words = "cursor: this is no cursor of this shelf: begin again with the first page";
            of_shelf.ok_or_else(|| Problem::bad_request(words))
        });
        let text = given(self.text.as_deref()).map(str::to_lowercase);
        let filter = Filter { min_confidence: min_confidence.transpose()?, text };
        Ok(PageAsked { limit, cursor: cursor.transpose()?, filter })
    }
}

impl Filter {
    fn passes(&self, row: &Listing) -> bool {
        // What a person said is sure, whatever the model thought.
        let said = row.review();
        let sure = |least: f32| said.is_some() || row.confidence.is_some_and(|has| has >= least);
        let has = |text: &String| {
            let label = row.label.as_ref().map(ToString::to_string);
            let texts = [Some(row.key.clone()), said.as_ref().map(ToString::to_string).or(label)];
            texts.into_iter().flatten().any(|own| own.to_lowercase().contains(text))
        };
        self.min_confidence.is_none_or(sure) && self.text.as_ref().is_none_or(has)
    }
}

/// Some rows of a shelf.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShelfPage {
    /// Which shelf.
    pub shelf: Shelf,
    /// The rows, newest first.
    pub images: Vec<Listing>,
    /// The cursor of the next page, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Web {
    /// Some rows of a shelf: one bounded request to the table.
    pub(super) async fn page_of(&self, shelf: &Shelf, asked: PageAsked) -> Result<Page, Problem> {
        let PageAsked { limit, cursor, filter } = asked;
        let mut page = self.table.page(shelf, cursor.as_ref(), limit).await?;
        if let Some(words) = page.skipped.words() {
            tracing::warn!("{words}");
        }
        page.rows.retain(|row| filter.passes(row));
        page.rows = page.rows.into_iter().map(Listing::with_what_applies).collect();
        Ok(page)
    }
}

/// The shelf with this name.
pub(super) fn shelf_of(name: &str) -> Result<Shelf, Problem> {
    name.parse().map_err(|error| Problem::not_found(format!("no shelf has this name: {error}")))
}

/// What is on a shelf, newest first, page by page.
///
/// A page may be shorter than `limit`, or empty, and still have a `next`: only a missing one says that
/// no more follow. Rows that are written meanwhile neither repeat nor hide others.
#[utoipa::path(get, path = "/api/shelves/{shelf}", tag = "catalogue",
    params(("shelf" = String, Path, description = "A label, `review` or `rejected`"), PageQuery),
    responses(
        (status = 200, body = super::schema::ShelfPage),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ))]
pub(super) async fn one(
    State(web): State<Web>,
    Path(name): Path<String>,
    Query(query): Query<PageQuery>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let shelf = shelf_of(&name)?;
    let page = web.page_of(&shelf, query.parse(&shelf)?).await?;
    let next = page.next.map(|next| next.to_string());
    let page = ShelfPage { shelf, images: page.rows, next };
    answer::json(&page, &asked, Keep::Ask.header(web.access.is_public()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_asked_is_said_by_name() {
        let ask = |pairs: [Option<&str>; 4]| {
            let [limit, cursor, min_confidence, text] = pairs.map(|text| text.map(str::to_owned));
            PageQuery { limit, cursor, min_confidence, text }.parse(&Shelf::Review)
        };
        let page = ask([Some(""), None, Some(" "), Some("")]).unwrap();
        assert_eq!((page.limit, page.filter), (DEFAULT_LIMIT, Filter::default()));
        for (pairs, name) in [
            ([Some("0"), None, None, None], "limit"),
            ([Some("1001"), None, None, None], "limit"),
            ([None, Some("forged"), None, None], "cursor"),
            ([None, None, Some("NaN"), None], "min_confidence"),
            ([None, None, Some("1.1"), None], "min_confidence"),
        ] {
            let problem = ask(pairs).unwrap_err();
            assert!(problem.detail().starts_with(name), "{}", problem.detail());
        }
        let other = Cursor::after(&Shelf::Rejected, "1970-01-01T00:00:00Z", "shop/a").to_string();
        assert!(ask([None, Some(&other), None, None]).is_err());
    }
}
