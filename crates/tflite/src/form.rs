//! How an image lies in the tensor that a model takes.

use crate::ask::{Ask, MAX_SIDE};
use crate::complaint::{Complaint, Remedy};
use crate::error::Error;
use crate::source::SourceTensor;

/// How an image lies in the tensor that a model takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// 3 for colours, 1 for grey.
    pub(crate) channels: usize,
    /// The tensor's own shape, with a batch of one if it has a batch.
    pub(crate) shape: Vec<usize>,
    /// Whether colours come before rows and columns, as in models from `PyTorch`.
    pub(crate) colours_first: bool,
}

/// Which axes of an input are what.
struct Axes {
    height: usize,
    width: usize,
    channels: Option<usize>,
}

impl Form {
    /// The form of an input, whose sides are asked for if the file does not say them.
    pub(crate) fn of(input: &SourceTensor<'_>, ask: &Ask) -> Result<Self, Error> {
        let sides = sides(input);
        let unfit = || {
            let problem = format!("has an input of {} {sides:?}", input.type_name());
            Error::from(Complaint::new(problem, Remedy::Input))
        };
        let axes = Axes::of(&sides).filter(|_| input.data.is_none()).ok_or_else(unfit)?;
        let side = |axis: usize, asked: Option<usize>| match sides[axis] {
            // Asked for only if the file leaves it open: what it says cannot be changed.
            -1 => asked.ok_or(Error::NoSize),
            side => usize::try_from(side).map_err(|_| unfit()),
        };
        let height = side(axes.height, ask.size.map(|[_, height]| height))?;
        let width = side(axes.width, ask.size.map(|[width, _]| width))?;
        if [height, width].iter().any(|side| !(1..=MAX_SIDE as usize).contains(side)) {
            return Err(unfit());
        }
        let channels = axes.channels.map_or(1, |axis| if sides[axis] == 3 { 3 } else { 1 });
        let shape = (0..sides.len())
            .map(|axis| match axis {
                _ if axis == axes.height => height,
                _ if axis == axes.width => width,
                _ if Some(axis) == axes.channels => channels,
                _ => 1,
            })
            .collect();
        let colours_first = axes.channels.is_some_and(|channels| channels < axes.height);
        Ok(Self { height, width, channels, shape, colours_first })
    }
}

impl Axes {
    /// Which axes are what, if these are the sides of an image. Colours that come last win, as
    /// TensorFlow has them.
    fn of(sides: &[i32]) -> Option<Self> {
        let (height, width, channels) = match *sides {
            [-1..=1, _, _, 1 | 3] => (1, 2, Some(3)),
            [-1..=1, 1 | 3, _, _] => (2, 3, Some(1)),
            [_, _, 3] => (0, 1, Some(2)),
            [3, _, _] => (1, 2, Some(0)),
            // Grey, in a batch.
            [-1..=1, _, _] => (1, 2, None),
            [_, _, 1] => (0, 1, Some(2)),
            _ => return None,
        };
        Some(Self { height, width, channels })
    }
}

/// The sides of a tensor; -1 where the file leaves them open.
///
/// A model for images of any size has a shape with sides of 1 and a signature with sides of -1.
pub(crate) fn sides(tensor: &SourceTensor<'_>) -> Vec<i32> {
    let open =
        |axis: usize| tensor.signature.len() == tensor.shape.len() && tensor.signature[axis] == -1;
    let sides = tensor.shape.iter().enumerate();
    sides.map(|(axis, side)| if *side <= 1 && open(axis) { -1 } else { *side }).collect()
}

#[cfg(test)]
mod tests {
    use tract_tflite::tflite::TensorType;

    use super::*;

    fn tensor(shape: &[i32], signature: &[i32]) -> SourceTensor<'static> {
        SourceTensor {
            name: "",
            shape: shape.to_vec(),
            signature: signature.to_vec(),
            type_: TensorType::FLOAT32,
            quantisation: None,
            data: None,
            problem: None,
        }
    }

    /// Height, width, channels, shape, and whether colours come first.
    fn form(shape: &[i32]) -> Option<(usize, usize, usize, Vec<usize>, bool)> {
        let form = Form::of(&tensor(shape, &[]), &Ask::default()).ok()?;
        Some((form.height, form.width, form.channels, form.shape, form.colours_first))
    }

    #[test]
    fn images_lie_in_many_ways() {
        assert_eq!(form(&[1, 6, 8, 3]), Some((6, 8, 3, vec![1, 6, 8, 3], false)));
        assert_eq!(form(&[-1, 6, 8, 1]), Some((6, 8, 1, vec![1, 6, 8, 1], false)));
        assert_eq!(form(&[1, 3, 6, 8]), Some((6, 8, 3, vec![1, 3, 6, 8], true)));
        assert_eq!(form(&[0, 1, 6, 8]), Some((6, 8, 1, vec![1, 1, 6, 8], true)));
        assert_eq!(form(&[6, 8, 3]), Some((6, 8, 3, vec![6, 8, 3], false)));
        assert_eq!(form(&[3, 6, 8]), Some((6, 8, 3, vec![3, 6, 8], true)));
        assert_eq!(form(&[1, 28, 28]), Some((28, 28, 1, vec![1, 28, 28], false)));
        assert_eq!(form(&[-1, 28, 28]), Some((28, 28, 1, vec![1, 28, 28], false)));
        assert_eq!(form(&[6, 8, 1]), Some((6, 8, 1, vec![6, 8, 1], false)));
        for none in [&[2, 6, 8, 3][..], &[1, 6, 8, 2], &[6, 8], &[1, 784], &[6, 8, 2], &[]] {
            assert_eq!(form(none), None, "{none:?}");
        }
        assert_eq!(form(&[1, 6, 4000, 3]), None);
    }

    #[test]
    fn a_side_that_the_file_leaves_open_is_asked_for() {
        let ask = Ask { size: Some([8, 6]), ..Ask::default() };
        for input in [
            tensor(&[1, 1, 1, 3], &[-1, -1, -1, 3]),
            tensor(&[1, -1, -1, 3], &[]),
            tensor(&[1, 6, 1, 3], &[-1, 6, -1, 3]),
        ] {
            assert_eq!(Form::of(&input, &Ask::default()), Err(Error::NoSize));
            let form = Form::of(&input, &ask).unwrap();
            assert_eq!((form.height, form.width), (6, 8));
        }
        // What the file says is not changed, nor is a size that only its signature leaves open.
        for input in [tensor(&[1, 5, 7, 3], &[]), tensor(&[1, 5, 7, 3], &[-1, -1, -1, 3])] {
            let form = Form::of(&input, &ask).unwrap();
            assert_eq!((form.height, form.width), (5, 7));
        }
        // One pixel is one pixel.
        let form = Form::of(&tensor(&[1, 1, 1, 3], &[-1, 1, 1, 3]), &ask).unwrap();
        assert_eq!((form.height, form.width), (1, 1));
        let huge = Ask { size: Some([usize::MAX, 6]), ..Ask::default() };
        assert!(Form::of(&tensor(&[1, -1, -1, 3], &[]), &huge).is_err());
    }
}
