//! Tests of models whose input or output is of an unusual form.

use lookbook_tflite_fixture::tflite::{
    BuiltinOperator, ReducerOptionsArgs, ReshapeOptionsArgs, SoftmaxOptionsArgs, TensorType,
};
use lookbook_tflite_fixture::{Fixture, colours, options};

use super::super::*;
use crate::photo::Photo;

/// A folder with `m.tflite` and, if there is one, a text beside it.
struct Beside {
    folder: tempfile::TempDir,
    choice: Choice,
}

impl Beside {
    fn new(model: &Fixture, description: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.tflite");
        std::fs::write(&path, model.build()).unwrap();
        if !description.is_empty() {
            std::fs::write(path.with_extension("toml"), description).unwrap();
        }
        let choice = Choice { model: Some(path.into()), ..Choice::default() };
        Self { folder, choice }
    }

    fn labels(mut self, labels: &str) -> Self {
        let path = self.folder.path().join("labels.txt");
        std::fs::write(&path, labels).unwrap();
        self.choice.labels = Some(path);
        self
    }

    fn open(&self) -> Result<Classifier, String> {
        Classifier::open(&self.choice).map_err(|error| error.to_string())
    }
}

const PIXELS: &str = "[input]\nmean = [0, 0, 0]\nstd = [1, 1, 1]\n";

fn photo(width: u32, height: u32, colour: [u8; 3]) -> Photo {
    Photo::from_rgb(width, height, colour.repeat((width * height) as usize)).unwrap()
}

/// A model of one pixel with one output: the mean of its colours, or the sigmoid of that.
fn single(sigmoid: bool) -> Fixture {
    let mut model = Fixture::default();
    let input = model.input(&[1, 1, 1, 1]);
    let shape = model.integers(&[2], &[1, 1]);
    let options = options!(ReshapeOptions, ReshapeOptionsArgs { new_shape: None });
    let mut output = model.operator(BuiltinOperator::RESHAPE, &[input, shape], &[1, 1], options);
    if sigmoid {
        output = model.operator(BuiltinOperator::LOGISTIC, &[output], &[1, 1], None);
    }
    model.outputs.push(output);
    model
}

#[test]
fn one_output_is_about_the_second_of_two_labels() {
    // 90 becomes ln 3, whose sigmoid is 3 / 4.
    let description =
        "labels = [\"cat\", \"dog\"]\n[input]\nmean = [0, 0, 0]\nstd = [81.92153, 1, 1]";
    for sigmoid in [true, false] {
        let classifier = Beside::new(&single(sigmoid), description).open().unwrap();
        let scores = classifier.classify(&photo(1, 1, [90, 90, 90])).unwrap();
        let (cat, dog) = (scores.get("cat").unwrap(), scores.get("dog").unwrap());
        assert!((cat - 0.25).abs() < 1e-5 && (dog - 0.75).abs() < 1e-5, "{scores:?}");
    }
    // What is no probability is told as what the network answered.
    let wrong = format!("output = \"probabilities\"\nlabels = [\"cat\", \"dog\"]\n{PIXELS}");
    let classifier = Beside::new(&single(false), &wrong).open().unwrap();
    let error = classifier.classify(&photo(1, 1, [90, 90, 90])).unwrap_err().to_string();
    assert!(error.contains("answers 90 for \"dog\""), "{error}");

    let nobody = Beside::new(&single(true), PIXELS).open().unwrap_err();
    assert!(nobody.contains("labels = [\"negative\", \"positive\"]"), "{nobody}");
    let three = Beside::new(&single(true), PIXELS).labels("a\nb\nc").open().unwrap_err();
    assert!(three.contains("has 1 output, but there are 3 labels"), "{three}");
    assert!(three.contains("give two, for what it answers near 0"), "{three}");
}

#[test]
fn blue_may_come_before_red() {
    // Of Keras 3, `imagenet_utils.preprocess_input(x, mode="caffe")` of a pixel (200, 100, 50).
    let keras = [50.0 - 103.939, 100.0 - 116.779, 200.0 - 123.68];
    let mut by_flag = Beside::new(&colours(1, 1), "");
    by_flag.choice.normalise = Some(Normalise::Caffe);
    let text = "[input]\ncolours = \"bgr\"\nmean = [123.68, 116.779, 103.939]\nstd = [1, 1, 1]";
    let by_text = Beside::new(&colours(1, 1), text);
    let mut both = Beside::new(&colours(1, 1), &text.replace("bgr", "rgb"));
    both.choice.colours = Some(Colours::Bgr);
    for beside in [by_flag, by_text, both] {
        let model = Model::open(&beside.choice).unwrap();
        assert_eq!(model.input().colours, Colours::Bgr);
        let answer = model.outputs(&photo(1, 1, [200, 100, 50])).unwrap();
        let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-4;
        assert!(answer.iter().zip(&keras).all(close), "{answer:?}");
    }
}

