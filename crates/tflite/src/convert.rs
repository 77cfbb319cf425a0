//! From a file's bytes to the canonical form, and from there to a network or a file again.

use std::borrow::Cow;

use flatbuffers::InvalidFlatbuffer;
use tract_tflite::tflite::{Model, root_as_model};

use crate::ask::Ask;
use crate::canonical::Canonical;
use crate::contain::contain;
use crate::ends::{self, Ends};
use crate::engine::{self, Network};
use crate::error::{Error, Problems};
use crate::form::Form;
use crate::kind::{Kind, kind};
use crate::lower::Lowering;
use crate::realign::realigned;
use crate::report::Report;
use crate::source::Source;
use crate::write;

/// A model in canonical form: float32, one input, fixed shapes, and operators of a short list that the
/// engine and the official runtime compute alike. It borrows weights from the file that it was made of.
pub struct Converted<'f> {
    canonical: Canonical<'f>,
    input: usize,
    output: usize,
    ends: Ends,
    metadata: Option<Cow<'f, [u8]>>,
}

/// Brings a file's model into canonical form.
///
/// # Errors
///
/// All that is wrong with it, in the file's order.
pub fn convert(file: &[u8]) -> Result<Converted<'_>, Problems> {
    convert_as(file, &Ask::default())
}

/// The same of a file that leaves something open, which `ask` says.
///
/// # Errors
///
/// All that is wrong with it, in the file's order.
pub fn convert_as<'f>(file: &'f [u8], ask: &Ask) -> Result<Converted<'f>, Problems> {
    let convert = || match checked(file)? {
        Checked::AsItIs(model) => Converted::of(&Source::read(&model)?, ask),
        Checked::Realigned(copy) => {
            let converted = Converted::of(&Source::read(&root(&copy)?)?, ask);
            converted.map(Converted::into_owned)
        }
    };
    contain(convert).map_err(Error::Engine)?
}

/// What there is to know about a file's model, whether it can be run or not.
///
/// # Errors
///
/// If it is not a TensorFlow Lite file, or one whose tables make no sense.
pub fn report(file: &[u8]) -> Result<Report, Error> {
    let report = || match checked(file)? {
        Checked::AsItIs(model) => Ok(Report::of(&Source::read(&model)?)),
        Checked::Realigned(copy) => Ok(Report::of(&Source::read(&root(&copy)?)?)),
    };
    contain(report).map_err(Error::Engine)?
}

/// What the verifier has let pass.
enum Checked<'f> {
    /// The file.
    AsItIs(Model<'f>),
    /// A copy of a file with numbers out of their place.
    Realigned(Vec<u8>),
}

/// The verified model of a file.
fn checked(file: &[u8]) -> Result<Checked<'_>, Error> {
    if file.get(4..8) != Some(b"TFL3") {
        return Err(match kind(file) {
            Some(Kind(what, advice)) => Error::OtherFile { what, advice },
            None => Error::NotTflite("it does not say \"TFL3\" at its start".to_owned()),
        });
    }
    match root_as_model(file) {
        Ok(model) => Ok(Checked::AsItIs(model)),
        Err(InvalidFlatbuffer::Unaligned { .. }) if let Some(copy) = realigned(file) => {
            Ok(Checked::Realigned(copy))
        }
        Err(error) => Err(Error::NotTflite(first_line(&error))),
    }
}

/// The model of a file that lies as it should.
fn root(file: &[u8]) -> Result<Model<'_>, Error> {
    root_as_model(file).map_err(|error| Error::NotTflite(first_line(&error)))
}

impl<'f> Converted<'f> {
    fn of(source: &Source<'f>, ask: &Ask) -> Result<Self, Problems> {
        let meant = ends::meant(source, ask)?;
        let form = Form::of(&source.tensors[meant.0], ask)?;
        let (mut lowering, input) = Lowering::new(source, meant, &form)?;
        if let Some(problems) = Problems::of(std::mem::take(&mut lowering.problems)) {
            return Err(problems);
        }
        let output = lowering.result(meant.1)?;
        let canonical = lowering.canonical;
        let outputs = canonical.shape(output).iter().product();
        let ends = Ends::new(source, &form, meant, outputs)?;
        let metadata = source.metadata.map(Cow::Borrowed);
        Ok(Self { canonical, input, output, ends, metadata })
    }

    /// The same without a file that it borrows from.
    fn into_owned(self) -> Converted<'static> {
        Converted {
            canonical: self.canonical.into_owned(),
            metadata: self.metadata.map(|metadata| Cow::Owned(metadata.into_owned())),
            input: self.input,
            output: self.output,
            ends: self.ends,
        }
    }

    /// What it takes and gives.
    #[must_use]
    pub fn ends(&self) -> &Ends {
        &self.ends
    }

    /// The content of the original file's TensorFlow Lite Metadata, if it has any.
    #[must_use]
    pub fn metadata(&self) -> Option<&[u8]> {
        self.metadata.as_deref()
    }

    /// Pairs of a multiplication and an addition for one input.
    #[must_use]
    pub fn multiply_adds(&self) -> u64 {
        self.canonical.multiply_adds()
    }

    /// It as a TensorFlow Lite file, without the original's metadata.
    ///
    /// # Errors
    ///
    /// If it is too large for a file, or computes what no file can say.
    pub fn to_file(&self) -> Result<Vec<u8>, Error> {
        let write = || write::write(&self.canonical, self.input, self.output);
        Ok(contain(write).map_err(Error::Engine)??)
    }

    /// It as a network that runs.
    ///
    /// # Errors
    ///
    /// If the engine does not take it.
    pub fn into_network(self) -> Result<Network, Error> {
        let metadata = self.metadata.map(Cow::into_owned);
        engine::network(self.canonical, self.input, self.output, self.ends, metadata)
    }
}

impl Network {
    /// Reads the content of a `.tflite` file.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, in the file's order.
    pub fn open(file: &[u8]) -> Result<Self, Problems> {
        Ok(convert(file)?.into_network()?)
    }
}

/// The verifier tells where in the file it was, over many lines; the first says what is wrong.
fn first_line(error: &impl std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
