//! session-store-redis
