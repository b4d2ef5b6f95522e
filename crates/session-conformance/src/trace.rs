//! What happened during a check, for its failure message.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The last operations of one check; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    dropped: usize,
    kept: VecDeque<String>,
    remark: Option<String>,
}

impl Trace {
    const MOST: usize = 60;

    pub(crate) fn note(&self, line: impl Into<String>) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.kept.len() == Self::MOST {
            lines.kept.pop_front();
            lines.dropped += 1;
        }
        lines.kept.push_back(line.into());
    }

    /// What the check wants to be known when it passes.
    pub(crate) fn remark(&self, text: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.remark = Some(text);
    }

    pub(crate) fn remarked(&self) -> Option<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.remark.clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = match lines.dropped {
            0 => None,
            dropped => Some(format!("({dropped} earlier operations)")),
        };
        dropped
            .into_iter()
            .chain(lines.kept.iter().cloned())
            .collect()
    }
}
