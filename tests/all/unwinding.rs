//! That a panic on one photo is that photo's rejection in the program that is shipped, too. `cargo
//! test` always unwinds, so no test of what a panic does would see a profile that aborts.

use std::process::Command;

use crate::helpers::repository;

/// Whatever a profile, a flag or the environment says: what would abort is not built.
#[test]
fn a_program_that_would_abort_does_not_build() {
    let dir = tempfile::tempdir().unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let build = |strategy: &str| {
        Command::new(&rustc)
            .args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "-C", strategy])
            .arg("--out-dir")
            .arg(dir.path())
            .arg(repository("src/unwinding.rs"))
            .output()
            .unwrap()
    };
    let unwinds = build("panic=unwind");
    assert!(unwinds.status.success(), "{}", String::from_utf8_lossy(&unwinds.stderr));
    let aborts = build("panic=abort");
    assert!(!aborts.status.success());
    let why = String::from_utf8_lossy(&aborts.stderr);
    assert!(why.contains("by unwinding"), "{why}");
    let library = std::fs::read_to_string(repository("src/lib.rs")).unwrap();
    assert!(library.lines().any(|line| line == "mod unwinding;"), "it is part of the crate");
}
