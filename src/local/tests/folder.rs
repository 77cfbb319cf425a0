use std::fs::{self, File};
use std::io::Write;
use std::thread::sleep;
use std::time::Duration;

use s3s::crypto::{Checksum as _, Md5};
use tempfile::{TempDir, TempPath};

use crate::local::attributes::Attributes;
use crate::local::folder::{Condition, Folder, PutError};
use crate::local::stamp::FileStamp;

fn upload(folder: &Folder, content: &[u8]) -> TempPath {
    let mut temporary = folder.temporary().unwrap();
    temporary.write_all(content).unwrap();
    temporary.into_temp_path()
}

fn folder() -> (TempDir, Folder) {
    let dir = tempfile::tempdir().unwrap();
    let folder =
        Folder::open(&dir.path().join("bucket"), &dir.path().join("attributes"), 1000).unwrap();
    (dir, folder)
}

fn put(
    folder: &Folder,
    key: &str,
    content: &[u8],
    type_: Option<&str>,
) -> Result<FileStamp, PutError> {
    let temporary = upload(folder, content);
    let etag = hex::encode(Md5::checksum(content));
    let attributes = Attributes { content_type: type_.map(str::to_owned), ..Attributes::default() };
    folder.put(key, temporary, &etag, &attributes, &Condition::None)
}

fn delete(folder: &Folder, key: &str) {
    folder.delete(key, &Condition::None).unwrap();
}

fn etag(folder: &Folder, key: &str) -> Option<String> {
    folder.get(key).unwrap().map(|object| object.etag)
}

#[test]
fn the_etag_follows_the_content_however_it_came() {
    let (_dir, folder) = folder();
    put(&folder, "a/b.jpg", b"one", Some("image/jpeg")).unwrap();
    let first = etag(&folder, "a/b.jpg").unwrap();
    assert_eq!(first, "f97c5d29941bfb1b2fdab0874906ab82");
    // The same size and, for all that can be set, the same time.
    let path = folder.root().join("a/b.jpg");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    sleep(Duration::from_millis(20));
    fs::write(&path, b"two").unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    let object = folder.get("a/b.jpg").unwrap().unwrap();
    assert_ne!(object.etag, first);
    assert_eq!(object.attributes, Attributes::default(), "they belong to the other content");
    fs::write(&path, b"one").unwrap();
    let object = folder.get("a/b.jpg").unwrap().unwrap();
    assert_eq!(object.etag, first);
    assert_eq!(object.attributes.content_type.as_deref(), Some("image/jpeg"));
}

#[test]
fn what_is_larger_than_any_photo_is_not_read_through() {
    let (_dir, folder) = folder();
    let path = folder.root().join("film.mov");
    fs::write(&path, vec![7; 1001]).unwrap();
    let first = etag(&folder, "film.mov").unwrap();
    assert!(first.ends_with("-1"), "{first}");
    assert_eq!(etag(&folder, "film.mov").as_ref(), Some(&first));
    fs::write(&path, vec![7; 1002]).unwrap();
    assert_ne!(etag(&folder, "film.mov"), Some(first));
    // What was put is known.
    put(&folder, "put.mov", &[7; 1001], Some("video/x")).unwrap();
    let object = folder.get("put.mov").unwrap().unwrap();
    assert_eq!(object.etag, hex::encode(Md5::checksum(&[7; 1001])));
    assert_eq!(object.attributes.content_type.as_deref(), Some("video/x"));
}

#[test]
fn a_key_and_a_key_below_it_exclude_each_other() {
    let (_dir, folder) = folder();
    put(&folder, "a", b"1", None).unwrap();
    assert!(matches!(put(&folder, "a/b", b"2", None), Err(PutError::Conflict(_))));
    put(&folder, "c/d", b"1", None).unwrap();
    assert!(matches!(put(&folder, "c", b"2", None), Err(PutError::Conflict(_))));
    delete(&folder, "c/d");
    put(&folder, "c", b"2", None).unwrap();
    assert!(etag(&folder, "c").is_some());
    assert_eq!(fs::read_dir(folder.root()).unwrap().count(), 2, "no uploads are left behind");
}

