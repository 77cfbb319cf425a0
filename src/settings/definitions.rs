//! Every setting, once: name, flag, help, default, range.
//!
//! Flags and `--help` are made from this, and the tables for people are checked against it: those
//! in `README.md`, `infra/README.md` and `infra/template.yaml`.

use super::setting::{Flag, Group, Setting, Unset};

/// All settings, in the order in which people are told of them.
pub const ALL: &[&Setting] = &[
    &TABLE_NAME,
    &SHELF_SHARDS,
    &MODEL_FILE,
    &MODEL_SHA256,
    &LABELS_FILE,
    &NORMALISE,
    &INPUT_COLOURS,
    &INPUT_SIZE,
    &OUTPUT_NUMBER,
    &REVIEW_BELOW,
    &GENERATION,
    &MAX_BYTES,
    &MAX_PIXELS,
    &THREADS,
    &CONCURRENCY,
    &IN_FLIGHT_BYTES,
    &KEY_PREFIX,
    &URL_HOSTS,
    &DEAD_LETTER_QUEUE,
    &RUST_LOG,
];

/// Which model, and what is not written in or beside it.
pub const MODEL: Group = Group {
    heading: "Model",
    settings: &[
        &MODEL_FILE,
        &MODEL_SHA256,
        &LABELS_FILE,
        &NORMALISE,
        &INPUT_COLOURS,
        &INPUT_SIZE,
        &OUTPUT_NUMBER,
    ],
};

/// How photos are classified, besides the model.
pub const CLASSIFICATION: Group =
    Group { heading: "Classification", settings: &[&REVIEW_BELOW, &GENERATION] };

/// How photos are looked at, whatever the model.
pub const LOOKING: Group =
    Group { heading: "Classification", settings: &[&MAX_BYTES, &MAX_PIXELS, &THREADS] };

const WHOLE: &str = "a whole number from 1";

/// Where rows are written. On the command line it is an argument of the subcommands that need it.
pub const TABLE_NAME: Setting = Setting {
    name: "TABLE_NAME",
    flag: None,
    help: "The DynamoDB table for the rows",
    default: Unset::Needed("name the DynamoDB table for the rows"),
    expected: "3 to 255 of a-z, A-Z, 0-9, '_', '-' and '.'",
};

/// Over how many partitions of the table's index each shelf is spread; see
/// [`Shards`](crate::catalogue::Shards).
pub const SHELF_SHARDS: Setting = Setting {
    name: "SHELF_SHARDS",
    flag: None,
    help: "Partitions of the table's index over which each shelf is spread, for more than 1,000 \
           writes a second; all that use the table must have the same",
    default: Unset::Text("1", ""),
    expected: "a whole number from 1 to 32",
};

/// The model.
pub const MODEL_FILE: Setting = Setting {
    name: "MODEL_FILE",
    flag: Some(Flag { long: "model", value: "FILE" }),
    help: "A TensorFlow Lite model: a file, or s3://BUCKET/KEY with its SHA-256; what it needs to be \
           told may stand in FILE.toml beside it",
    default: Unset::Words("the built-in clothing model"),
    expected: "the path of a file, or s3://BUCKET/KEY",
};

/// What the model's content must be.
pub const MODEL_SHA256: Setting = Setting {
    name: "MODEL_SHA256",
    flag: Some(Flag { long: "model-sha256", value: "DIGITS" }),
    help: "The SHA-256 that the model's file must have; needed for one in S3",
    default: Unset::Words("any, of a file"),
    expected: "64 hexadecimal digits, as sha256sum writes them",
};

/// What the model's outputs are called.
pub const LABELS_FILE: Setting = Setting {
    name: "LABELS_FILE",
    flag: Some(Flag { long: "labels", value: "FILE" }),
    help: "The model's labels, one a line, in the order of its outputs",
    default: Unset::Words("those in or beside the model"),
    expected: "the path of a file",
};

/// How pixels become the model's numbers.
pub const NORMALISE: Setting = Setting {
    name: "NORMALISE",
    flag: Some(Flag { long: "normalise", value: "RANGE" }),
    help: "What pixels from 0 to 255 become: -1..1, 0..1, 0..255, imagenet or caffe (which is bgr \
           too); a model of whole numbers mostly needs none",
    default: Unset::Words("as said in or beside the model"),
    expected: "-1..1, 0..1, 0..255, imagenet or caffe",
};

/// In which order the model takes colours.
pub const INPUT_COLOURS: Setting = Setting {
    name: "INPUT_COLOURS",
    flag: Some(Flag { long: "colours", value: "ORDER" }),
    help: "The order in which the model takes colours: rgb or bgr",
    default: Unset::Words("as said beside the model, or rgb"),
    expected: "rgb or bgr",
};

