//! Many objects, and a kill in the middle.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::backfill;
use crate::helpers::{Embedded, json_lines, stdout};

/// What the system says of a process's memory, in MiB.
#[cfg(target_os = "linux")]
fn peak_memory(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(peak.trim().trim_end_matches(" kB").parse::<u64>().ok()? >> 10)
}

/// Many objects (`BACKFILL_OBJECTS`, or 20,000) with the real model, a kill in the middle, and what it
/// takes of memory and time: `tests/backfill/run.sh`.
#[cfg(target_os = "linux")]
#[ignore = "takes many minutes: tests/backfill/run.sh"]
#[tokio::test(flavor = "multi_thread")]
async fn many_objects_take_flat_memory() {
    let objects = std::env::var("BACKFILL_OBJECTS").map_or(20_000, |n| n.parse().unwrap());
    let (place, dir) = (Embedded::start().await, TempDir::new().unwrap());
    let photos: Vec<Vec<u8>> =
        crate::helpers::samples().iter().map(|n| crate::helpers::sample(n)).collect();
    let folder = place.stack.bucket_dir().join("new");
    std::fs::create_dir(&folder).unwrap();
    for n in 0..objects {
        std::fs::write(folder.join(format!("{n:06}.jpg")), &photos[n % photos.len()]).unwrap();
    }
    let checkpoint = dir.path().join("c.json");
    let run = || {
        let mut command = backfill(&place, &dir, "", &["--checkpoint", "c.json"]);
        command.env_remove("MODEL_FILE").stdout(Stdio::piped());
        command.spawn().unwrap()
    };
    let settled = || {
        let text = std::fs::read(&checkpoint).unwrap_or_default();
        serde_json::from_slice::<Value>(&text).unwrap_or_default()["settled"].as_u64()
    };
    let (begun, mut child, mut was_killed) = (Instant::now(), run(), false);
    let (mut early, mut last, mut next) = (0, 0, 0);
    println!("settled  seconds  VmHWM (MiB)");
    while child.try_wait().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let (Some(settled), Some(peak)) = (settled(), peak_memory(&child)) else { continue };
        last = peak;
        if settled >= next {
            println!("{settled:7}  {:7.1}  {peak:11}", begun.elapsed().as_secs_f64());
            next = settled + objects as u64 / 10;
            if !was_killed && settled * 10 > objects as u64 {
                early = early.max(peak);
            }
        }
        if !was_killed && settled * 2 > objects as u64 {
            child.kill().unwrap();
            child.wait().unwrap();
            println!("killed with {settled} settled: {peak} MiB");
            assert!(peak <= early + 32, "{early} MiB at first, {peak} MiB then");
            (was_killed, child) = (true, run());
        }
    }
    let said = json_lines(&stdout(&child.wait_with_output().unwrap(), 0)).pop().unwrap();
    println!("{said}\n{last} MiB, {:.1} s in all", begun.elapsed().as_secs_f64());
    let outcomes = said["outcomes"].as_object().unwrap();
    let looked_at_twice = outcomes.get("unchanged").map_or(0, |n| n.as_u64().unwrap());
    let second: u64 = outcomes.values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(said["settled_before"].as_u64().unwrap() + second, objects as u64);
    println!("{looked_at_twice} of the second run were done by the first: a look each");
    assert!(was_killed && last <= early + 32, "{early} MiB at first, {last} MiB in the end");
    for n in (0..objects).step_by(97) {
        assert!(place.is_right(&format!("new/{n:06}.jpg")).await, "{n}");
    }
}
