//! Small TensorFlow Lite models, written by tests.

#![forbid(unsafe_code)]
// Tests panic.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, clippy::must_use_candidate)]

pub use flatbuffers;
pub use tract_tflite::tflite;

use flatbuffers::{FlatBufferBuilder, UnionWIPOffset, WIPOffset};
use tract_tflite::tflite::{BuiltinOperator, BuiltinOptions, TensorType};

/// An operator's settings: their type, and what writes them.
pub type Options =
    Box<dyn Fn(&mut FlatBufferBuilder<'static>) -> (BuiltinOptions, WIPOffset<UnionWIPOffset>)>;

/// Gives the [`Options`] of one operator: `options!(AddOptions, AddOptionsArgs { .. })`.
#[macro_export]
macro_rules! options {
    ($type:ident, $args:expr) => {
        Some(Box::new(move |fb: &mut $crate::flatbuffers::FlatBufferBuilder<'static>| {
            let options = $crate::tflite::$type::create(fb, &$args);
            ($crate::tflite::BuiltinOptions::$type, options.as_union_value())
        }) as $crate::Options)
    };
}

/// A model in the making. Tensors are known by their index.
#[derive(Default)]
pub struct Fixture {
    tensors: Vec<Spec>,
    operators: Vec<Step>,
    /// Of custom operators, by their place.
    names: Vec<(usize, String)>,
    /// Whether 64-bit numbers are placed at multiples of 4 bytes, as some tools do.
    pub loose: bool,
    /// The tensors that the model takes.
    pub inputs: Vec<i32>,
    /// The tensors that the model gives.
    pub outputs: Vec<i32>,
}

/// An operator: its code, what it reads and writes, and its settings.
type Step = (BuiltinOperator, Vec<i32>, Vec<i32>, Option<Options>);

struct Spec {
    shape: Vec<i32>,
    type_: TensorType,
    data: Option<Vec<u8>>,
    /// Another tensor, whose data is this one's too.
    shares: Option<usize>,
    /// Scale and zero point.
    scale: Option<(f32, i64)>,
    signature: Option<Vec<i32>>,
}

impl Fixture {
    /// A tensor between two operators.
    pub fn tensor(&mut self, type_: TensorType, shape: &[i32]) -> i32 {
        self.push(Spec {
            shape: shape.to_vec(),
            type_,
            data: None,
            shares: None,
            scale: None,
            signature: None,
        })
    }

    /// A tensor of floats between two operators.
    pub fn float(&mut self, shape: &[i32]) -> i32 {
        self.tensor(TensorType::FLOAT32, shape)
    }

    /// The model's input.
    pub fn input(&mut self, shape: &[i32]) -> i32 {
        let input = self.float(shape);
        self.inputs.push(input);
        input
    }

    /// A constant of any type.
    pub fn constant(&mut self, type_: TensorType, shape: &[i32], data: Vec<u8>) -> i32 {
        self.push(Spec {
            shape: shape.to_vec(),
            type_,
            data: Some(data),
            shares: None,
            scale: None,
            signature: None,
        })
    }

    /// A constant of floats.
    pub fn floats(&mut self, shape: &[i32], values: &[f32]) -> i32 {
        let data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(TensorType::FLOAT32, shape, data)
    }

    /// Floats that look arbitrary and are always the same, between -`range` and `range`.
    pub fn weights(&mut self, shape: &[i32], range: f32) -> i32 {
        let count: i32 = shape.iter().product();
        let values: Vec<f32> = (0..count)
            .map(|n| {
                let n = (n + 1).wrapping_mul(0x9E37_79B1_u32.cast_signed()).rotate_left(9) % 1000;
                f32::from(i16::try_from(n).unwrap()) / 1000.0 * range
            })
            .collect();
        self.floats(shape, &values)
    }

    /// A constant of whole numbers.
    pub fn integers(&mut self, shape: &[i32], values: &[i32]) -> i32 {
        let data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(TensorType::INT32, shape, data)
    }

