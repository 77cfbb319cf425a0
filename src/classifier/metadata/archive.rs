//! The ZIP archive at the end of a model's file.

use std::io::Read;

use flate2::bufread::DeflateDecoder;
use rawzip::{
    CompressionMethod, Error, ErrorKind, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive,
};

use super::{LIMIT, MetadataError};

/// The archive, with its list of files read.
pub(super) struct Archive<'f> {
    archive: ZipSliceArchive<&'f [u8]>,
    files: Vec<File>,
}

/// A file in the archive, not unpacked yet.
struct File {
    name: String,
    method: CompressionMethod,
    encrypted: bool,
    place: ZipArchiveEntryWayfinder,
}

impl<'f> Archive<'f> {
    /// The largest file that is unpacked, in bytes.
    pub(super) const MAX_FILE: u64 = 1 << 20;

    /// How far from the end an archive's last record may begin: it ends with a comment, whose length is
    /// written in two bytes. Farther in, its four marks would be some weights of the model.
    const LAST_RECORD: u64 = 22 + u16::MAX as u64;

    /// Reads the list of files, if `file` ends with an archive.
    pub(super) fn open(file: &'f [u8]) -> Result<Option<Self>, MetadataError> {
        let archive = ZipArchive::with_max_search_space(Self::LAST_RECORD).locate_in_slice(file);
        let archive = match archive {
            Ok(archive) => archive,
            Err((_, error)) if matches!(error.kind(), ErrorKind::MissingEndOfCentralDirectory) => {
                return Ok(None);
            }
            Err((_, error)) => return Err(damaged(&error)),
        };
        let mut files = Vec::new();
        // How many files there are is only a claim: count them.
        for entry in archive.entries() {
            let entry = entry.map_err(|error| damaged(&error))?;
            if files.len() == LIMIT {
                let (count, what) = (LIMIT + 1, "files in the archive or more");
                return Err(MetadataError::TooMany { count, what, limit: LIMIT });
            }
            let name = String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned();
            files.push(File {
                name,
                method: entry.compression_method(),
                encrypted: entry.flags().is_encrypted(),
                place: entry.wayfinder(),
            });
        }
        Ok(Some(Self { archive, files }))
    }

    /// The names of the files, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.name.as_str())
    }

    /// Unpacks the file of this name, if there is one.
    pub(super) fn unpack(&self, name: &str) -> Result<Option<Vec<u8>>, MetadataError> {
        let wrong = |problem: String, remedy| {
            let file = name.to_owned();
            MetadataError::Unpack { file, problem, remedy }
        };
        let mut files = self.files.iter().filter(|file| file.name == name);
        let file = match (files.next(), files.next()) {
            (None, _) => return Ok(None),
            (Some(file), None) => file,
            (Some(_), Some(_)) => {
                return Err(wrong("is there more than once".to_owned(), "take all but one out"));
            }
        };
        if file.encrypted {
            return Err(wrong("is encrypted".to_owned(), "pack it in without a password"));
        }
        let unreadable = |error: &dyn std::error::Error| {
            wrong(format!("is damaged ({error})"), "pack it into the model again")
        };
        let entry = self.archive.get_entry(file.place).map_err(|error| unreadable(&error))?;
        let content: Box<dyn Read + '_> = match file.method {
            CompressionMethod::STORE => Box::new(entry.data()),
            CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(entry.data())),
            method => {
                let problem = format!("is compressed by method {method}");
                return Err(wrong(problem, "pack it in deflated or stored"));
            }
        };
        // At the end of the file, the verifier compares its length and its checksum.
        let mut content = entry.verifying_reader(content).take(Self::MAX_FILE + 1);
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
        if bytes.len() as u64 > Self::MAX_FILE {
            let problem = format!("has more than {} bytes", Self::MAX_FILE);
            return Err(wrong(problem, "pack in a file that holds only labels"));
        }
        Ok(Some(bytes))
    }
}

fn damaged(error: &Error) -> MetadataError {
    MetadataError::Archive(error.to_string())
}
