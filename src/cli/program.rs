//! The command as whoever reads a hint can type it.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// What starts this program again: its name if that is on the path, `cargo run --` if Cargo started
/// it, and otherwise where it is.
pub fn program() -> &'static str {
    static PROGRAM: LazyLock<String> = LazyLock::new(|| {
        let typed = env::args_os().next().unwrap_or_default();
        let this = env::current_exe().ok();
        let path = env::var_os("PATH").unwrap_or_default();
        typed_as(&typed, this.as_deref(), &path, env::var_os("CARGO").is_some())
    });
    &PROGRAM
}

fn typed_as(typed: &OsStr, this: Option<&Path>, path: &OsStr, by_cargo: bool) -> String {
    let same = |file: PathBuf| this.is_some() && file.canonicalize().ok().as_deref() == this;
    let name = format!("lookbook{}", env::consts::EXE_SUFFIX);
    let found = env::split_paths(path).map(|folder| folder.join(&name)).find(|file| file.is_file());
    if found.is_some_and(same) {
        return "lookbook".to_owned();
    }
    if by_cargo {
        return "cargo run --".to_owned();
    }
    match typed.to_str() {
        Some(typed) if !typed.is_empty() => quoted(typed),
        _ => "lookbook".to_owned(),
    }
}

/// The flag that names the folder again, with a space before it; nothing for the one that is meant
/// without it.
pub fn dir_flag(dir: &Path) -> String {
    match dir.to_str() {
        Some(".lookbook") | None => String::new(),
        Some(dir) => format!(" --dir {}", quoted(dir)),
    }
}

/// A text as a shell takes it for one word.
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_what_can_be_typed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().canonicalize().unwrap();
        let program = folder.join(format!("lookbook{}", env::consts::EXE_SUFFIX));
        std::fs::write(&program, "").unwrap();
        let (typed, elsewhere) = (program.as_os_str(), OsStr::new("/nowhere"));
        let here = Some(program.as_path());
        assert_eq!(typed_as(typed, here, folder.as_os_str(), true), "lookbook");
        assert_eq!(typed_as(typed, here, elsewhere, true), "cargo run --");
        assert_eq!(
            typed_as(OsStr::new("./my dir/it's"), here, elsewhere, false),
            "'./my dir/it'\\''s'"
        );
        assert_eq!(typed_as(OsStr::new("/a/lookbook"), here, elsewhere, false), "/a/lookbook");
        // Another program of that name is on the path.
        let other = Some(Path::new("/other/lookbook"));
        assert_eq!(typed_as(OsStr::new("/a/b"), other, folder.as_os_str(), false), "/a/b");
    }

    #[test]
    fn a_folder_is_named_again_unless_it_is_the_usual_one() {
        assert_eq!(dir_flag(Path::new(".lookbook")), "");
        assert_eq!(dir_flag(Path::new("a b")), " --dir 'a b'");
        assert_eq!(dir_flag(Path::new("/tmp/x")), " --dir /tmp/x");
    }
}
