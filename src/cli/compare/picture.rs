//! The picture of a comparison: what goes from which shelf to which, and how sure the models are.

use std::collections::BTreeSet;

use kuva::plot::LinePlot;
use kuva::plot::legend::LegendPosition;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use super::report::{Bin, Comparison};
use crate::catalogue::Shelf;
use crate::cli::plot::{Matrix, picture};

/// Draws a comparison as a PNG: on the left a row for each shelf of the old model and a column for each
/// of the new one's, with colour for the share of the row; on the right how many photos each model is how
/// sure of.
///
/// # Errors
///
/// Says what the encoder said.
pub fn draw(all: &Comparison) -> Result<Vec<u8>, String> {
    let names = shelves(all);
    let place = |shelf: &str| names.iter().position(|name| name == shelf);
    let mut counts = vec![vec![0; names.len()]; names.len()];
    for one in &all.moves {
        if let (Some(from), Some(to)) = (place(&one.from), place(&one.to)) {
            counts[from][to] = usize::try_from(one.photos).unwrap_or(usize::MAX);
        }
    }
    let matrix = Matrix {
        title: "Shelves",
        across: "shelf of the new model",
        down: "shelf of the old model",
        names: &names,
        counts: &counts,
    };
    let diagram = lines(&all.confidence.bins);
    let layout = Layout::auto_from_plots(&diagram)
        .with_title("Confidence")
        .with_x_label("confidence")
        .with_y_label("photos")
        .with_x_axis_min(0.0)
        .with_x_axis_max(1.0)
        .with_y_axis_min(0.0)
        .with_legend_position(LegendPosition::InsideTopLeft);
    let stay = all.shelf_agreement.unwrap_or_default() * 100.0;
    let title = format!(
        "{} to {}: {stay:.1}% of {} photos stay on their shelf",
        all.old.name, all.new.name, all.photos
    );
    picture(title, &matrix, diagram, layout)
}

/// The shelves that have photos, in the labels' order.
fn shelves(all: &Comparison) -> Vec<String> {
    let used: BTreeSet<&str> =
        all.moves.iter().flat_map(|one| [one.from.as_str(), one.to.as_str()]).collect();
    let labels = all.by_label.iter().map(|(label, _)| label.as_str());
    let shelves = labels.chain([Shelf::Review.as_str()]);
    shelves.filter(|shelf| used.contains(shelf)).map(str::to_owned).collect()
}

/// A line of steps for each model.
fn lines(bins: &[Bin]) -> Vec<Plot> {
    let line = |photos: fn(&Bin) -> u64, colour: &str, name: &str| {
        #[allow(clippy::cast_precision_loss)] // to be drawn
        let steps = bins.iter().flat_map(|bin| [bin.from, bin.to].map(|x| (x, photos(bin) as f64)));
        let line = LinePlot::new().with_data(steps.collect::<Vec<_>>());
        Plot::Line(line.with_color(colour).with_stroke_width(2.0).with_legend(name))
    };
    vec![line(|bin| bin.old, "#777777", "old model"), line(|bin| bin.new, "#1f5fa8", "new model")]
}
