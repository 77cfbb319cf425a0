//! Models in the embedded bucket, fetched by the real SDK.

use std::sync::Mutex;

use aws_sdk_s3::primitives::ByteStream;
use tempfile::TempDir;

use super::*;
use crate::bucket::{BucketError, ObjectMeta, S3};
use crate::local::{Options, Stack};

const TINY_MODEL: &[u8] = include_bytes!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/fuzz/corpus/model/metadata_deflated.int8_uint8.tflite"
));
const DESCRIPTION: &str = "name = \"Tiny, again\"\nreview_below = 0.75\n";

/// A bucket, and a folder for what is kept.
struct Shop {
    stack: Stack,
    dir: TempDir,
    asked: Mutex<Vec<String>>,
    /// What the bucket answers 403 to.
    forbidden: &'static str,
}

impl Bucket for Shop {
    async fn head(&self, object: &ObjectId) -> Result<Option<ObjectMeta>, BucketError> {
        S3::new(self.stack.s3()).head(object).await
    }

    async fn get(&self, object: &ObjectId) -> Result<Option<Object>, BucketError> {
        self.asked.lock().unwrap().push(object.key().to_owned());
        if object.key().ends_with(self.forbidden) {
            let (object, cause) = (object.clone(), "AccessDenied".to_owned());
            let remedy = "allow s3:GetObject".to_owned();
            return Err(BucketError::Denied { object, cause, remedy });
        }
        S3::new(self.stack.s3()).get(object).await
    }
}

impl Shop {
    async fn open() -> Self {
        let dir = TempDir::new().unwrap();
        let options = Options { dir: dir.path().join("state"), ..Options::default() };
        let stack = Stack::start(options).await.unwrap();
        Self { stack, dir, asked: Mutex::default(), forbidden: "forbidden.tflite" }
    }

    async fn put(&self, key: &str, content: &[u8]) {
        let put = self.stack.s3().put_object().bucket("photos").key(key);
        put.body(ByteStream::from(content.to_vec())).send().await.unwrap();
    }

    fn kept(&self) -> Kept {
        Kept::below(self.dir.path())
    }

    /// The choice that comes of a model, pinned to this content, and which objects were asked for.
    async fn bring(&self, key: &str, content: &[u8]) -> (Result<Choice, String>, Vec<String>) {
        let choice = ModelChoice::InBucket {
            object: ObjectId::new("photos", key).unwrap(),
            sha256: ModelHash::of(content),
            said: Choice::default(),
        };
        let brought = bring(&choice, self, self.kept()).await.map_err(|error| error.to_string());
        let mut asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.sort();
        (brought, asked)
    }

    async fn refused(&self, key: &str, content: &[u8]) -> String {
        self.bring(key, content).await.0.unwrap_err()
    }
}

#[tokio::test]
async fn a_model_is_fetched_once_and_a_damaged_one_again() {
    let shop = Shop::open().await;
    shop.put("models/tiny.tflite", TINY_MODEL).await;
    shop.put("models/tiny.toml", DESCRIPTION.as_bytes()).await;
    let both = ["models/tiny.tflite", "models/tiny.toml"];
    let path = shop.kept().path(&ModelHash::of(TINY_MODEL));

    let (choice, asked) = shop.bring(both[0], TINY_MODEL).await;
    assert_eq!(asked, both);
    let classifier = Classifier::open(&choice.unwrap()).unwrap();
    assert_eq!(classifier.description().name, "Tiny, again");
    assert!((classifier.description().review_below - 0.75).abs() < 1e-6);
    assert_eq!(*classifier.model_id(), crate::classifier::ModelId::of(TINY_MODEL));
    assert_eq!(std::fs::read(&path).unwrap(), TINY_MODEL);

    let (choice, asked) = shop.bring(both[0], TINY_MODEL).await;
    assert!(choice.is_ok());
    assert_eq!(asked, both[1..], "the text beside it is not pinned");

    std::fs::write(&path, &TINY_MODEL[1..]).unwrap();
    let (choice, asked) = shop.bring(both[0], TINY_MODEL).await;
    assert!(choice.is_ok());
    assert_eq!(asked, both);
    assert_eq!(std::fs::read(&path).unwrap(), TINY_MODEL);
}

