//! The figures as a picture.

use crate::Figures;

/// Bars, group by group.
pub(crate) fn svg(_figures: &Figures) -> String {
    String::new()
}
