//! TLS with the system's certificate authorities.

use std::sync::Arc;

use fred::types::config::{TlsConfig, TlsConnector};
use rustls::{ClientConfig, RootCertStore};
use session_core::{StoreError, StoreErrorKind};

/// Trusts what the system trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` say otherwise).
pub(crate) fn system() -> Result<TlsConfig, StoreError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = match found.errors.first() {
            Some(error) => format!(" ({error})"),
            None => String::new(),
        };
        let from = match std::env::var_os("SSL_CERT_FILE") {
            Some(file) => format!("SSL_CERT_FILE names {}, which has", file.display()),
            None => "the system has".to_owned(),
        };
        let message = format!(
            "{from} no certificate authorities to check Redis by{why}: install them, or use \
             RedisStoreBuilder::tls"
        );
        return Err(StoreError::new(StoreErrorKind::Config, message));
    }
    // The provider by name: the default one is a panic where an application holds two.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| {
            StoreError::new(StoreErrorKind::Config, "no TLS version").with_source(error)
        })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(config).into())
}
