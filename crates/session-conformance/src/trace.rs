//! What happened during a check, for reports.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The last operations of one check, and its remark; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    operations: VecDeque<String>,
    dropped: usize,
    remark: Option<String>,
}

impl Trace {
    const LIMIT: usize = 60;

    pub(crate) fn note(&self, operation: impl Into<String>) {
        let mut contents = self.lock();
        if contents.operations.len() == Self::LIMIT {
            contents.operations.pop_front();
            contents.dropped += 1;
        }
        contents.operations.push_back(operation.into());
    }

    /// What a report says about the check if it passes.
    pub(crate) fn set_remark(&self, text: String) {
        self.lock().remark = Some(text);
    }

    pub(crate) fn remark(&self) -> Option<String> {
        self.lock().remark.clone()
    }

    pub(crate) fn operations(&self) -> Vec<String> {
        let contents = self.lock();
        let dropped =
            (contents.dropped > 0).then(|| format!("({} earlier operations)", contents.dropped));
        dropped.into_iter().chain(contents.operations.iter().cloned()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
