//! The picture of an evaluation: the confusion matrix and the reliability diagram. And what other pictures
//! of two parts have in common with it.

use std::sync::Arc;

use kuva::backend::raster::RasterBackend;
use kuva::plot::annotations::TextAnnotation;
use kuva::plot::legend::LegendPosition;
use kuva::plot::{ColorMap, Heatmap, LinePlot, ScatterPlot};
use kuva::render::figure::Figure;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use super::evaluation::{ReliabilityBin, Summary, count, share};

/// With more labels than this, cells are too small for names and numbers.
const NAMED: usize = 40;
/// A cell's side in units of the picture, which has [`SCALE`] pixels for each.
const CELL: f64 = 34.0;
/// The smallest and largest side of the confusion matrix, without its labels.
const SIDES: (f64, f64) = (340.0, 1360.0);
/// Room for labels and titles beside a plot.
const ROOM: f64 = 190.0;
/// Pixels for each unit of the picture: sharp on today's screens.
const SCALE: f32 = 2.0;

/// Draws an evaluation as a PNG: on the left a row for each true label and a column for each
/// answer, with colour for the share of the row; on the right how often each bin's photos are
/// right, beside how sure the model is of them.
///
/// # Errors
///
/// Says what the encoder said.
pub fn draw(name: &str, summary: &Summary) -> Result<Vec<u8>, String> {
    let matrix = Matrix {
        title: "Confusion",
        across: "answer",
        down: "true label",
        names: &summary.labels,
        counts: &summary.confusion,
    };
    let diagram = reliability(&summary.reliability);
    let layout = reliability_layout(summary, &diagram);
    let title = format!("{name}: accuracy {:.3}, {} photos", summary.accuracy, summary.images);
    picture(title, &matrix, diagram, layout)
}

/// What went from where to where.
#[derive(Debug)]
pub struct Matrix<'a> {
    pub title: &'a str,
    /// What the columns are.
    pub across: &'a str,
    /// What the rows are.
    pub down: &'a str,
    /// The names of the rows, and of the columns.
    pub names: &'a [String],
    pub counts: &'a [Vec<usize>],
}

/// Draws a matrix with colour for the share of the row, and beside it a diagram, as a PNG.
pub fn picture(
    title: String,
    matrix: &Matrix<'_>,
    diagram: Vec<Plot>,
    layout: Layout,
) -> Result<Vec<u8>, String> {
    let heatmap = vec![shares(matrix.counts)];
    let side = (count(matrix.names.len()) * CELL).clamp(SIDES.0, SIDES.1);
    let layouts = vec![matrix_layout(matrix, &heatmap), layout];
    let scene = Figure::new(1, 2)
        .with_title(title)
        .with_plots(vec![heatmap, diagram])
        .with_layouts(layouts)
        .with_cell_size(side + ROOM, side + ROOM)
        .render();
    RasterBackend::new().with_scale(SCALE).render_scene(&scene)
}

/// Each count's share of its row.
fn shares(counts: &[Vec<usize>]) -> Plot {
    // The rows are drawn from below.
    let shares = counts.iter().rev().map(|row| {
        let whole = row.iter().sum();
        row.iter().map(|&n| share(n, whole)).collect::<Vec<_>>()
    });
    Plot::Heatmap(Heatmap::new().with_data(shares).with_color_map(ColorMap::Custom(Arc::new(blue))))
}

/// White to a blue on which black numbers can be read.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 255
fn blue(share: f64) -> String {
    let mixed = |end: f64| (255.0 + (end - 255.0) * share.clamp(0.0, 1.0)).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mixed(100.0), mixed(165.0), mixed(215.0))
}

fn matrix_layout(matrix: &Matrix<'_>, plots: &[Plot]) -> Layout {
    let mut layout = Layout::auto_from_plots(plots)
        .with_title(matrix.title)
        .with_x_label(matrix.across)
        .with_y_label(matrix.down)
        .with_colorbar_tick_format(TickFormat::Percent)
        .with_show_grid(false);
    let rows = matrix.names.len();
    if rows > NAMED {
        return layout;
    }
    layout = layout
        .with_x_categories(matrix.names.to_vec())
        .with_y_categories(matrix.names.iter().rev().cloned().collect())
        .with_x_tick_rotate(-45.0);
    for (i, row) in matrix.counts.iter().enumerate() {
        for (j, &n) in row.iter().enumerate().filter(|&(_, &n)| n > 0) {
            // A text stands above its place.
            let (x, y) = (count(j + 1), count(rows - i) - 0.32);
            let text = TextAnnotation::new(n.to_string(), x, y);
            layout = layout.with_annotation(text.with_font_size(11));
        }
    }
    layout
}

fn reliability(bins: &[ReliabilityBin]) -> Vec<Plot> {
    let images = bins.iter().map(|bin| bin.images).sum();
    let shares = bins.iter().flat_map(|bin| {
        let share = share(bin.images, images);
        [(bin.from, share), (bin.to, share)]
    });
    let points = || bins.iter().filter_map(|bin| Some((bin.confidence?, bin.accuracy?)));
    let line = |points: Vec<(f64, f64)>| LinePlot::new().with_data(points);
    vec![
        Plot::Line(
            line(shares.collect())
                .with_color("#bbbbbb")
                .with_fill()
                .with_fill_opacity(0.5)
                .with_legend("share of the photos"),
        ),
        Plot::Line(
            line(vec![(0.0, 0.0), (1.0, 1.0)])
                .with_color("#777777")
                .with_dashed()
                .with_legend("as sure as right"),
        ),
        Plot::Line(
            line(points().collect())
                .with_color("#1f5fa8")
                .with_stroke_width(2.0)
                .with_legend("share that is right"),
        ),
        Plot::Scatter(ScatterPlot::new().with_data(points()).with_color("#1f5fa8").with_size(4.0)),
    ]
}

fn reliability_layout(summary: &Summary, plots: &[Plot]) -> Layout {
    Layout::auto_from_plots(plots)
        .with_title(format!("Reliability: expected calibration error {:.3}", summary.ece))
        .with_x_label("confidence")
        .with_y_label("share")
        .with_x_axis_min(0.0)
        .with_x_axis_max(1.0)
        .with_y_axis_min(0.0)
        .with_y_axis_max(1.0)
        .with_legend_position(LegendPosition::InsideTopLeft)
}