/// How large the model's input is.
pub const INPUT_SIZE: Setting = Setting {
    name: "INPUT_SIZE",
    flag: Some(Flag { long: "size", value: "WxH" }),
    help: "Width and height of the model's input, as 224x224, if its file leaves them open",
    default: Unset::Words("as said in or beside the model"),
    expected: "width x height, as 224x224, each from 1 to 2048",
};

/// Which of several outputs has the scores.
pub const OUTPUT_NUMBER: Setting = Setting {
    name: "OUTPUT_NUMBER",
    flag: Some(Flag { long: "output", value: "N" }),
    help: "Which of a model's outputs has the scores, counted from 0",
    default: Unset::Words("the one with as many values as there are labels"),
    expected: "a whole number from 0",
};

/// When a person is to look at a photo.
pub const REVIEW_BELOW: Setting = Setting {
    name: "REVIEW_BELOW",
    flag: Some(Flag { long: "review-below", value: "0..1" }),
    help: "Confidence below which a photo goes to the shelf `review`",
    default: Unset::Words("the model's own"),
    expected: "a number from 0 to 1",
};

/// Where these settings and this model stand among others that work on the same table: see
/// [`Maker::generation`](crate::catalogue::Maker::generation).
pub const GENERATION: Setting = Setting {
    name: "GENERATION",
    flag: Some(Flag { long: "generation", value: "N" }),
    help: "Raise it by one with a new model: what a lower generation says of a photo never takes \
           the place of what a higher one said",
    default: Unset::Text("0", ""),
    expected: "a whole number from 0 to 4294967295",
};

/// The limit on a photo's file. The default is that of [`Limits`](crate::photo::Limits).
pub const MAX_BYTES: Setting = Setting {
    name: "MAX_BYTES",
    flag: Some(Flag { long: "max-bytes", value: "N" }),
    help: "Bytes that a photo may have",
    default: Unset::Text("26214400", "25 MiB"),
    expected: WHOLE,
};

/// The limit on a photo's width times height. The default is that of
/// [`Limits`](crate::photo::Limits).
pub const MAX_PIXELS: Setting = Setting {
    name: "MAX_PIXELS",
    flag: Some(Flag { long: "max-pixels", value: "N" }),
    help: "Pixels that a photo may have",
    default: Unset::Text("50000000", ""),
    expected: WHOLE,
};

/// How many threads there are for photos.
pub const THREADS: Setting = Setting {
    name: "THREADS",
    flag: Some(Flag { long: "threads", value: "N" }),
    help: "Photos decoded and classified at a time",
    default: Unset::Words("one a core"),
    expected: WHOLE,
};

/// How many keys are worked on at a time.
pub const CONCURRENCY: Setting = Setting {
    name: "CONCURRENCY",
    flag: None,
    help: "Keys worked on at a time in one invocation",
    default: Unset::Text("16", ""),
    expected: WHOLE,
};

/// The bound on memory. Three quarters are for decoded photos: the default is enough for a
/// progressive JPEG of 50 megapixels.
pub const IN_FLIGHT_BYTES: Setting = Setting {
    name: "IN_FLIGHT_BYTES",
    flag: None,
    help: "What may be in memory of photos at a time, decoded ones included",
    default: Unset::Text("1073741824", "1 GiB"),
    expected: WHOLE,
};

/// Which part of a bucket is worked on.
pub const KEY_PREFIX: Setting = Setting {
    name: "KEY_PREFIX",
    flag: None,
    help: "Only photos whose key begins so are classified, for example products/",
    default: Unset::Words("all keys"),
    expected: "the beginning of a key",
};

/// Which hosts photos on the web may come from.
pub const URL_HOSTS: Setting = Setting {
    name: "URL_HOSTS",
    flag: None,
    help: "Hosts, with commas between them, from which photos on the web are scored, for who calls \
           the function with their URL",
    default: Unset::Words("none"),
    expected: "names of hosts, with commas between them",
};

/// Where messages go that can never be read.
pub const DEAD_LETTER_QUEUE: Setting = Setting {
    name: "DEAD_LETTER_QUEUE",
    flag: None,
    help: "The URL of a queue of SQS to which a message from a queue goes at once, with the reason, if \
           it can never be read",
    default: Unset::Words("they go back to their queue"),
    expected: "the URL of a queue, as https://sqs.us-east-1.amazonaws.com/123456789012/dead",
};

/// Which log lines the function writes; [`telemetry`](crate::telemetry) reads it. The command line
/// has a quieter default.
pub const RUST_LOG: Setting = Setting {
    name: "RUST_LOG",
    flag: None,
    help: "Which log lines are written",
    default: Unset::Text("warn,lookbook=info", ""),
    expected: "a filter of log lines",
};
