//! One page of a listing.

use std::io;
use std::ops::ControlFlow;

use s3s::dto::{CommonPrefix, ETag, EncodingType, Object as ObjectEntry, ObjectStorageClass};

use super::folder::Folder;
use super::notification::encode_key;
use super::stamp::FileStamp;
use super::walk::KeyRange;

/// The most entries that a page holds.
const MAX_KEYS: i32 = 1000;

/// What to list.
#[derive(Debug, Clone, Default)]
pub(super) struct ListRequest {
    pub prefix: String,
    pub delimiter: String,
    pub after: String,
    pub max_keys: Option<i32>,
    pub encode: bool,
}

/// A page: objects and common prefixes, and the last of them if there is more.
#[derive(Debug, Default)]
pub(super) struct ObjectPage {
    pub objects: Vec<ObjectEntry>,
    pub prefixes: Vec<CommonPrefix>,
    pub next: Option<String>,
}

impl ListRequest {
    /// How many entries a page of this listing may have.
    pub(super) fn limit(&self) -> i32 {
        self.max_keys.unwrap_or(MAX_KEYS).clamp(0, MAX_KEYS)
    }

    /// Lists. Reads through the files of the page whose `ETag` is not known yet.
    pub(super) fn page(&self, folder: &Folder) -> io::Result<ObjectPage> {
        let limit = usize::try_from(self.limit()).unwrap_or_default();
        let mut entries: Vec<(String, Option<FileStamp>)> = Vec::new();
        let mut more = false;
        let range = KeyRange { prefix: &self.prefix, after: &self.after };
        if limit > 0 {
            folder.walker.walk(range, &mut |key, metadata| {
                let entry = match self.common_prefix(&key) {
                    Some(prefix) if prefix <= self.after => return ControlFlow::Continue(()),
                    Some(prefix) if entries.last().is_some_and(|(last, _)| *last == prefix) => {
                        return ControlFlow::Continue(());
                    }
                    Some(prefix) => (prefix, None),
                    None => (key, Some(FileStamp::of(metadata))),
                };
                if entries.len() == limit {
                    more = true;
                    return ControlFlow::Break(());
                }
                entries.push(entry);
                ControlFlow::Continue(())
            })?;
        }
        let mut page = ObjectPage::default();
        if more {
            page.next = entries.last().map(|(last, _)| last.clone());
        }
        for (key, stamp) in entries {
            match stamp {
                None => page.prefixes.push(CommonPrefix { prefix: Some(self.text(&key)) }),
                Some(_) => {
                    // One that has gone since is left out.
                    if let Some(object) = folder.get(&key)? {
                        page.objects.push(self.object(&key, object.stamp, object.etag));
                    }
                }
            }
        }
        Ok(page)
    }

    /// Text as the client asked for it: keys may have characters that XML has not.
    pub(super) fn text(&self, text: &str) -> String {
        if self.encode { encode_key(text) } else { text.to_owned() }
    }

    /// What to say about the encoding.
    pub(super) fn encoding(&self) -> Option<EncodingType> {
        self.encode.then(|| EncodingType::from_static(EncodingType::URL))
    }

    fn common_prefix(&self, key: &str) -> Option<String> {
        if self.delimiter.is_empty() {
            return None;
        }
        let rest = key.get(self.prefix.len()..)?;
        let end = self.prefix.len() + rest.find(&self.delimiter)? + self.delimiter.len();
        key.get(..end).map(str::to_owned)
    }

    fn object(&self, key: &str, stamp: FileStamp, etag: String) -> ObjectEntry {
        ObjectEntry {
            key: Some(self.text(key)),
            e_tag: Some(ETag::Strong(etag)),
            last_modified: Some(stamp.last_modified()),
            size: i64::try_from(stamp.size).ok(),
            storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
            ..ObjectEntry::default()
        }
    }
}
