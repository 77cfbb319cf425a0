//! From a file's bytes to the canonical form, and from there to a network or a file again.

use tract_tflite::tflite::{Model, root_as_model};

use crate::canonical::Canonical;
use crate::contain::contain;
use crate::ends::{self, Ends};
use crate::engine::{self, Network};
use crate::error::{Error, Problems};
use crate::lower::Lowering;
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
    metadata: Option<&'f [u8]>,
}

/// Brings a file's model into canonical form.
///
/// # Errors
///
/// All that is wrong with it, in the file's order.
pub fn convert(file: &[u8]) -> Result<Converted<'_>, Problems> {
    contain(|| Converted::of(&Source::read(&model(file)?)?)).map_err(Error::Engine)?
}

/// What there is to know about a file's model, whether it can be run or not.
///
/// # Errors
///
/// If it is not a TensorFlow Lite file, or one whose tables make no sense.
pub fn report(file: &[u8]) -> Result<Report, Error> {
    contain(|| Ok(Report::of(&Source::read(&model(file)?)?))).map_err(Error::Engine)?
}

/// The verified model of a file.
fn model(file: &[u8]) -> Result<Model<'_>, Error> {
    if file.get(4..8) != Some(b"TFL3") {
        return Err(Error::NotTflite("it does not say \"TFL3\" at its start".to_owned()));
    }
    root_as_model(file).map_err(|error| Error::NotTflite(first_line(&error)))
}

impl<'f> Converted<'f> {
    fn of(source: &Source<'f>) -> Result<Self, Problems> {
        let shape = ends::input(source)?;
        let (input, output) = ends::only(source)?;
        let (mut lowering, input) = Lowering::new(source, input, shape)?;
        if let Some(problems) = Problems::of(std::mem::take(&mut lowering.problems)) {
            return Err(problems);
        }
        let output = lowering.result(output)?;
        let canonical = lowering.canonical;
        let ends = Ends::new(source, canonical.shape(output).iter().product())?;
        Ok(Self { canonical, input, output, ends, metadata: source.metadata })
    }

    /// What it takes and gives.
    #[must_use]
    pub fn ends(&self) -> &Ends {
        &self.ends
    }

    /// The content of the original file's TensorFlow Lite Metadata, if it has any.
    #[must_use]
    pub fn metadata(&self) -> Option<&'f [u8]> {
        self.metadata
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
    /// If it is too large for a file.
    pub fn to_file(&self) -> Result<Vec<u8>, Error> {
        contain(|| write::write(&self.canonical, self.input, self.output)).map_err(Error::Engine)
    }

    /// It as a network that runs.
    ///
    /// # Errors
    ///
    /// If the engine does not take it.
    pub fn into_network(self) -> Result<Network, Error> {
        let metadata = self.metadata.map(<[u8]>::to_vec);
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
