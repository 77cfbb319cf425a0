//! Tests of what is read, what is refused, and that nothing makes it stop hard.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use super::fixture::{Fixture, Tensor, archive, file};
use super::*;

const NAMES: (&str, &[u8]) = ("names.txt", b"t-shirt\npants\ndress\n");

fn read_fixture(fixture: &Fixture, file: &[u8]) -> Result<Metadata, String> {
    match read(file, Some(&fixture.build())) {
        Ok(metadata) => Ok(metadata.unwrap()),
        Err(error) => Err(error.to_string()),
    }
}

/// The error for a classifier whose label file has this content.
fn label_error(content: &[u8]) -> String {
    read_fixture(&Fixture::classifier(), &file(&[("names.txt", content)])).unwrap_err()
}

/// The label file that is found if the output has these files, and the archive those.
fn found(of_output: &[fixture::File], in_archive: &[&str]) -> Option<String> {
    let mut fixture = Fixture::classifier();
    fixture.outputs[0].files = of_output.to_vec();
    let files: Vec<(&str, &[u8])> = in_archive.iter().map(|name| (*name, NAMES.1)).collect();
    read_fixture(&fixture, &file(&files)).unwrap().label_file
}

/// Writes over what follows a mark that an archive has before each record.
fn overwrite(file: &mut [u8], mark: &[u8], distance: usize, bytes: &[u8]) {
    let at = file.windows(mark.len()).rposition(|window| window == mark).unwrap() + distance;
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Before each file in the list at an archive's end.
const LISTED: &[u8] = b"PK\x01\x02";

#[test]
fn what_a_model_says_of_itself() {
    let metadata = read_fixture(&Fixture::classifier(), &file(&[NAMES])).unwrap();
    let expected = Metadata {
        name: Some("Clothes".to_owned()),
        description: Some("Ten kinds of clothing.".to_owned()),
        author: None,
        license: None,
        version: Some("v2".to_owned()),
        size: None,
        normalisation: Some(Statistics { mean: vec![1.0, 2.0, 3.0], std: vec![10.0, 20.0, 30.0] }),
        labels: Some(["t-shirt", "pants", "dress"].map(str::to_owned).to_vec()),
        label_file: Some("names.txt".to_owned()),
    };
    assert_eq!(metadata, expected);
}

#[test]
fn a_model_may_say_nothing() {
    assert_eq!(read(&file(&[NAMES]), None), Ok(None));
    assert_eq!(read(b"", Some(&Fixture::default().build())), Ok(Some(Metadata::default())));
    let mut fixture = Fixture::classifier();
    fixture.outputs.clear();
    fixture.inputs.push(Tensor::default());
    let metadata = read_fixture(&fixture, b"no archive").unwrap();
    assert_eq!((metadata.labels, metadata.normalisation), (None, None));
}

#[test]
fn an_archive_may_count_from_its_own_start_or_from_the_files() {
    let (fixture, model) = (Fixture::classifier(), b"a model".repeat(99));
    let files: [(&str, &[u8]); 2] = [("a manual.txt", b"\xff"), NAMES];
    for offset in [0, model.len()] {
        let file = [model.clone(), archive(offset as u64, &files)].concat();
        let metadata = read_fixture(&fixture, &file).unwrap();
        assert_eq!(metadata.labels.unwrap(), ["t-shirt", "pants", "dress"], "{offset}");
    }
}

#[test]
fn the_label_file_is_of_the_likeliest_type_and_no_translation() {
    let (value, axis) = ((Some("value.txt"), 3, None), (Some("axis.txt"), 2, Some("")));
    let (german, french) = ((Some("de.txt"), 2, Some("de")), (Some("fr.txt"), 2, Some("fr")));
    let (maybe, vocabulary) = ((Some("Labels.TXT"), 0, None), (Some("label.txt"), 5, None));
    let all = [
        "en.txt",
        "gb.txt",
        "value.txt",
        "axis.txt",
        "de.txt",
        "fr.txt",
        "Labels.TXT",
        "label.txt",
    ];
    let found = |files: &[_]| found(files, &all);
    assert_eq!(found(&[maybe, value, german, axis]).unwrap(), "axis.txt");
    assert_eq!(found(&[maybe, value, french, german]).unwrap(), "fr.txt");
    let (english, british) = ((Some("en.txt"), 2, Some("en")), (Some("gb.txt"), 2, Some("en-GB")));
    assert_eq!(found(&[german, british, english]).unwrap(), "en.txt");
    assert_eq!(found(&[german, british]).unwrap(), "gb.txt");
    assert_eq!(found(&[english, axis]).unwrap(), "axis.txt");
    assert_eq!(found(&[vocabulary, maybe, value]).unwrap(), "value.txt");
    assert_eq!(found(&[vocabulary, maybe]).unwrap(), "Labels.TXT");
    assert_eq!(found(&[vocabulary, (Some("value.txt"), 0, None)]), None);
}

#[test]
fn identifiers_give_way_to_the_names_of_the_same_things() {
    let labels = |of_output: &[fixture::File], others: &[u8]| {
        let mut fixture = Fixture::classifier();
        fixture.outputs[0].files = of_output.to_vec();
        let ids = b"background\n/m/01c648\n/g/11fy2\n";
        let files: [(&str, &[u8]); 3] =
            [("labels.txt", ids), ("de.txt", b"nichts\nLaptop\nHut\n"), ("en.txt", others)];
        read_fixture(&fixture, &file(&files)).unwrap().labels.unwrap().join(",")
    };
    let (ids, german) = ((Some("labels.txt"), 2, None), (Some("de.txt"), 2, Some("de")));
    let (english, values) = ((Some("en.txt"), 2, Some("en")), (Some("en.txt"), 3, None));
    let names = b"nothing\nlaptop\nhat\n";
    assert_eq!(labels(&[ids, german, english], names), "nothing,laptop,hat");
    assert_eq!(labels(&[ids, values], names), "nothing,laptop,hat");
    assert_eq!(labels(&[ids, german], names), "nichts,Laptop,Hut");
    // Names that are not as many, or that are identifiers too, are of no use.
    let as_they_are = "background,/m/01c648,/g/11fy2";
    assert_eq!(labels(&[ids, english], b"laptop\nhat\n"), as_they_are);
    assert_eq!(labels(&[ids, english], b"/m/1\n/m/2\n/m/3\n"), as_they_are);
    assert_eq!(labels(&[ids], names), as_they_are);
}

#[test]
fn a_size_is_a_property_or_said_in_words() {
    let size = |tensor: Tensor| {
        let fixture = Fixture { inputs: vec![tensor], ..Fixture::default() };
        let size = read_fixture(&fixture, b"").unwrap().size;
        size.map(|size| (size.width(), size.height()))
    };
    let words = "The expected image is 260 x 200, with three channels per pixel.";
    let described = Tensor { description: Some(words), ..Tensor::default() };
    assert_eq!(size(described.clone()), Some((260, 200)));
    assert_eq!(size(Tensor { size: Some((192, 128)), ..described }), Some((192, 128)));
    assert_eq!(size(Tensor { size: Some((0, 128)), ..Tensor::default() }), None);
    assert_eq!(size(Tensor::default()), None);
}

#[test]
fn a_label_file_that_is_not_named_is_the_only_text() {
    assert_eq!(found(&[], &["names.txt", "icon.png"]).unwrap(), "names.txt");
    assert_eq!(found(&[(Some("names.txt"), 0, None)], &["names.txt"]).unwrap(), "names.txt");
    assert_eq!(found(&[], &["names.txt", "more.txt"]), None);
    assert_eq!(found(&[], &["txt", "names.text"]), None);
    assert_eq!(found(&[(Some("manual.txt"), 1, None)], &["manual.txt"]), None);
    assert_eq!(found(&[(Some("a.txt"), 1, None)], &["a.txt", "b.TXT"]).unwrap(), "b.TXT");

    let mut fixture = Fixture::classifier();
    fixture.outputs.clear();
    fixture.model_files = vec![(Some("a.txt"), 1, None), (Some("names.txt"), 2, None)];
    fixture.graph_files = vec![(Some("b.txt"), 4, None)];
    fixture.inputs[0].files = vec![(Some("c.txt"), 2, None)];
    let files = [("a.txt", NAMES.1), ("b.txt", NAMES.1), ("c.txt", NAMES.1), NAMES];
    let metadata = read_fixture(&fixture, &file(&files)).unwrap();
    assert_eq!(metadata.label_file.unwrap(), "names.txt");
}

#[test]
fn one_label_on_each_line() {
    let labels = |content| {
        let file = file(&[("names.txt", content)]);
        read_fixture(&Fixture::classifier(), &file).unwrap().labels.unwrap()
    };
    assert_eq!(labels(b"\xef\xbb\xbfa\r\n b c\t\r\na\r\n\r\n \n"), ["a", "b c", "a"]);
    assert_eq!(labels("é".as_bytes()), ["é"]);
    let most = "x\n".repeat(labels::MAX_LABELS);
    assert_eq!(labels(most.as_bytes()).len(), labels::MAX_LABELS);
    assert!(label_error((most + "x").as_bytes()).contains("has more than 100000 lines"));
    assert_eq!(
        label_error(b"a\n\n\nb"),
        "the label file \"names.txt\" has nothing in line 2: write one label on each line, \
         in UTF-8"
    );
    assert!(label_error(b"a\nb\xff\nc").contains("is not in UTF-8 in line 2"));
    assert!(label_error(b"\xff\xfea\0").contains("is not in UTF-8 in line 1"));
    assert!(label_error(b"\n \n").contains("is empty"));
    assert!(label_error(b"").contains("is empty"));
}

#[test]
fn what_is_no_normalisation() {
    let normalisation = |values: &[(&[f32], &[f32])]| {
        let mut fixture = Fixture::default();
        let values = values.iter().map(|(mean, std)| (mean.to_vec(), std.to_vec())).collect();
        fixture.inputs.push(Tensor { normalisations: values, ..Tensor::default() });
        read_fixture(&fixture, b"").map(|metadata| metadata.normalisation)
    };
    let one = Statistics { mean: vec![127.5], std: vec![127.0] };
    assert_eq!(normalisation(&[(&[127.5], &[127.0])]), Ok(Some(one)));
    assert_eq!(normalisation(&[]), Ok(None));
    let error = |mean: &[f32], std: &[f32]| normalisation(&[(mean, std)]).unwrap_err();
    assert!(error(&[1.0], &[1.0; 3]).contains("has 1 values as mean and 3 as std: write one"));
    assert!(error(&[1.0; 2], &[1.0; 2]).contains("has 2 values as mean"));
    assert!(error(&[], &[]).contains("has 0 values as mean"));
    assert!(error(&[1.0, f32::NAN, 1.0], &[1.0; 3]).contains("has NaN as mean"));
    assert!(error(&[1.0], &[f32::INFINITY]).contains("has inf as std"));
    assert!(error(&[1.0], &[-0.0]).contains("has -0 as std"));
    let two = normalisation(&[(&[1.0], &[1.0]), (&[1.0], &[1.0])]).unwrap_err();
    assert!(two.contains("has another one after it"), "{two}");
}

#[test]
fn what_is_no_metadata() {
    let error = |buffer: &[u8]| read(b"", Some(buffer)).unwrap_err().to_string();
    assert!(error(b"").contains("says \"\" where"));
    assert!(error(b"\x08\0\0\0TFL3\0\0\0\0").contains("says \"TFL3\" where \"M001\" must stand"));
    assert!(error(b"\xff\xff\xff\xffM001").contains("byte 4294967295 reaches beyond the end"));
    assert!(error(b"\x08\0\0\0M001\x10\0\0\0").contains("the offset at byte 8 points nowhere"));
    assert!(error(b"\x08\0\0\0M001\x04\0\0\0\x02\0\0\0").contains("damaged"));
    // A vector of four thousand million graphs, which nobody makes room for.
    let vtable = b"\x0c\0\x08\0\0\0\0\0\0\0\x04\0";
    let buffer = [b"\x14\0\0\0M001", &vtable[..], b"\x0c\0\0\0\x04\0\0\0\xff\xff\xff\xff"].concat();
    assert!(error(&buffer).contains("what should be at byte 32 reaches beyond the end"));

    let mut fixture = Fixture::classifier();
    fixture.texts[1] = Some("x".repeat(flat::MAX_TEXT + 1).leak());
    let long = read_fixture(&fixture, &file(&[NAMES])).unwrap_err();
    assert!(long.contains("has 65537 bytes, and at most 65536 are read"), "{long}");
    let mut buffer = Fixture::classifier().build();
    overwrite(&mut buffer, b"Clothes", 2, b"\xff");
    assert!(error(&buffer).contains("is not UTF-8"));
    let inputs = vec![Tensor::default(); LIMIT + 1];
    let fixture = Fixture { inputs, ..Fixture::default() };
    let many = read_fixture(&fixture, b"").unwrap_err();
    assert!(
        many.contains("there are 65 descriptions of inputs, and at most 64 are read"),
        "{many}"
    );
}

#[test]
fn a_label_file_that_is_named_must_be_there() {
    let error = |file: &[u8]| read_fixture(&Fixture::classifier(), file).unwrap_err();
    let missing = "names the label file \"names.txt\", which is not in the model: pack it in";
    assert!(error(&file(&[("other.txt", b"a")])).contains(missing));
    assert!(error(b"no archive").contains(missing));
    assert!(
        error(&file(&[NAMES, NAMES])).contains("is there more than once: take all but one out")
    );
    let mut fixture = Fixture::classifier();
    fixture.outputs[0].files[0].0 = None;
    let nameless = read_fixture(&fixture, b"").unwrap_err();
    assert!(nameless.contains("has a label file without a name"), "{nameless}");
}

#[test]
fn archives_that_are_refused() {
    let error = |file: &[u8]| read_fixture(&Fixture::classifier(), file).unwrap_err();
    let good = file(&[("a", b"a"), NAMES]);
    let patched = |distance, bytes: &[u8]| {
        let mut file = good.clone();
        overwrite(&mut file, LISTED, distance, bytes);
        error(&file)
    };
    assert!(patched(8, b"\x01").contains("is encrypted"));
    assert!(patched(10, b"\x0c").contains("is compressed by method 12 (BZIP2)"));
    assert!(patched(16, b"\0\0\0\0").contains("is damaged (Invalid checksum"));
    assert!(patched(20, b"\xff\xff\xff").contains("is damaged (Unexpected end of file)"));
    assert!(patched(24, b"\x01").contains("is damaged (Invalid size"));
    assert!(patched(42, b"\xff\xff\xff").contains("is damaged"));
    assert!(patched(0, b"PK\x09").contains("the archive at the end of the model is damaged"));
    assert!(error(&good[..good.len() - 1]).contains("is damaged: Unexpected end of file"));

    let mut claims = good.clone();
    overwrite(&mut claims, b"PK\x05\x06", 8, b"\xff\xff\xff\xff");
    assert!(read_fixture(&Fixture::classifier(), &claims).is_ok());
    let many = vec![("a", &b"a"[..]); LIMIT + 1];
    assert!(
        error(&file(&many)).contains("there are 65 files in the archive or more, and at most 64")
    );
}

#[test]
fn a_label_file_that_swells_is_unpacked_up_to_a_limit() {
    let limit = usize::try_from(Archive::MAX_FILE).unwrap();
    let swollen = vec![b'a'; 64 << 20];
    let packed = file(&[("a", b"a"), ("names.txt", &swollen)]);
    assert!(packed.len() < swollen.len() / 100);
    let error = read_fixture(&Fixture::classifier(), &packed).unwrap_err();
    assert!(error.contains("\"names.txt\" has more than 1048576 bytes"), "{error}");
    // The same with a lie about its length.
    let mut lie = packed.clone();
    overwrite(&mut lie, LISTED, 24, b"\x07\0\0\0");
    let error = read_fixture(&Fixture::classifier(), &lie).unwrap_err();
    assert!(error.contains("Invalid size"), "{error}");
    let fits = file(&[("a", b"a"), ("names.txt", &swollen[..limit])]);
    assert!(read_fixture(&Fixture::classifier(), &fits).is_ok());
}

/// Places to change, and what to write there: any byte, or a number that is special as an offset.
fn changes(length: usize) -> impl Strategy<Value = Vec<(usize, Vec<u8>)>> {
    let special = prop_oneof![
        any::<u32>(),
        prop::sample::select(vec![0, 1, 4, 8, 0x7fff_ffff, 0x8000_0000, u32::MAX, u32::MAX - 3]),
        0..u32::try_from(length).unwrap(),
    ];
    let bytes = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        any::<u16>().prop_map(|number| number.to_le_bytes().to_vec()),
        special.prop_map(|number| number.to_le_bytes().to_vec()),
    ];
    prop::collection::vec((0..length, bytes), 1..6)
}

