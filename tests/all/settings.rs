//! What people are told of the settings, held against their definitions; and the settings of the
//! command line.

use std::collections::BTreeSet;

use lookbook::settings::{
    ALL, DEAD_LETTER_QUEUE, INPUT_COLOURS, INPUT_SIZE, KEY_PREFIX, LABELS_FILE, MODEL_FILE,
    MODEL_SHA256, NORMALISE, OUTPUT_NUMBER, RUST_LOG, Setting, TABLE_NAME, WEB, WEB_TRUST_IAM,
    WEB_UPLOADS,
};
use tempfile::TempDir;

use crate::helpers::{lookbook, repository, stdout};

/// The model is part of the function that the template sets up, or comes from a bucket: then all that
/// is to be said of it stands beside it.
const NOT_ON_AWS: [Setting; 7] =
    [MODEL_FILE, MODEL_SHA256, LABELS_FILE, NORMALISE, INPUT_COLOURS, INPUT_SIZE, OUTPUT_NUMBER];
/// What the template sets by itself, or from a parameter of another kind.
const SET_BY_TEMPLATE: [Setting; 3] = [TABLE_NAME, DEAD_LETTER_QUEUE, RUST_LOG];

/// The settings that the template takes as parameters.
fn parameters() -> impl Iterator<Item = &'static Setting> {
    ALL.iter().copied().filter(|s| !NOT_ON_AWS.contains(s) && !SET_BY_TEMPLATE.contains(s))
}

/// A parameter's name: `MAX_BYTES` is `MaxBytes`.
fn parameter(setting: &Setting) -> String {
    let words = setting.name.split('_');
    words.map(|word| word[..1].to_owned() + &word[1..].to_ascii_lowercase()).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository(path)).unwrap()
}

/// The table of Markdown that begins with this line.
fn table<'a>(text: &'a str, head: &str) -> &'a str {
    let from = text.find(head).unwrap_or_else(|| panic!("there is no table {head}"));
    let lines = text[from..].split_inclusive('\n').take_while(|line| line.starts_with('|'));
    &text[from..from + lines.map(str::len).sum::<usize>()]
}

#[test]
fn the_readme_tells_of_each_setting() {
    const HEAD: &str = "| setting | flag | what it is | default |\n";
    let rows = ALL.iter().map(|setting| {
        let flag = setting.flag.map(|flag| format!("`--{}` ", flag.long)).unwrap_or_default();
        format!("| `{}` | {flag}| {} | {} |\n", setting.name, setting.help, setting.default)
    });
    let expected = format!("{HEAD}|---|---|---|---|\n{}", rows.collect::<String>());
    let readme = read("README.md");
    let found = table(&readme, HEAD);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(repository("README.md"), readme.replace(found, &expected)).unwrap();
    } else {
        assert_eq!(
            found, expected,
            "to write the rows anew: UPDATE_GOLDEN=1 cargo test readme_tells"
        );
    }
}

#[test]
fn the_deployment_guide_tells_of_each_parameter() {
    let guide = read("infra/README.md");
    let rows = table(&guide, "| parameter | variable of the function | default | meaning |\n");
    for setting in parameters() {
        let (parameter, Setting { name, default, help, .. }) = (parameter(setting), setting);
        let row = format!("| `{parameter}` | `{name}` | {default} | {help}");
        // It may go on with what is of interest there.
        let found = rows.lines().any(|line| {
            line.strip_prefix(&row).is_some_and(|rest| rest == " |" || rest.starts_with("; "))
        });
        assert!(found, "the table of infra/README.md lacks the row:\n{row} |");
    }
    let variables = rows.lines().skip(2).filter_map(|row| row.split('|').nth(2));
    let told: BTreeSet<&str> = variables
        .map(|cell| cell.trim().trim_matches('`'))
        .filter(|cell| !cell.is_empty())
        .collect();
    assert_eq!(told, parameters().map(|s| s.name).chain([RUST_LOG.name]).collect());
}

#[test]
fn the_template_sets_each_setting_and_tells_what_it_is() {
    let template = read("infra/template.yaml");
    for setting in parameters() {
        let name = parameter(setting);
        let from = template.find(&format!("\n  {name}:\n")).unwrap_or_else(|| panic!("{name}"));
        let lines = template[from + 1..].lines().skip(1);
        let block: Vec<&str> = lines.take_while(|line| line.starts_with("    ")).collect();
        assert!(block.contains(&"    Default: \"\""), "{name} is not unset unless it is given");
        let range = format!("    ConstraintDescription: {}, or empty", setting.expected);
        // Policies and filters have the prefix too, and take less.
        let narrower = *setting == KEY_PREFIX;
        assert!(narrower || block.contains(&range.as_str()), "{name} lacks the line:\n{range}");
        // Descriptions are last, on one line or folded.
        let words = block.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        let (_, description) = words.split_once(" Description: ").unwrap();
        let expected = format!("{}. Empty means {}.", setting.help, setting.default);
        assert_eq!(description.trim_start_matches(">- "), expected, "the description of {name}");
    }
    let (_, variables) = template.split_once("\n        Variables:\n").unwrap();
    let lines = variables.lines().take_while(|line| line.starts_with("          "));
    let set: BTreeSet<&str> = lines.map(str::trim).filter(|line| !line.starts_with('#')).collect();
    let mut expected: BTreeSet<String> =
        parameters().map(|s| format!("{}: !Ref {}", s.name, parameter(s))).collect();
    let more = [
        "TABLE_NAME: !If [MakesTable, !Ref Catalogue, !Ref ExistingTable]",
        "RUST_LOG: !Sub warn,lookbook=${LogLevel}",
        "DEAD_LETTER_QUEUE: !Ref DeadLetters",
        "GENERATION: !Ref Generation",
        "MODEL_FILE: !Ref ModelFile",
        "MODEL_SHA256: !Ref ModelSha256",
    ];
    expected.extend(more.map(str::to_owned));
    assert_eq!(set, expected.iter().map(String::as_str).collect());
    let (_, level) = template.split_once("\n  LogLevel:\n    Type: String\n    Default: ").unwrap();
    let level = level.lines().next().unwrap().to_ascii_lowercase();
    assert_eq!(RUST_LOG.default.to_string(), format!("warn,lookbook={level}"));
}

