//! The pages: what they show is read here, and written in [`page`].

use std::num::NonZeroU16;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Extension, OriginalUri, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use futures::future::try_join_all;
use serde::Deserialize;

use super::access::{Access, Sender};
use super::answer::Keep;
use super::html::{here, html, wrong};
use super::page::{
    self, Count, Filter, Gallery, Html, PhotoPage, ReviewPage, ShelfPage, Site, Strip, Updates,
    Visitor,
};
use super::problem::Problem;
use super::shelves::{PageQuery, shelf_of};
use super::state::{Uploads, Web};
use super::target::object_of;
use super::{agreement, sign_in};
use crate::catalogue::{Shelf, Shelves as _};
use crate::label::Label;

/// Photos of a shelf on the first page, and on a page of its own.
const FEW: NonZeroU16 = NonZeroU16::new(8).unwrap();
const MANY: NonZeroU16 = NonZeroU16::new(60).unwrap();
/// How many rows are looked at where only some of them pass.
const TO_FILTER: NonZeroU16 = NonZeroU16::new(400).unwrap();

pub(super) fn router() -> Router<Web> {
    Router::new()
        .route("/", get(gallery))
        .route("/shelves/{shelf}", get(shelf))
        .route("/images/{*rest}", get(photo))
        .route("/review", get(review))
        .route("/sign-in", get(sign_in::form).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/assets/{*rest}", get(asset))
        .route("/favicon.ico", get(icon))
}

/// Who asks for a page.
struct Visit {
    headers: HeaderMap,
    sender: Sender,
    uri: Uri,
}

impl Web {
    /// What somebody may do.
    pub(super) fn visitor(&self, headers: &HeaderMap, sender: Sender) -> Visitor {
        // What is asked is whether they have the right, not whether a page of ours asks.
        if self.access.may_write(&Method::GET, headers, sender) {
            let by_token = self.access != Access::ThisMachine && !sender.is_checked_by_iam;
            if by_token { Visitor::SignedIn } else { Visitor::MayWrite }
        } else if self.access.takes_tokens() {
            Visitor::MaySignIn
        } else {
            Visitor::MayRead
        }
    }

    async fn site(&self, visit: &Visit) -> Result<Site, Problem> {
        let counts = self.counts().await?;
        let shelves = counts.shelves.iter().map(|shelf| page::ShelfCount {
            shelf: shelf.name.clone(),
            count: Count { number: shelf.count, more: shelf.more },
        });
        let visitor = self.visitor(&visit.headers, visit.sender);
        Ok(Site {
            shelves: shelves.collect(),
            visitor,
            updates: match (&self.live, visitor) {
                (Some(_), _) => Updates::Told,
                // A stream takes few readers: who only looks loads the page again.
                (None, Visitor::MayWrite | Visitor::SignedIn) => Updates::Asked,
                (None, Visitor::MaySignIn | Visitor::MayRead) => Updates::None,
            },
            uploads: !matches!(self.uploads, Uploads::None),
            here: here(&visit.uri),
        })
    }

    /// A page, or what went wrong as one.
    fn page(&self, visit: &Visit, made: Result<Html, Problem>) -> Response {
        match made {
            Ok(made) => html(StatusCode::OK, made),
            Err(problem) => {
                let visitor = self.visitor(&visit.headers, visit.sender);
                wrong(visitor, &visit.uri, problem)
            }
        }
    }
}

/// What a person can say of a photo: the labels whose shelves the page shows.
fn labels_of(site: &Site) -> Vec<Label> {
    let label = |shelf: &page::ShelfCount| match &shelf.shelf {
        Shelf::Label(label) => Some(label.clone()),
        Shelf::Review | Shelf::Rejected => None,
    };
    site.shelves.iter().filter_map(label).collect()
}

async fn gallery(
    State(web): State<Web>,
    Extension(sender): Extension<Sender>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let visit = Visit { headers, sender, uri };
    let made = async {
        let site = web.site(&visit).await?;
        let filled = site.shelves.iter().filter(|shelf| shelf.count.number > 0);
        // What asks for attention comes first; what is rejected is not shown.
        let (mut shown, labels): (Vec<_>, Vec<_>) =
            filled.filter(|s| s.shelf != Shelf::Rejected).partition(|s| s.shelf == Shelf::Review);
        shown.extend(labels);
        let strips = shown.into_iter().map(|shelf| async {
            let page = web.table.page(&shelf.shelf, None, FEW).await?;
            Ok::<_, Problem>(Strip { shelf: shelf.clone(), images: page.rows })
        });
        let strips = try_join_all(strips).await?;
        let folder = web.folder.clone();
        Ok(Gallery { site, strips, folder }.html())
    };
    let made = made.await;
    web.page(&visit, made)
}

async fn shelf(
    State(web): State<Web>,
    Extension(sender): Extension<Sender>,
    OriginalUri(uri): OriginalUri,
    Path(name): Path<String>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Response {
    let visit = Visit { headers, sender, uri };
    let made = async {
        let shelf = shelf_of(&name)?;
        let site = web.site(&visit).await?;
        let mut asked = query.parse(&shelf)?;
        if query.limit.is_none() {
            let is_filtered = asked.filter != super::shelves::Filter::default();
            asked.limit = if is_filtered { TO_FILTER } else { MANY };
        }
        let filter = Filter {
            min_confidence: asked.filter.min_confidence,
            text: query.text.clone().filter(|text| !text.trim().is_empty()),
        };
        let is_first = asked.cursor.is_none();
        let page = web.page_of(&shelf, asked).await?;
        let labels = labels_of(&site);
        let (images, next) = (page.rows, page.next);
        Ok(ShelfPage { site, shelf, images, next, is_first, filter, labels }.html())
    };
    let made = made.await;
    web.page(&visit, made)
}

async fn photo(
    State(web): State<Web>,
    Extension(sender): Extension<Sender>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let visit = Visit { headers, sender, uri };
    let made = async {
        let object = object_of(visit.uri.path().strip_prefix("/images/").unwrap_or_default())?;
        let row = web.row_of(&object).await?;
        let site = web.site(&visit).await?;
        let labels = labels_of(&site);
        Ok(PhotoPage { site, row, labels }.html())
    };
    let made = made.await;
    web.page(&visit, made)
}

/// Which shelf is looked through.
#[derive(Debug, Default, Deserialize)]
struct ReviewQuery {
    shelf: Option<String>,
}

async fn review(
    State(web): State<Web>,
    Extension(sender): Extension<Sender>,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<ReviewQuery>,
    headers: HeaderMap,
) -> Response {
    let visit = Visit { headers, sender, uri };
    let made = async {
        let shelf = query.shelf.as_deref().map_or(Ok(Shelf::Review), shelf_of)?;
        let site = web.site(&visit).await?;
        let labels = labels_of(&site);
        // It is for those who can act on it: reading it costs.
        let agreement = match site.visitor {
            Visitor::MayWrite | Visitor::SignedIn => Some((*web.agreement().await?).clone()),
            Visitor::MaySignIn | Visitor::MayRead => None,
        };
        Ok(ReviewPage { site, shelf, labels, agreement }.html())
    };
    let made = made.await;
    web.page(&visit, made)
}

/// How many rows the page's agreement rests on at most, and for how long it is kept: a table on AWS
/// is paid by what is read of it.
const ROWS: u64 = 5_000;
const ROWS_HERE: u64 = 50_000;
const KEPT: Duration = Duration::from_mins(10);
const KEPT_HERE: Duration = Duration::from_secs(5);

impl Web {
    async fn agreement(&self) -> Result<std::sync::Arc<page::Agreement>, Problem> {
        let is_here = self.access == Access::ThisMachine;
        let (rows, keep) = if is_here { (ROWS_HERE, KEPT_HERE) } else { (ROWS, KEPT) };
        if let Some(kept) = self.agreed.get(keep) {
            return Ok(kept);
        }
        let since = Instant::now();
        Ok(self.agreed.keep(since, agreement::of(&self.table, rows).await?))
    }
}

async fn asset(OriginalUri(uri): OriginalUri) -> Result<Response, Problem> {
    let found = page::asset(uri.path());
    let asset =
        found.ok_or_else(|| Problem::not_found("there is no such file: load the page again"))?;
    let kind = HeaderValue::from_static(asset.content_type);
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, Keep::Ever.header(true))];
    Ok((headers, asset.bytes).into_response())
}

/// Browsers ask for it whatever the page says.
async fn icon() -> Redirect {
    Redirect::permanent(page::asset_url("icon.svg"))
}
