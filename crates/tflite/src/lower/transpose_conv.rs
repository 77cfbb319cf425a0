//! Convolutions the other way round: each value spreads over a window of the result.

use super::lowering::Lowering;
use super::numbers::size;
use super::site::{Site, no_options};
use super::value::{Lowered, Wire};
use super::weights::{WholeLayer, whole_activation};
use super::window::window;
use crate::array::Array;
use crate::canonical::Window;
use crate::complaint::{Complaint, Remedy};

impl<'m> Lowering<'_, 'm> {
    /// `TRANSPOSE_CONV`: zeros between the rows and columns, then a convolution with the kernel turned
    /// round. Which part of that is the result follows the official runtime (`transpose_conv.cc`).
    pub(super) fn transpose_conv(&mut self, site: &Site<'_, 'm>) -> Lowered<Wire> {
        let options = site.operator.table.builtin_options_as_transpose_conv_options();
        let options = options.ok_or_else(no_options)?;
        let asked = site.numbers(0)?.iter().map(|side| size(*side)).collect::<Lowered<Vec<_>>>()?;
        let kernel = site.known(1)?;
        let x = self.input(site, 2)?;
        let (&[batch, rows, columns, channels], &[out, high, wide, of]) =
            (self.shape(x), &kernel.shape[..])
        else {
            return Err(self.unfit(x, kernel));
        };
        let stride = [options.stride_h(), options.stride_w()];
        let window = window([high, wide], stride, [1, 1], options.padding())?;
        let &[of_batch, height, width, results] = &asked[..] else {
            return Err(Complaint::new(format!("makes {asked:?}"), Remedy::Export));
        };
        if of != channels || results != out || of_batch != batch || height == 0 || width == 0 {
            return Err(self.unfit(x, kernel));
        }
        let activation = options.fused_activation_function();
        let own = [out, high, wide, of];
        if let Some(layer) = self.whole_layer(site, x.grid, own, 0, [out, 3])? {
            let WholeLayer { input, output, weights, bias } = layer;
            let shape = [batch, height, width, results];
            let activation = whole_activation(activation)?;
            let x = (x.tensor, input);
            let tensor = self
                .canonical
                .whole_transposed(x, weights, bias, shape, window, activation, output)?;
            return Ok(Wire::whole(tensor, output));
        }
        let x = self.real(x)?;
        let (kernel, bias) = Self::real_layer(site, kernel, [out, 3])?;
        let mut tensor = self.spread(x, [batch, rows, columns, channels], window.stride)?;
        // How much of what the windows reach lies before the result.
        let before = window.before([height, width]);
        for (axis, result) in [(1, height), (2, width)] {
            let (size, outside) = (window.size[axis - 1], before[axis - 1]);
            tensor = self.framed(tensor, axis, result, [size, outside])?;
        }
        let window = Window { stride: [1, 1], same: false, ..window };
        let tensor = self.full_conv(tensor, &turned(&kernel), &bias, window)?;
        self.activate(tensor, activation)
    }

    /// Rows and columns with zeros behind each, by four axes at a time: the official runtime pads no more
    /// than five.
    fn spread(
        &mut self,
        x: usize,
        [batch, rows, columns, channels]: [usize; 4],
        [down, across]: [usize; 2],
    ) -> Lowered<usize> {
        let mut tensor = x;
        let tall = rows.saturating_mul(down);
        if down > 1 {
            tensor = self.canonical.reshape(tensor, &[batch, rows, 1, columns * channels])?;
            tensor = self.canonical.pad(tensor, &[[0, 0], [0, 0], [0, down - 1], [0, 0]])?;
            tensor = self.canonical.reshape(tensor, &[batch, tall, columns, channels])?;
        }
        if across > 1 {
            let wide = columns.saturating_mul(across);
            tensor = self.canonical.reshape(tensor, &[batch * tall, columns, 1, channels])?;
            tensor = self.canonical.pad(tensor, &[[0, 0], [0, 0], [0, across - 1], [0, 0]])?;
            tensor = self.canonical.reshape(tensor, &[batch, tall, wide, channels])?;
        }
        Ok(tensor)
    }

    /// Padded or cut along an axis, so that a window over it gives as many results as are asked for, the
    /// right ones.
    fn framed(
        &mut self,
        tensor: usize,
        axis: usize,
        result: usize,
        [size, outside]: [usize; 2],
    ) -> Lowered<usize> {
        let side = self.canonical.shape(tensor)[axis];
        let before = size - 1 - outside;
        let needed = result.saturating_add(size - 1);
        let mut pads = vec![[0, 0]; 4];
        pads[axis] = [before, needed.saturating_sub(before.saturating_add(side))];
        let padded = self.canonical.pad(tensor, &pads)?;
        self.part(padded, axis, 0, needed)
    }
}

/// A kernel (out, rows, columns, in) with rows and columns in reverse order.
fn turned<'m>(kernel: &Array<'m>) -> Array<'m> {
    let shape = kernel.shape.clone();
    let (spots, channels) = (shape[1] * shape[2], shape[3]);
    let places = (0..kernel.len()).map(|place| {
        let (channel, spot, out) =
            (place % channels, place / channels % spots, place / channels / spots);
        (out * spots + spots - 1 - spot) * channels + channel
    });
    kernel.pick(shape, places)
}