/// Those of the API: in its own guide, in the help of the command that serves it, and in the template.
#[test]
fn each_setting_of_the_api_is_told() {
    const HEAD: &str = "| setting | flag of `serve` | what it is | default |\n";
    let rows = WEB.settings.iter().map(|setting| {
        let flag = setting.flag.map(|flag| format!("`--{}` ", flag.long)).unwrap_or_default();
        format!("| `{}` | {flag}| {} | {} |\n", setting.name, setting.help, setting.default)
    });
    let expected = format!("{HEAD}|---|---|---|---|\n{}", rows.collect::<String>());
    let guide = read("docs/api.md");
    let found = table(&guide, HEAD);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(repository("docs/api.md"), guide.replace(found, &expected)).unwrap();
    } else {
        assert_eq!(
            found, expected,
            "to write the rows anew: UPDATE_GOLDEN=1 cargo test of_the_api"
        );
    }

    let dir = TempDir::new().unwrap();
    let help = stdout(&lookbook(dir.path()).args(["help", "serve"]).output().unwrap(), 0);
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let template = read("infra/template.yaml");
    let (_, website) = template.split_once("\n  Website:\n").unwrap();
    for setting in WEB.settings {
        if let Some(flag) = setting.flag {
            let told = format!("--{} <{}> {} [default", flag.long, flag.value, setting.help);
            assert!(help.contains(&told), "{told} is not in {help}");
        }
        let name = parameter(setting);
        if **setting == WEB_TRUST_IAM || **setting == WEB_UPLOADS {
            // The template sets them by itself, or from a parameter of another kind.
            assert!(website.contains(&format!("          {}: !If", setting.name)), "{name}");
            continue;
        }
        assert!(website.contains(&format!("          {}: !Ref {name}\n", setting.name)), "{name}");
        let from = template.find(&format!("\n  {name}:\n")).unwrap_or_else(|| panic!("{name}"));
        let block =
            template[from + 1..].lines().skip(1).take_while(|line| line.starts_with("    "));
        let words: Vec<&str> = block.flat_map(str::split_whitespace).collect();
        let expected = format!("{}. Empty means {}.", setting.help, setting.default);
        assert!(words.join(" ").ends_with(&expected), "the description of {name}");
    }
}

#[test]
fn each_flag_is_in_the_help_with_its_default() {
    let dir = TempDir::new().unwrap();
    let help = stdout(&lookbook(dir.path()).args(["help", "classify"]).output().unwrap(), 0);
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for setting in ALL {
        let Some(flag) = setting.flag else { continue };
        let (name, Setting { help: what, default, .. }) = (setting.name, setting);
        let told =
            format!("--{} <{}> {what} [default: {default}] [env: {name}]", flag.long, flag.value);
        assert!(help.contains(&told), "{told} is not in {help}");
    }
}

#[test]
fn the_command_line_takes_the_environment_and_names_all_mistakes_in_it() {
    let dir = TempDir::new().unwrap();
    let mut command = lookbook(dir.path());
    command.args(["classify", "x.jpg", "--max-pixels", "20"]).env("MODEL_FILE", "m.tflite");
    let names = ["NORMALISE", "REVIEW_BELOW", "MAX_BYTES", "THREADS", "CONCURRENCY", "URL_HOSTS"];
    for name in names {
        command.env(name, "?");
    }
    // What is given stands before the environment, and the prefix is the function's.
    let output = command.env("MAX_PIXELS", "?").env("KEY_PREFIX", "?").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(error.matches(" is '?': expected ").count(), names.len(), "{error}");
    for name in names {
        assert!(error.contains(name), "{error}");
    }
    assert!(error.contains("--max-bytes (MAX_BYTES) is '?': expected a whole number from 1"));

    let mut command = lookbook(dir.path());
    command.args(["classify", "missing.jpg"]);
    for setting in ALL {
        command.env(setting.name, "");
    }
    assert!(stdout(&command.output().unwrap(), 1).contains("missing.jpg"));
}