fn change(mut buffer: Vec<u8>, changes: &[(usize, Vec<u8>)], cut: Option<usize>) -> Vec<u8> {
    for (at, bytes) in changes {
        for (place, byte) in buffer[*at..].iter_mut().zip(bytes) {
            *place = *byte;
        }
    }
    buffer.truncate(cut.unwrap_or(usize::MAX));
    buffer
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_metadata_makes_it_panic(
        changes in changes(Fixture::classifier().build().len()),
        cut in prop::option::weighted(0.2, 0_usize..400),
    ) {
        let buffer = change(Fixture::classifier().build(), &changes, cut);
        // That it comes back at all, and with something that has a text.
        if let Err(error) = read(&file(&[NAMES]), Some(&buffer)) {
            prop_assert!(error.to_string().contains(": "), "{error}");
        }
    }

    #[test]
    fn no_archive_makes_it_panic_or_read_other_labels(
        changes in changes(archive(0, &[("a", b"a"), NAMES]).len()),
        cut in prop::option::weighted(0.2, 0_usize..400),
    ) {
        let file = change(archive(0, &[("a", b"a"), NAMES]), &changes, cut);
        if let Ok(metadata) = read_fixture(&Fixture::classifier(), &file) {
            prop_assert_eq!(metadata.labels.unwrap(), ["t-shirt", "pants", "dress"]);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, Some(&bytes));
        let buffer = [b"\x08\0\0\0M001", &bytes[..]].concat();
        let _ = read(&buffer, Some(&buffer));
        let _ = labels::parse("names.txt", &bytes);
    }
}

