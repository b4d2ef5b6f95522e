//! session-store-fs