    /// A constant like another, with the same data.
    pub fn share(&mut self, constant: i32) -> i32 {
        let first = usize::try_from(constant).unwrap();
        let Spec { shape, type_, scale, .. } = &self.tensors[first];
        let (shape, type_, scale) = (shape.clone(), *type_, *scale);
        self.push(Spec { shape, type_, data: None, shares: Some(first), scale, signature: None })
    }

    /// Makes a tensor one of a quantized model.
    pub fn quantize(&mut self, tensor: i32, scale: f32) {
        self.quantize_at(tensor, scale, 0);
    }

    /// The same with a zero point.
    pub fn quantize_at(&mut self, tensor: i32, scale: f32, zero: i64) {
        self.tensors[usize::try_from(tensor).unwrap()].scale = Some((scale, zero));
    }

    /// Says which of a tensor's sides are left open, by -1.
    pub fn signature(&mut self, tensor: i32, signature: &[i32]) {
        self.tensors[usize::try_from(tensor).unwrap()].signature = Some(signature.to_vec());
    }

    /// An operator of this name that TensorFlow Lite does not have.
    pub fn custom(&mut self, name: &str, inputs: &[i32], shape: &[i32]) -> i32 {
        self.names.push((self.operators.len(), name.to_owned()));
        self.operator(BuiltinOperator::CUSTOM, inputs, shape, None)
    }

    /// Another result of the last operator.
    pub fn also(&mut self, shape: &[i32]) -> i32 {
        let output = self.float(shape);
        self.operators.last_mut().unwrap().2.push(output);
        output
    }

    /// An operator that writes a new tensor of floats with this shape.
    pub fn operator(
        &mut self,
        code: BuiltinOperator,
        inputs: &[i32],
        shape: &[i32],
        options: Option<Options>,
    ) -> i32 {
        let output = self.float(shape);
        self.operator_into(code, inputs, output, options);
        output
    }

    /// An operator that writes this tensor.
    pub fn operator_into(
        &mut self,
        code: BuiltinOperator,
        inputs: &[i32],
        output: i32,
        options: Option<Options>,
    ) {
        self.operators.push((code, inputs.to_vec(), vec![output], options));
    }

    fn push(&mut self, spec: Spec) -> i32 {
        self.tensors.push(spec);
        i32::try_from(self.tensors.len() - 1).unwrap()
    }

