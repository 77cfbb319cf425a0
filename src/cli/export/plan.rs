//! Which photos an export lays down: told from the rows, by their content.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use hex::FromHex;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::names;
use crate::catalogue::{Listing, Review, Shelf};
use crate::label::Label;
use crate::object::ObjectId;

/// A photo's content, by its SHA-256. Its text is that in hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Content([u8; 32]);

impl Content {
    /// The content of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl From<Sha256> for Content {
    fn from(hashed: Sha256) -> Self {
        Self(hashed.finalize().into())
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Content {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        <[u8; 32]>::from_hex(text).map(Self)
    }
}

/// What the rows say, content by content.
///
/// Its memory grows with what people said, by some hundred bytes a photo, and not with the table.
#[derive(Debug, Default)]
pub struct Plan {
    /// Only what people put there.
    only: Option<Shelf>,
    contents: BTreeMap<Content, Wanted>,
    left_out: LeftOut,
}

/// What is known of a content: from the row with the latest review of it.
#[derive(Debug)]
struct Wanted {
    row: Row,
    /// Others with the same content.
    duplicates: u64,
    is_disputed: bool,
}

#[derive(Debug)]
struct Row {
    object: ObjectId,
    said: Review,
    reviewed_at: Option<OffsetDateTime>,
    extension: Option<&'static str>,
    model_label: Option<Label>,
    confidence: Option<f32>,
}

/// Reviewed photos that are not exported, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// People said that they are not to be shown.
    pub rejected: u64,
    /// Lookbook cannot read them, or their rows.
    pub unreadable: u64,
    /// Another photo has the same content.
    pub duplicates: u64,
    /// Contents of which people said different things under different names: the latest word counts.
    pub disputed: u64,
}

/// A photo that is to be laid down.
#[derive(Debug, Clone, PartialEq)]
pub struct Photo {
    /// What it must be.
    pub content: Content,
    /// Where it is.
    pub object: ObjectId,
    /// What people said that it shows.
    pub label: Label,
    /// What the model said.
    pub model_label: Option<Label>,
    /// How sure it was of that.
    pub confidence: Option<f32>,
    /// The folder of its label.
    pub folder: String,
    /// Its name there.
    pub name: String,
}

impl Plan {
    /// Nothing yet, of all shelves or of one. To tell the names of folders, and which word counts, it
    /// takes the rows of all of them.
    pub fn of(only: Option<Shelf>) -> Self {
        Self { only, ..Self::default() }
    }

    fn is_wanted(&self, said: &Review) -> bool {
        self.only.as_ref().is_none_or(|shelf| Shelf::from(said.clone()) == *shelf)
    }

    /// Takes a row into account, if a person looked at its photo.
    pub fn add(&mut self, row: &Listing) {
        let Some(said) = row.review() else { return };
        let content = row.content_sha256.as_deref().and_then(|content| content.parse().ok());
        let object = ObjectId::new(&row.bucket, &row.key).ok();
        let (Some(content), Some(object)) = (content, object) else {
            self.left_out.unreadable += u64::from(self.is_wanted(&said));
            return;
        };
        let row = Row {
            object,
            said,
            reviewed_at: row.reviewed_at,
            extension: row.format.as_deref().and_then(extension),
            model_label: row.label.clone(),
            confidence: row.confidence,
        };
        let Some(wanted) = self.contents.get_mut(&content) else {
            self.contents.insert(content, Wanted { row, duplicates: 0, is_disputed: false });
            return;
        };
        wanted.duplicates += 1;
        wanted.is_disputed |= wanted.row.said != row.said;
        if row.counts_before(&wanted.row) {
            wanted.row = row;
        }
    }

    /// The photos, by their folders and names, and what was left out.
    pub fn finish(self) -> (Vec<Photo>, LeftOut) {
        let labels = self.contents.values().filter_map(|wanted| match &wanted.row.said {
            Review::Label(label) => Some(label.clone()),
            Review::Rejected => None,
        });
        let folders = names::folders(&labels.collect::<BTreeSet<_>>());
        let mut left_out = self.left_out;
        let mut photos = Vec::new();
        for (content, wanted) in &self.contents {
            let row = &wanted.row;
            if !self.is_wanted(&row.said) {
                continue;
            }
            left_out.duplicates += wanted.duplicates;
            left_out.disputed += u64::from(wanted.is_disputed);
            let Review::Label(label) = &row.said else {
                left_out.rejected += 1;
                continue;
            };
            let (Some(extension), Some(folder)) = (row.extension, folders.get(label)) else {
                left_out.unreadable += 1;
                continue;
            };
            photos.push(Photo {
                content: *content,
                object: row.object.clone(),
                label: label.clone(),
                model_label: row.model_label.clone(),
                confidence: row.confidence,
                folder: folder.clone(),
                name: format!("{content}.{extension}"),
            });
        }
        photos.sort_by(|a, b| (&a.folder, a.content).cmp(&(&b.folder, b.content)));
        (photos, left_out)
    }
}

impl Row {
    /// The latest word counts; where none is later, that of the first name.
    fn counts_before(&self, other: &Self) -> bool {
        (self.reviewed_at, &other.object) > (other.reviewed_at, &self.object)
    }
}