/// The buffer of the metadata in a model; by its mark, since nothing else has it.
fn metadata_of(model: &[u8]) -> Option<&[u8]> {
    let model = Table::root(model).unwrap();
    let buffers = model.tables(4).unwrap();
    buffers
        .iter()
        .map(|buffer| buffer.unwrap().blob(0))
        .find(|data| data.get(4..8) == Some(b"M001"))
}

#[test]
fn models_of_others_say_what_the_official_tools_read() {
    let zoo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/zoo");
    let Ok(expected) = std::fs::read(zoo.join("expected.json")) else {
        println!("skipped: {} is missing", zoo.display());
        return;
    };
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    let mut label_files = BTreeMap::new();
    for model in expected["models"].as_array().unwrap() {
        let path = model["model"].as_str().unwrap();
        let Ok(file) = std::fs::read(zoo.join(path)) else {
            println!("skipped: {path} is missing");
            continue;
        };
        let metadata = read(&file, metadata_of(&file)).unwrap();
        if let Some(normalisation) = metadata.as_ref().map(|metadata| &metadata.normalisation) {
            let expected = Statistics { mean: vec![127.5], std: vec![127.5] };
            assert_eq!(normalisation.as_ref(), Some(&expected), "{path}");
        }
        let packed = model["labels_from"].as_str().and_then(|from| from.strip_prefix("metadata:"));
        let found = metadata.unwrap_or_default();
        assert_eq!(found.label_file.as_deref(), packed, "{path}");
        let Some(labels) = found.labels else { continue };
        assert_eq!(Some(labels.len() as u64), model["n_labels"].as_u64(), "{path}");
        for best in model["cases"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|case| case["top5"].as_array().unwrap())
        {
            let index = usize::try_from(best["i"].as_u64().unwrap()).unwrap();
            assert_eq!(Some(labels[index].as_str()), best["label"].as_str(), "{path}");
        }
        *label_files.entry(found.label_file.unwrap()).or_insert(0) += 1;
    }
    println!("label files: {label_files:?}");
}