/// The same model under another name, where nothing is beside it.
#[tokio::test]
async fn the_text_beside_a_kept_model_is_that_of_its_own_key() {
    let shop = Shop::open().await;
    shop.put("a/hats.tflite", TINY_MODEL).await;
    shop.put("a/hats.toml", DESCRIPTION.as_bytes()).await;
    shop.put("b/caps", TINY_MODEL).await;
    let opened =
        async |key| Classifier::open(&shop.bring(key, TINY_MODEL).await.0.unwrap()).unwrap();
    let (hats, caps) = (opened("a/hats.tflite").await, opened("b/caps").await);
    assert_ne!(hats.description_sha256(), caps.description_sha256());
    // The file itself says a name of its own only where nothing else does.
    assert_eq!(
        (hats.description().name.as_str(), caps.description().name.as_str()),
        ("Tiny, again", "caps")
    );
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_of_it_is_kept() {
    let shop = Shop::open().await;
    shop.put("other.tflite", b"other").await;
    let error = shop.refused("other.tflite", TINY_MODEL).await;
    for named in [
        "s3://photos/other.tflite",
        &ModelHash::of(b"other").to_string(),
        &ModelHash::of(TINY_MODEL).to_string(),
        "MODEL_SHA256",
    ] {
        assert!(error.contains(named), "{error}");
    }
    let error = shop.refused("missing.tflite", TINY_MODEL).await;
    assert!(error.starts_with("there is no model s3://photos/missing.tflite: put it there"));
    shop.put("forbidden.tflite", TINY_MODEL).await;
    let error = shop.refused("forbidden.tflite", TINY_MODEL).await;
    assert!(error.contains("access denied to s3://photos/forbidden.tflite: allow s3:GetObject"));

    shop.put("m.tflite", TINY_MODEL).await;
    shop.put("m.toml", b"\xff").await;
    let error = shop.refused("m.tflite", TINY_MODEL).await;
    assert!(error.contains("s3://photos/m.toml, the text beside the model, is not"), "{error}");
    shop.put("m.toml", &vec![b'#'; (1 << 20) + 1]).await;
    let error = shop.refused("m.tflite", TINY_MODEL).await;
    assert!(error.contains("s3://photos/m.toml has 1048577 bytes"), "{error}");

    // What may not be read is not the same as what is not there.
    let shop = Shop { forbidden: "m.toml", ..shop };
    let error = shop.refused("m.tflite", TINY_MODEL).await;
    assert!(error.contains("access denied to s3://photos/m.toml"), "{error}");
    assert!(!shop.kept().path(&ModelHash::of(b"other")).exists());
}

#[tokio::test]
async fn a_pinned_file_that_is_no_model_is_named_too() {
    let shop = Shop::open().await;
    shop.put("none.tflite", b"no model").await;
    let choice = ModelChoice::InBucket {
        object: ObjectId::new("photos", "none.tflite").unwrap(),
        sha256: ModelHash::of(b"no model"),
        said: Choice::default(),
    };
    let brought = Brought::begin(
        ObjectId::new("photos", "none.tflite").unwrap(),
        ModelHash::of(b"no model"),
        Choice::default(),
        shop.kept(),
    );
    let error =
        Opening(Begun::InBucket(Box::new(brought))).finish(&shop).await.unwrap_err().to_string();
    assert!(error.starts_with("s3://photos/none.tflite: "), "{error}");
    assert!(error.contains("TensorFlow Lite"), "{error}");
    // A folder that cannot be written costs a download, and no more.
    let nowhere = Kept::below(&shop.dir.path().join("missing"));
    assert!(bring(&choice, &shop, nowhere).await.is_ok());
}
