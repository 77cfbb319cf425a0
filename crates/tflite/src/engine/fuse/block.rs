//! Inverted residuals: a convolution that makes many channels, a depthwise one over them, and one of
//! 1x1 that makes few of them again become one operator, so that the many need not be in memory at once.

use super::step::{Conv, Links, Step, Work};

/// The steps with blocks in place of their parts.
pub(super) fn blocks(steps: Vec<Step>, output: usize) -> Vec<Step> {
    let links = Links::new(&steps, output);
    let mut slots: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    for place in 0..slots.len() {
        let Some(Step { work: Work::Depthwise(depthwise), inputs, output }) = &slots[place] else {
            continue;
        };
        if depthwise.images != 1 {
            continue;
        }
        let before = inputs.first().copied();
        let expand = before
            .filter(|before| links.reader(*before) == Some(place))
            .and_then(|before| links.maker(before))
            .filter(|maker| slots[*maker].as_ref().and_then(|step| expands(step)).is_some());
        let project = links
            .reader(*output)
            .filter(|reader| slots[*reader].as_ref().is_some_and(|step| projects(step, *output)));
        if expand.is_none() && project.is_none() {
            continue;
        }
        let depthwise = depthwise.clone();
        let (mut inputs, mut result) = (inputs.clone(), *output);
        slots[place] = None;
        let expand = expand.and_then(|expand| slots[expand].take()).and_then(|step| {
            inputs = step.inputs;
            conv(step.work)
        });
        let slot = project.unwrap_or(place);
        let project = project.and_then(|project| slots[project].take()).and_then(|step| {
            inputs.extend(step.inputs.get(1));
            result = step.output;
            conv(step.work)
        });
        let work = Work::Block { expand, depthwise, project };
        slots[slot] = Some(Step { work, inputs, output: result });
    }
    slots.into_iter().flatten().collect()
}

fn conv(work: Work) -> Option<Conv> {
    match work {
        Work::Conv(conv) => Some(conv),
        _ => None,
    }
}

/// A convolution of one input.
fn expands(step: &Step) -> Option<&Conv> {
    match (&step.work, &step.inputs[..]) {
        (Work::Conv(conv), [_]) if conv.images == 1 => Some(conv),
        _ => None,
    }
}

/// Whether a step is a convolution of 1x1 over `tensor`, to which it adds another, if any.
fn projects(step: &Step, tensor: usize) -> bool {
    match &step.work {
        Work::Conv(conv) => {
            let [x, add @ ..] = &step.inputs[..] else { return false };
            conv.images == 1
                && conv.geometry.is_pointwise()
                && *x == tensor
                && add.iter().all(|add| *add != tensor)
        }
        _ => false,
    }
}
