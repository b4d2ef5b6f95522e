//! session-conformance
