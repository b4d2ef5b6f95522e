//! Sessions: every call, every outcome, one request after another and overlapping by hand.

mod commit;
mod destroy;
mod failures;
mod faulty;
mod flash;
mod flash_next;
mod lifetime;
mod logout;
mod merge;
mod moved;
mod new;
mod regenerate;
mod site;
mod stored;
mod values;
mod vanished;

pub(crate) const GROUPS: &[&[crate::Check]] = &[
    values::CHECKS,
    flash::CHECKS,
    flash_next::CHECKS,
    new::CHECKS,
    regenerate::CHECKS,
    moved::CHECKS,
    destroy::CHECKS,
    logout::CHECKS,
    merge::CHECKS,
    lifetime::CHECKS,
    vanished::CHECKS,
    stored::CHECKS,
    failures::CHECKS,
    commit::CHECKS,
];
