//! session-cookie
