//! How many requests to the table an answer takes, whatever is on the shelves.

use lookbook::object::ObjectId;
use time::OffsetDateTime;

use super::site::{Home, Site, a_row, put_row};
use crate::helpers::Place;
use crate::proxy::{Proxy, Service};

#[tokio::test]
async fn an_answer_takes_a_known_number_of_requests() {
    let home = Home::new();
    let stack = home.stack().await;
    let proxy =
        Proxy::start(Service::DynamoDb, &stack.dynamodb_endpoint(), Box::new(|_, _| None)).await;
    let counted = Place::new(stack.endpoints()).behind(&stack.s3_endpoint(), &proxy.url);
    let site = Site::on(stack, |parts| parts.table = counted.table()).await;
    for n in 0..300 {
        let object = ObjectId::new("photos", &format!("{n}.jpg")).unwrap();
        put_row(&site.table(), &a_row(&object, "hat", 0.9, OffsetDateTime::UNIX_EPOCH)).await;
    }
    let mut before = 0;
    for (path, requests) in [
        ("/api/shelves/hat?limit=50", 1),
        ("/api/shelves/hat?limit=200&text=7&min_confidence=0.5", 1),
        ("/api/images/photos/7.jpg", 1),
        ("/api/reviewed", 1),
        // The labels that people gave, and a count for each of the model's ten, `review` and `rejected`.
        ("/api/shelves", 13),
    ] {
        site.json(path).await;
        let now = proxy.counts().get("requests").copied().unwrap_or_default();
        assert_eq!(now - before, requests, "{path}");
        before = now;
    }
}
