//! How long a model takes to load and to run, on one thread: `time MODEL [ROUNDS]`.
//!
//! It prints the milliseconds of loading, the least and the middle of those of the runs, and on Linux the
//! greatest memory that the process had.

use std::time::Instant;

use lookbook_tflite::Network;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let path = words.next().ok_or("usage: time MODEL [ROUNDS]")?;
    let rounds: usize = words.next().map_or(Ok(30), |rounds| rounds.parse())?;
    let file = std::fs::read(&path)?;
    let start = Instant::now();
    let network = Network::open(&file)?;
    let load = milliseconds(start);
    drop(file);
    let mut times = vec![];
    for _ in 0..rounds.max(1) {
        let start = Instant::now();
        network.run_with(|input| input.fill(0.5))?;
        times.push(milliseconds(start));
    }
    let first = times.first().copied().unwrap_or_default();
    times.sort_by(f64::total_cmp);
    let (least, middle) = (times.first().copied().unwrap_or_default(), times[times.len() / 2]);
    println!(
        "load {load:.1} ms, first run {first:.1} ms, best {least:.2} ms, median {middle:.2} ms"
    );
    if let Some(peak) = peak() {
        println!("peak memory {peak}");
    }
    Ok(())
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// The most memory that the process has had, in the system's words.
fn peak() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}
