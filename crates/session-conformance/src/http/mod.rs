//! Requests and responses through `SessionLayer`, with a browser that keeps cookies: what goes over the wire.

mod cookies;
mod outcomes;
mod overlap;
mod site;
mod slow;

pub(crate) const GROUPS: &[&[crate::Check]] = &[cookies::CHECKS, outcomes::CHECKS, overlap::CHECKS];
