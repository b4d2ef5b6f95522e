pub(crate) const GROUPS: &[&[crate::Check]] = &[];