/// A model for images of any size, whose outputs are the means of their colours.
fn any_size() -> Fixture {
    let mut any = Fixture::default();
    let input = any.input(&[1, 1, 1, 3]);
    any.signature(input, &[-1, -1, -1, 3]);
    let axes = any.integers(&[2], &[1, 2]);
    let options = options!(ReducerOptions, ReducerOptionsArgs { keep_dims: false });
    let output = any.operator(BuiltinOperator::MEAN, &[input, axes], &[1, 3], options);
    any.outputs.push(output);
    any
}

#[test]
fn a_size_that_the_file_leaves_open_is_asked_for() {
    let labels = "labels = [\"a\", \"b\", \"c\"]\n";
    let nobody = Beside::new(&any_size(), &format!("{labels}{PIXELS}"));
    let error = nobody.open().unwrap_err();
    assert!(error.contains("--size WIDTHxHEIGHT (INPUT_SIZE)"), "{error}");
    assert!(error.contains("size = \"224x224\""), "{error}");
    let mut flag = nobody;
    flag.choice.size = Size::new(8, 6);
    let text = Beside::new(&any_size(), &format!("{labels}{PIXELS}size = \"8x6\""));
    for beside in [flag, text] {
        let classifier = beside.open().unwrap();
        let input = &classifier.description().input;
        assert_eq!((input.width, input.height), (8, 6));
    }
    // A size that the file says stays.
    let mut fixed = Beside::new(&colours(6, 8), &format!("{labels}{PIXELS}"));
    fixed.choice.size = Size::new(6, 8);
    let error = fixed.open().unwrap_err();
    assert!(error.contains("takes photos of 8x6 pixels, and not of 6x8"), "{error}");
    let text = Beside::new(&colours(6, 8), &format!("{labels}{PIXELS}size = \"6x8\""));
    assert!(text.open().unwrap_err().contains("correct `input.width`"));
}

/// A model with four outputs: three means twice, then two numbers, then one.
fn outputs() -> Fixture {
    let mut model = colours(6, 8);
    let softmax = options!(SoftmaxOptions, SoftmaxOptionsArgs { beta: 1.0 });
    let means = model.outputs[0];
    let (begin, size) = (model.integers(&[2], &[0, 0]), model.integers(&[2], &[1, 2]));
    let two = model.operator(BuiltinOperator::SLICE, &[means, begin, size], &[1, 2], None);
    let softmax = model.operator(BuiltinOperator::SOFTMAX, &[means], &[1, 3], softmax);
    model.outputs.extend([two, softmax]);
    model
}

#[test]
fn of_several_outputs_the_labels_tell_which_or_it_is_said() {
    let two = Beside::new(&outputs(), PIXELS).labels("a\nb").open().unwrap();
    assert_eq!(two.description().number, Some(1));
    let unclear = Beside::new(&outputs(), PIXELS).labels("a\nb\nc");
    let error = unclear.open().unwrap_err();
    assert!(
        error.contains(
            "has 3 outputs (0 is \"tensor-3\", float32 [1, 3]; 1 is \"tensor-6\", float32 [1, 2]; 2 is"
        ),
        "{error}"
    );
    assert!(error.contains("--output N (OUTPUT_NUMBER)"), "{error}");
    let mut said = unclear;
    said.choice.output = Some(2);
    let classifier = said.open().unwrap();
    assert_eq!(classifier.description().number, Some(2));
    assert_eq!(classifier.description().output, Output::Probabilities);
    said.choice.output = Some(3);
    assert!(said.open().unwrap_err().contains("has 3 outputs"));
    let text = format!("output_number = 0\n{PIXELS}");
    let described = Beside::new(&outputs(), &text).labels("a\nb\nc").open().unwrap();
    assert_eq!(described.description().output, Output::Logits);
}

