//! A network, and how photos become its input.

use std::{fmt, thread};

use lookbook_tflite::{Network, Problems, convert_as, report};

use super::choice::{Choice, Origin};
use super::knowledge::Knowledge;
use super::{ClassifyError, Colours, Input, ModelError, ModelId};
use crate::photo::{Photo, View};

/// A model whose outputs may mean anything: no labels are needed.
///
/// It does not change once it is made: share one between all threads.
pub struct Model {
    id: ModelId,
    network: Network,
    input: Input,
    normalisation: Origin,
    /// Which of several outputs it gives.
    output: Option<usize>,
    /// For each colour, what each of the 256 values of a pixel is to the network.
    values: [[f32; 256]; 3],
}

impl Model {
    /// The model that is chosen.
    pub fn open(choice: &Choice) -> Result<Self, ModelError> {
        Self::new(&Knowledge::gather(choice)?)
    }

    pub(super) fn new(knowledge: &Knowledge) -> Result<Self, ModelError> {
        let (id, loaded) = match knowledge.known_id.clone() {
            Some(id) => (id, load(knowledge)),
            None => beside(|| ModelId::of(&knowledge.file), || load(knowledge)),
        };
        let (network, output) = loaded?;
        let (input, normalisation) = knowledge.input(network.ends(), network.metadata())?;
        let values = std::array::from_fn(|colour| {
            std::array::from_fn(|value| {
                #[allow(clippy::cast_precision_loss)] // 0 to 255 are exact.
                let value = value as f32;
                (value - input.mean[colour]) / input.std[colour]
            })
        });
        Ok(Self { id, network, input, normalisation, output, values })
    }

    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// Which of several outputs it gives.
    pub(super) fn output(&self) -> Option<usize> {
        self.output
    }

    /// Which model it is.
    #[must_use]
    pub fn id(&self) -> &ModelId {
        &self.id
    }

    /// How photos become its input.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// How it looks at photos: what of them it is worth to decode.
    #[must_use]
    pub fn view(&self) -> View {
        self.input.view()
    }

    /// Who says how pixels become numbers.
    #[must_use]
    pub fn normalisation(&self) -> Origin {
        self.normalisation
    }

    /// The network's outputs for a photo, as real values. Keeps this thread busy for some tens of
    /// milliseconds.
    pub fn outputs(&self, photo: &Photo) -> Result<Vec<f32>, ClassifyError> {
        let input = &self.input;
        let rgb =
            photo.resize(input.width, input.height, input.filter).map_err(ClassifyError::Resize)?;
        let answer = self.network.run_with(|tensor| self.fill(rgb.as_chunks().0, tensor));
        answer.map_err(|error| ClassifyError::Engine(error.to_string()))
    }

    /// Writes what pixels are to the network: all of `tensor`, which has one number or three for each.
    fn fill(&self, pixels: &[[u8; 3]], tensor: &mut [f32]) {
        let of = |colour: usize, value: u8| self.values[colour][usize::from(value)];
        if self.network.ends().channels == 1 {
            for (number, rgb) in tensor.iter_mut().zip(pixels) {
                *number = of(0, grey(*rgb));
            }
            return;
        }
        let numbers = tensor.as_chunks_mut().0.iter_mut().zip(pixels);
        match self.input.colours {
            Colours::Rgb => {
                for (numbers, [red, green, blue]) in numbers {
                    *numbers = [of(0, *red), of(1, *green), of(2, *blue)];
                }
            }
            Colours::Bgr => {
                for (numbers, [red, green, blue]) in numbers {
                    *numbers = [of(2, *blue), of(1, *green), of(0, *red)];
                }
            }
        }
    }
}

/// The network, and which of several outputs is meant.
fn load(knowledge: &Knowledge) -> Result<(Network, Option<usize>), ModelError> {
    let ask = knowledge.ask(&report(&knowledge.file)?)?;
    Ok((convert_as(&knowledge.file, &ask)?.into_network()?, ask.output))
}

/// Does two things at the same time: the first on a thread of its own, if the system has one.
fn beside<A: Send, B>(first: impl Fn() -> A + Sync, second: impl FnOnce() -> B) -> (A, B) {
    let (one, other) = thread::scope(|scope| {
        let started = thread::Builder::new().spawn_scoped(scope, &first);
        let other = second();
        (started.ok().and_then(|thread| thread.join().ok()), other)
    });
    (one.unwrap_or_else(first), other)
}

/// How bright a pixel is, rounded as Pillow's `convert("L")` rounds it (ITU-R 601-2).
fn grey([red, green, blue]: [u8; 3]) -> u8 {
    let sum = u32::from(red) * 19_595 + u32::from(green) * 38_470 + u32::from(blue) * 7_471;
    // The weights add up to 2^16: at most 255.
    u8::try_from((sum + 0x8000) >> 16).unwrap_or(u8::MAX)
}

/// Brings the chosen model into canonical form: float32, of fixed shapes and few operators, with the
/// same answers. Its input and output are real values.
///
/// # Errors
///
/// All that cannot be said, in the file's order; at least one.
pub fn convert(choice: &Choice) -> Result<Vec<u8>, Vec<ModelError>> {
    let ask = || {
        let knowledge = Knowledge::gather(choice)?;
        let ask = knowledge.ask(&report(&knowledge.file)?)?;
        Ok((knowledge, ask))
    };
    let (knowledge, ask) = ask().map_err(|error| vec![error])?;
    let errors =
        |problems: Problems| -> Vec<_> { problems.into_iter().map(ModelError::from).collect() };
    let converted = convert_as(&knowledge.file, &ask).map_err(errors)?;
    converted.to_file().map_err(|error| vec![error.into()])
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model")
            .field("id", &self.id)
            .field("input", &self.input)
            .finish_non_exhaustive()
    }
}
