//! What a model's file leaves open, answered from all that is known.

use lookbook_tflite::{Ask, End, Report};

use super::ModelError;
use super::knowledge::Knowledge;
use super::size::Size;

impl Knowledge {
    /// What to ask of a file that says this of itself.
    pub(super) fn ask(&self, report: &Report) -> Result<Ask, ModelError> {
        Ok(Ask { size: self.open_size(report)?, output: self.meant_output(report)? })
    }

    /// Width and height, if the file leaves one of them open: from a setting, the description, or what
    /// the file's metadata says for people.
    fn open_size(&self, report: &Report) -> Result<Option<[usize; 2]>, ModelError> {
        let open = |end: &End| {
            end.shape.iter().skip(1).any(|side| *side == -1)
                || end.shape.first() == Some(&-1) && end.shape.len() == 3
        };
        if !report.inputs.iter().any(open) {
            return Ok(None);
        }
        let described = self.draft.width.zip(self.draft.height);
        let described = described.and_then(|(width, height)| Size::new(width, height));
        let size = match self.size.or(described) {
            Some(size) => Some(size),
            None => self.metadata(report.metadata.as_deref())?.and_then(|said| said.size),
        };
        Ok(size.map(|size| [size.width() as usize, size.height() as usize]))
    }

    /// The output that has the scores, if there are several: the one that is named, else the only one
    /// that has as many values as there are labels.
    fn meant_output(&self, report: &Report) -> Result<Option<usize>, ModelError> {
        let outputs = &report.outputs;
        let several = || ModelError::Outputs { outputs: outputs.clone() };
        if let Some(number) = self.output.or(self.draft.number) {
            return if number < outputs.len() { Ok(Some(number)) } else { Err(several()) };
        }
        if outputs.len() < 2 {
            return Ok(None);
        }
        let labels = self.said_labels(report.metadata.as_deref())?;
        let labels = labels.map_or(0, |(labels, _)| labels.len());
        let fits = |end: &End| {
            let values = end.values();
            let scores = !["INT32", "INT64", "STRING", "BOOL"].contains(&end.kind.as_str());
            scores && (values == labels || values == 1 && labels == 2)
        };
        let mut fitting = (0..outputs.len()).filter(|place| fits(&outputs[*place]));
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Ok(Some(only)),
            _ => Err(several()),
        }
    }
}
