//! session-store-memcache
