//! The contract of a store of records.

mod bodies;
mod cancel;
mod conditions;
mod keys;
mod races;
mod restart;
mod sweep;
mod time;

pub(crate) const GROUPS: &[&[crate::Check]] = &[
    conditions::CHECKS,
    bodies::CHECKS,
    keys::CHECKS,
    races::CHECKS,
    cancel::CHECKS,
    time::CHECKS,
    sweep::CHECKS,
    restart::CHECKS,
];