#[test]
fn a_folder_is_no_object() {
    let (_dir, folder) = folder();
    folder.make_folder("a/b").unwrap();
    assert!(etag(&folder, "a").is_none());
    assert!(etag(&folder, "a/b").is_none());
    assert!(etag(&folder, "a/").is_none());
    delete(&folder, "a/b/");
    assert!(!folder.root().join("a/b").exists());
    assert!(folder.root().join("a").exists());
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_not_followed() {
    let (dir, folder) = folder();
    fs::create_dir(dir.path().join("outside")).unwrap();
    fs::write(dir.path().join("outside/secret"), "x").unwrap();
    std::os::unix::fs::symlink(dir.path().join("outside"), folder.root().join("link")).unwrap();
    std::os::unix::fs::symlink("link/secret", folder.root().join("file")).unwrap();
    assert!(etag(&folder, "link/secret").is_none());
    assert!(etag(&folder, "file").is_none());
    assert!(matches!(put(&folder, "link/new", b"", None), Err(PutError::Conflict(_))));
    assert!(matches!(put(&folder, "file", b"", None), Err(PutError::Conflict(_))));
    delete(&folder, "link/secret");
    delete(&folder, "file");
    assert!(dir.path().join("outside/secret").exists());

    // An empty folder behind a link, the link itself, and a link to an empty folder.
    fs::create_dir(dir.path().join("outside/empty")).unwrap();
    std::os::unix::fs::symlink("../outside/empty", folder.root().join("loop")).unwrap();
    for key in ["link/empty/", "link/", "loop/", "../outside/empty/", "/"] {
        delete(&folder, key);
        assert!(dir.path().join("outside/empty").exists(), "{key}");
        assert!(folder.root().join("loop").is_symlink(), "{key}");
    }
    for key in ["link/made", "link/made/below", "loop/made"] {
        assert!(matches!(folder.make_folder(key), Err(PutError::Conflict(_))), "{key}");
    }
    assert!(fs::read_dir(dir.path().join("outside/empty")).unwrap().next().is_none());
    assert_eq!(fs::read_dir(dir.path().join("outside")).unwrap().count(), 2);
}

/// A folder that is asked for harms nothing in it.
#[test]
fn a_folder_may_be_made_again() {
    let (_dir, folder) = folder();
    for inside in ["a/x", "a/y/z"] {
        folder.make_folder(inside).unwrap();
    }
    put(&folder, "a/y/b", b"1", None).unwrap();
    folder.make_folder("a").unwrap();
    assert!(folder.root().join("a/x").exists());
    put(&folder, "b/x/c", b"1", None).unwrap();
    folder.make_folder("b").unwrap();
}

#[test]
fn conditions_hold_or_nothing_is_removed() {
    let (_dir, folder) = folder();
    put(&folder, "a", b"one", None).unwrap();
    let other = Condition::Etag("other".into());
    assert!(matches!(folder.delete("a", &other), Err(PutError::Condition)));
    assert!(matches!(folder.delete("b", &Condition::Present), Err(PutError::Condition)));
    assert!(etag(&folder, "a").is_some());
    folder.delete("a", &Condition::Etag("f97c5d29941bfb1b2fdab0874906ab82".into())).unwrap();
    assert!(etag(&folder, "a").is_none());
}

#[test]
fn conditions_hold_or_nothing_is_put() {
    let (_dir, folder) = folder();
    let put = |content: &[u8], condition: &Condition| {
        let temporary = upload(&folder, content);
        let etag = hex::encode(Md5::checksum(content));
        folder.put("a", temporary, &etag, &Attributes::default(), condition).map(|_| etag)
    };
    assert!(matches!(put(b"1", &Condition::Present), Err(PutError::Condition)));
    let first = put(b"1", &Condition::Absent).unwrap();
    assert!(matches!(put(b"2", &Condition::Absent), Err(PutError::Condition)));
    put(b"2", &Condition::Etag(first.clone())).unwrap();
    assert!(matches!(put(b"3", &Condition::Etag(first)), Err(PutError::Condition)));
}
