//! How the functions are built: Cargo.toml's profiles.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use toml::{Table, Value};

fn file(name: &str) -> Table {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap().parse().unwrap()
}

fn profile(name: &str) -> Value {
    file("Cargo.toml")["profile"][name].clone()
}

/// The packages that a profile names, and whether each is made as fast as can be.
fn packages(profile: &Value) -> Vec<(String, bool)> {
    let packages = profile["package"].as_table().unwrap();
    let fast = |about: &Value| about.get("opt-level").and_then(Value::as_integer) == Some(3);
    packages.iter().map(|(name, about)| (name.clone(), fast(about))).collect()
}

#[test]
fn what_is_made_fast_for_tests_is_fast_when_deployed() {
    let release = packages(&profile("release"));
    let is_fast = |name: &str| release.contains(&(name.to_owned(), true));
    assert!(is_fast("lookbook"), "the loops over pixels of our own decoders");
    for (name, fast) in packages(&profile("dev")) {
        let words =
            "made small in the release profile, though it takes long while the program runs";
        assert!(!fast || is_fast(&name), "{name}: {words}");
    }
}

#[test]
fn every_package_that_a_profile_names_is_there() {
    let lock = file("Cargo.lock");
    let locked = lock["package"].as_array().unwrap();
    let there: BTreeSet<_> = locked.iter().filter_map(|package| package["name"].as_str()).collect();
    for profile in ["dev", "release"].map(profile) {
        for (name, _) in packages(&profile).iter().filter(|(name, _)| name != "*") {
            assert!(
                there.contains(name.as_str()),
                "{name} is no package: take it out of Cargo.toml"
            );
        }
    }
}
