//! Metadata and archives, written by tests.

use std::io::Write;

use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, UnionWIPOffset, VOffsetT, WIPOffset};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::{CompressionMethod, ZipArchiveWriter};

use super::schema;

/// Metadata in the making, with one graph.
#[derive(Clone, Default)]
pub(super) struct Fixture {
    /// Name, description, version, author and licence.
    pub texts: [Option<&'static str>; 5],
    pub inputs: Vec<Tensor>,
    pub outputs: Vec<Tensor>,
    /// Those of the graph.
    pub graph_files: Vec<File>,
    /// Those of the model.
    pub model_files: Vec<File>,
}

/// An input or an output.
#[derive(Clone, Default)]
pub(super) struct Tensor {
    /// Means and standard deviations.
    pub normalisations: Vec<(Vec<f32>, Vec<f32>)>,
    pub files: Vec<File>,
    pub description: Option<&'static str>,
    /// Width and height.
    pub size: Option<(u32, u32)>,
}

/// A file's name, type and locale.
pub(super) type File = (Option<&'static str>, u8, Option<&'static str>);

/// What a table's field holds: a number, or an offset to something.
enum Field {
    Byte(u8),
    Number(u32),
    Offset(WIPOffset<UnionWIPOffset>),
}

type Builder = FlatBufferBuilder<'static>;
type Offset = WIPOffset<TableFinishedWIPOffset>;

impl Fixture {
    /// A model with one input and one output, each channel with its own normalisation.
    pub(super) fn classifier() -> Self {
        Self {
            texts: [
                Some(" Clothes\n"),
                Some("Ten kinds of clothing."),
                Some("v2"),
                None,
                Some(" "),
            ],
            inputs: vec![Tensor {
                normalisations: vec![(vec![1.0, 2.0, 3.0], vec![10.0, 20.0, 30.0])],
                ..Tensor::default()
            }],
            outputs: vec![Tensor {
                files: vec![(Some("names.txt"), schema::file::AXIS_LABELS, None)],
                ..Tensor::default()
            }],
            ..Self::default()
        }
    }

    /// The buffer.
    pub(super) fn build(&self) -> Vec<u8> {
        let mut fb = Builder::new();
        let inputs: Vec<_> = self.inputs.iter().map(|tensor| tensor.write(&mut fb)).collect();
        let outputs: Vec<_> = self.outputs.iter().map(|tensor| tensor.write(&mut fb)).collect();
        let graph = [
            vector(&mut fb, schema::graph::INPUTS, &inputs),
            vector(&mut fb, schema::graph::OUTPUTS, &outputs),
            files(&mut fb, schema::graph::FILES, &self.graph_files),
        ];
        let graph = table(&mut fb, graph);
        let mut model = vec![
            vector(&mut fb, schema::model::GRAPHS, &[graph]),
            files(&mut fb, schema::model::FILES, &self.model_files),
        ];
        let places = [
            schema::model::NAME,
            schema::model::DESCRIPTION,
            schema::model::VERSION,
            schema::model::AUTHOR,
            schema::model::LICENSE,
        ];
        for (place, text) in places.into_iter().zip(self.texts) {
            model.extend(string(&mut fb, place, text));
        }
        let model = table(&mut fb, model);
        fb.finish(model, Some("M001"));
        fb.finished_data().to_vec()
    }
}

impl Tensor {
    fn write(&self, fb: &mut Builder) -> Offset {
        // A step of another kind is passed over.
        let other = table(fb, []).as_union_value();
        let other = table(fb, [(0, Field::Byte(3)), (1, Field::Offset(other))]);
        let mut units = vec![other];
        for (mean, std) in &self.normalisations {
            let mean = fb.create_vector(mean).as_union_value();
            let std = fb.create_vector(std).as_union_value();
            let options = table(fb, [(0, Field::Offset(mean)), (1, Field::Offset(std))]);
            let unit = [
                (schema::unit::OPTIONS_TYPE, Field::Byte(schema::unit::NORMALISATION)),
                (schema::unit::OPTIONS, Field::Offset(options.as_union_value())),
            ];
            units.push(table(fb, unit));
        }
        let mut fields = vec![
            vector(fb, schema::tensor::PROCESS_UNITS, &units),
            files(fb, schema::tensor::FILES, &self.files),
        ];
        fields.extend(string(fb, schema::tensor::DESCRIPTION, self.description));
        if let Some((width, height)) = self.size {
            let size = [
                (schema::image::WIDTH, Field::Number(width)),
                (schema::image::HEIGHT, Field::Number(height)),
            ];
            let size = table(fb, size).as_union_value();
            let image = table(fb, [(schema::image::SIZE, Field::Offset(size))]).as_union_value();
            let content = [
                (schema::content::PROPERTIES_TYPE, Field::Byte(schema::content::IMAGE)),
                (schema::content::PROPERTIES, Field::Offset(image)),
            ];
            let content = table(fb, content).as_union_value();
            fields.push((schema::tensor::CONTENT, Field::Offset(content)));
        }
        table(fb, fields)
    }
}

fn files(fb: &mut Builder, place: usize, files: &[File]) -> (usize, Field) {
    let files: Vec<_> = files
        .iter()
        .map(|&(name, kind, locale)| {
            let mut fields = vec![(schema::file::TYPE, Field::Byte(kind))];
            fields.extend(string(fb, schema::file::NAME, name));
            fields.extend(string(fb, schema::file::LOCALE, locale));
            table(fb, fields)
        })
        .collect();
    vector(fb, place, &files)
}

fn string(fb: &mut Builder, place: usize, text: Option<&str>) -> Option<(usize, Field)> {
    text.map(|text| (place, Field::Offset(fb.create_string(text).as_union_value())))
}

fn vector(fb: &mut Builder, place: usize, tables: &[Offset]) -> (usize, Field) {
    (place, Field::Offset(fb.create_vector(tables).as_union_value()))
}

fn table(fb: &mut Builder, fields: impl IntoIterator<Item = (usize, Field)>) -> Offset {
    let start = fb.start_table();
    for (place, field) in fields {
        let slot = VOffsetT::try_from(4 + 2 * place).unwrap();
        match field {
            Field::Byte(byte) => fb.push_slot(slot, byte, 0),
            Field::Number(number) => fb.push_slot_always(slot, number),
            Field::Offset(offset) => fb.push_slot_always(slot, offset),
        }
    }
    let table = fb.end_table(start);
    WIPOffset::new(table.value())
}

/// A file that ends with an archive of these files, every second one deflated.
pub(super) fn file(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut file = b"a model with weights".repeat(50);
    file.extend(archive(0, files));
    file
}

/// An archive that says of itself that it begins at `offset`.
pub(super) fn archive(offset: u64, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipArchiveWriter::builder().with_offset(offset).build(Vec::new());
    for (index, (name, content)) in files.iter().enumerate() {
        let deflated = index % 2 == 1;
        let method = if deflated { CompressionMethod::DEFLATE } else { CompressionMethod::STORE };
        let (mut entry, config) = writer.new_file(name).compression_method(method).start().unwrap();
        let descriptor = if deflated {
            let encoder = DeflateEncoder::new(&mut entry, Compression::default());
            let mut data = config.wrap(encoder);
            data.write_all(content).unwrap();
            let (encoder, descriptor) = data.finish().unwrap();
            encoder.finish().unwrap();
            descriptor
        } else {
            let mut data = config.wrap(&mut entry);
            data.write_all(content).unwrap();
            data.finish().unwrap().1
        };
        entry.finish(descriptor).unwrap();
    }
    writer.finish().unwrap()
}