    /// The model's file.
    pub fn build(&self) -> Vec<u8> {
        let mut fb = FlatBufferBuilder::new();
        let mut buffers = vec![tflite::Buffer::create(&mut fb, &tflite::BufferArgs { data: None })];
        let mut tensors = vec![];
        let mut buffer_of = vec![];
        for (index, spec) in self.tensors.iter().enumerate() {
            let buffer = match &spec.data {
                None => spec.shares.map_or(0, |first| buffer_of[first]),
                Some(data) => {
                    let data = Some(fb.create_vector(data));
                    buffers.push(tflite::Buffer::create(&mut fb, &tflite::BufferArgs { data }));
                    u32::try_from(buffers.len() - 1).unwrap()
                }
            };
            buffer_of.push(buffer);
            let quantization = spec.scale.map(|(scale, zero)| {
                let scale = Some(fb.create_vector(&[scale]));
                let zero_point = Some(if self.loose {
                    loosely(&mut fb, zero)
                } else {
                    fb.create_vector(&[zero])
                });
                let args =
                    tflite::QuantizationParametersArgs { scale, zero_point, ..Default::default() };
                tflite::QuantizationParameters::create(&mut fb, &args)
            });
            let name = Some(fb.create_string(&format!("tensor-{index}")));
            let shape = Some(fb.create_vector(&spec.shape));
            let type_ = spec.type_;
            let shape_signature = spec.signature.as_ref().map(|sides| fb.create_vector(sides));
            let args = tflite::TensorArgs {
                shape_signature,
                name,
                shape,
                type_,
                buffer,
                quantization,
                ..Default::default()
            };
            tensors.push(tflite::Tensor::create(&mut fb, &args));
        }
        let mut codes = vec![];
        let mut operators = vec![];
        for (index, (code, inputs, output, options)) in self.operators.iter().enumerate() {
            let custom = self.names.iter().find(|(place, _)| *place == index);
            let custom_code = custom.map(|(_, name)| fb.create_string(name));
            let args = tflite::OperatorCodeArgs {
                custom_code,
                deprecated_builtin_code: i8::try_from(code.0).unwrap_or(127),
                builtin_code: *code,
                version: 1,
            };
            codes.push(tflite::OperatorCode::create(&mut fb, &args));
            let inputs = Some(fb.create_vector(inputs));
            let outputs = Some(fb.create_vector(output));
            let options = options.as_ref().map(|options| options(&mut fb));
            let args = tflite::OperatorArgs {
                opcode_index: u32::try_from(index).unwrap(),
                inputs,
                outputs,
                builtin_options_type: options.map_or(BuiltinOptions::NONE, |options| options.0),
                builtin_options: options.map(|options| options.1),
                ..Default::default()
            };
            operators.push(tflite::Operator::create(&mut fb, &args));
        }
        let args = tflite::SubGraphArgs {
            tensors: Some(fb.create_vector(&tensors)),
            inputs: Some(fb.create_vector(&self.inputs)),
            outputs: Some(fb.create_vector(&self.outputs)),
            operators: Some(fb.create_vector(&operators)),
            name: None,
        };
        let graph = tflite::SubGraph::create(&mut fb, &args);
        let args = tflite::ModelArgs {
            version: 3,
            operator_codes: Some(fb.create_vector(&codes)),
            subgraphs: Some(fb.create_vector(&[graph])),
            buffers: Some(fb.create_vector(&buffers)),
            ..Default::default()
        };
        let model = tflite::Model::create(&mut fb, &args);
        tflite::finish_model_buffer(&mut fb, model);
        fb.finished_data().to_vec()
    }
}

/// A list of one 64-bit number that is placed as if it were two of 32 bits, and never at a multiple of
/// 8 bytes from the file's end.
fn loosely(
    fb: &mut FlatBufferBuilder<'static>,
    number: i64,
) -> WIPOffset<flatbuffers::Vector<'static, i64>> {
    let bytes = number.to_le_bytes();
    let (halves, _) = bytes.as_chunks::<4>();
    fb.start_vector::<i32>(2);
    // Written from behind: how many bytes there are so far is how far the end is away.
    if fb.unfinished_data().len().is_multiple_of(8) {
        fb.push(0_i32);
    }
    fb.push(i32::from_le_bytes(halves[1]));
    fb.push(i32::from_le_bytes(halves[0]));
    fb.end_vector::<i64>(1)
}

/// The options of a pooling. Strides and filters are heights, then widths.
pub fn pool(
    padding: tflite::Padding,
    [stride_h, stride_w]: [i32; 2],
    [filter_height, filter_width]: [i32; 2],
) -> Option<Options> {
    let args = tflite::Pool2DOptionsArgs {
        padding,
        stride_h,
        stride_w,
        filter_height,
        filter_width,
        ..Default::default()
    };
    options!(Pool2DOptions, args)
}

/// A network whose three outputs are the means of red, green and blue.
pub fn colours(height: i32, width: i32) -> Fixture {
    let mut model = Fixture::default();
    let input = model.input(&[1, height, width, 3]);
    let options = pool(tflite::Padding::VALID, [1, 1], [height, width]);
    let means = model.operator(BuiltinOperator::AVERAGE_POOL_2D, &[input], &[1, 1, 1, 3], options);
    let shape = model.integers(&[2], &[1, 3]);
    let output = model.operator(
        BuiltinOperator::RESHAPE,
        &[means, shape],
        &[1, 3],
        options!(ReshapeOptions, tflite::ReshapeOptionsArgs { new_shape: None }),
    );
    model.outputs.push(output);
    model
}
