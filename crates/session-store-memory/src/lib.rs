//! session-store-memory