#[test]
fn the_place_of_the_greatest_score_is_no_score() {
    let mut model = colours(6, 8);
    let axis = model.integers(&[1], &[1]);
    let place = model.tensor(TensorType::INT64, &[1]);
    model.operator_into(BuiltinOperator::ARG_MAX, &[model.outputs[0], axis], place, None);
    model.outputs.push(place);
    // The scores are meant, although the place could be the only output about two labels.
    let three = Beside::new(&model, PIXELS).labels("a\nb\nc").open().unwrap();
    assert_eq!(three.description().number, Some(0));
    let mut said = Beside::new(&model, PIXELS).labels("a\nb");
    assert!(said.open().unwrap_err().contains("--output N"));
    said.choice.output = Some(1);
    let error = said.open().unwrap_err();
    assert!(error.contains("as the place of the greatest score"), "{error}");
    let raw = Model::open(&said.choice).unwrap();
    assert_eq!(raw.outputs(&photo(8, 6, [5, 9, 7])).unwrap(), [1.0]);

    let folder = tempfile::tempdir().unwrap();
    let error = Classifier::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("is a folder: name the .tflite file in it"), "{error}");
}

#[test]
fn the_first_output_may_be_for_none_of_the_labels() {
    let error = Beside::new(&colours(6, 8), PIXELS).labels("green\nblue").open().unwrap_err();
    assert!(error.contains("3 outputs, but there are 2 labels"), "{error}");
    assert!(error.contains("background = true"), "{error}");
    let text = format!("background = true\n{PIXELS}");
    let classifier = Beside::new(&colours(6, 8), &text).labels("green\nblue").open().unwrap();
    let scores = classifier.classify(&photo(8, 6, [5, 9, 7])).unwrap();
    let order: Vec<&str> = scores.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(order, ["background", "green", "blue"]);
    assert_eq!(scores.top().0.as_str(), "green");
    let error = Beside::new(&colours(6, 8), PIXELS).labels("none\nr\ng\nb").open().unwrap_err();
    assert!(error.contains("3 outputs, but there are 4 labels"), "{error}");
    assert!(error.contains("first label stands for what is none"), "{error}");
}

#[test]
fn what_is_proposed_is_a_description() {
    let draft = |model: &Fixture, choice: &dyn Fn(&mut Choice)| {
        let mut beside = Beside::new(model, "");
        choice(&mut beside.choice);
        let inspection = inspect(&beside.choice).unwrap();
        let draft = Draft::parse(&inspection.proposal);
        (draft.unwrap_or_else(|error| panic!("{error}: {}", inspection.proposal)), inspection)
    };
    let (first, inspection) = draft(&colours(6, 8), &|_| {});
    assert!(!inspection.classifies());
    assert_eq!((first.width, first.height), (Some(8), Some(6)));
    assert_eq!(first.labels.as_ref().map(|labels| labels.len()), Some(3));
    // What must be chosen is not chosen, and then it is all that is needed.
    let error = Beside::new(&colours(6, 8), &inspection.proposal).open().unwrap_err();
    assert!(error.contains("nobody says how pixels"), "{error}");
    let chosen = inspection.proposal.replace("# mean = [127.5", "mean = [127.5");
    let chosen = chosen.replace("# std = [127.5", "std = [127.5");
    assert!(Beside::new(&colours(6, 8), &chosen).open().is_ok());
    let (single, inspection) = draft(&single(true), &|_| {});
    assert_eq!(single.output, Some(Output::Probabilities));
    assert!(inspection.proposal.contains("1 - p for the first label"), "{}", inspection.proposal);
    let (caffe, _) = draft(&colours(6, 8), &|choice| choice.normalise = Some(Normalise::Caffe));
    assert_eq!(caffe.colours, Some(Colours::Bgr));
    let (open, inspection) = draft(&any_size(), &|_| {});
    assert!(matches!(inspection.problems[..], [ModelError::NoSize]), "{:?}", inspection.problems);
    assert_eq!(open.width, None);
    assert!(inspection.proposal.contains("# size = \"224x224\""), "{}", inspection.proposal);
    let (several, inspection) = draft(&outputs(), &|_| {});
    assert_eq!(several.number, None);
    assert!(
        inspection.proposal.contains("# 2: float32 [1, 3] \"tensor-7\""),
        "{}",
        inspection.proposal
    );
}