/// The ending of a photo's name, by the format in its row.
fn extension(format: &str) -> Option<&'static str> {
    Some(match format {
        "jpeg" => "jpg",
        "png" => "png",
        "webp" => "webp",
        "gif" => "gif",
        "tiff" => "tiff",
        "bmp" => "bmp",
        "avif" => "avif",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::photo::Format;

    fn row(key: &str, content: u8, said: &str, minute: u8) -> Listing {
        let content = hex::encode([content; 32]);
        serde_json::from_value(json!({
            "image": format!("shop/{key}"), "bucket": "shop", "key": key, "shelf": "hat",
            "added_at": "2026-01-15T09:30:00Z", "label": "hat", "confidence": 0.5,
            "format": "jpeg", "content_sha256": content, "reviewed_sha256": content,
            "reviewed_label": said, "reviewed_at": format!("2026-01-15T09:{minute:02}:00Z"),
        }))
        .unwrap()
    }

    fn plan(rows: &[Listing]) -> (Vec<Photo>, LeftOut) {
        plan_of(None, rows)
    }

    fn plan_of(only: Option<&str>, rows: &[Listing]) -> (Vec<Photo>, LeftOut) {
        let mut plan = Plan::of(only.map(|shelf| shelf.parse().unwrap()));
        for row in rows {
            plan.add(row);
        }
        plan.finish()
    }

    #[test]
    fn what_people_said_is_laid_in_its_folder_by_its_content() {
        let mut unseen = row("unseen", 9, "hat", 0);
        unseen.reviewed_sha256 = Some("other".into());
        let mut heic = row("heic", 8, "hat", 0);
        heic.format = None;
        let mut foreign = row("foreign", 7, "hat", 0);
        foreign.content_sha256 = Some("../x".into());
        foreign.reviewed_sha256.clone_from(&foreign.content_sha256);
        let rows = [
            row("../../a b.exe", 2, "a/b", 0),
            row("b", 1, "cap", 0),
            row("c", 3, "rejected", 0),
            unseen,
            heic,
            foreign,
        ];
        let (photos, left_out) = plan(&rows);
        let places: Vec<_> = photos.iter().map(|p| format!("{}/{}", p.folder, p.name)).collect();
        assert_eq!(
            places,
            [format!("a%2Fb/{}.jpg", "02".repeat(32)), format!("cap/{}.jpg", "01".repeat(32))]
        );
        assert_eq!(photos[0].object.key(), "../../a b.exe");
        assert_eq!((photos[0].label.as_str(), photos[0].confidence), ("a/b", Some(0.5)));
        assert_eq!(left_out, LeftOut { rejected: 1, unreadable: 2, ..LeftOut::default() });
    }

    #[test]
    fn one_content_is_laid_down_once_by_the_latest_word() {
        let rows = [row("a", 1, "hat", 3), row("b", 1, "cap", 5), row("c", 1, "hat", 4)];
        let (photos, left_out) = plan(&rows);
        assert_eq!((photos.len(), photos[0].folder.as_str()), (1, "cap"));
        assert_eq!(left_out, LeftOut { duplicates: 2, disputed: 1, ..LeftOut::default() });
        let (photos, left_out) = plan(&[row("b", 1, "hat", 3), row("a", 1, "hat", 3)]);
        assert_eq!(photos[0].object.key(), "a");
        assert_eq!(left_out, LeftOut { duplicates: 1, ..LeftOut::default() });
        let (photos, left_out) = plan(&[row("a", 1, "hat", 3), row("b", 1, "rejected", 5)]);
        assert_eq!((photos.len(), left_out.rejected), (0, 1));
    }

    #[test]
    fn of_one_shelf_each_photo_is_what_it_is_of_all() {
        let rows = [
            row("a", 1, "Hat", 3),
            row("b", 1, "cap", 5),
            row("c", 2, "Hat", 4),
            row("d", 3, "hat", 4),
            row("e", 4, "rejected", 4),
        ];
        let (all, _) = plan(&rows);
        let (hats, left_out) = plan_of(Some("Hat"), &rows);
        assert_eq!((hats.len(), hats[0].folder.as_str()), (1, "%48at"));
        assert!(all.contains(&hats[0]));
        assert_eq!(left_out, LeftOut::default());
        let (rejected, left_out) = plan_of(Some("rejected"), &rows);
        assert_eq!((rejected, left_out.rejected), (vec![], 1));
    }

    #[test]
    fn every_format_has_an_ending() {
        use Format::{Avif, Bmp, Gif, Jpeg, Png, Tiff, WebP};
        for format in [Jpeg, Png, WebP, Gif, Tiff, Bmp, Avif] {
            assert!(extension(format.as_str()).is_some(), "{format:?}");
        }
        assert_eq!(extension("../x"), None);
    }

    proptest! {
        #[test]
        fn the_order_of_rows_does_not_matter(
            (rows, shuffled) in prop::collection::vec(
                (0..4_u8, 0..3_u8, 0..3_usize, 0..3_u8), 0..12,
            ).prop_flat_map(|drawn| {
                let rows: Vec<_> = drawn.iter().enumerate().map(|(n, &(key, content, said, minute))| {
                    row(&format!("{key}-{n}"), content, ["hat", "cap", "rejected"][said], minute)
                }).collect();
                (Just(rows.clone()), Just(rows).prop_shuffle())
            }),
        ) {
            prop_assert_eq!(plan(&rows), plan(&shuffled));
        }
    }
}
