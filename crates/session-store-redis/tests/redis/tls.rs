//! TLS with the certificate of a throw-away authority.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use session_core::StoreErrorKind;
use session_servers::{Authority, Redis};
use session_store_redis::RedisStore;
use session_store_redis::fred::types::config::TlsConnector;

use crate::support::works;

fn trusting(authority: &Authority) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.certificate()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_authority_is_trusted_and_no_other() {
    let redis = Redis::builder().tls().password("hunter2").start().unwrap();
    let url = redis.tls_url().unwrap();
    let url = url.replacen("://", "://:hunter2@", 1);
    let known = RedisStore::builder(&url).tls(trusting(redis.authority().unwrap()));
    works(&known.connect().await.unwrap()).await;

    let unknown = RedisStore::builder(&url).tls(trusting(&Authority::create().unwrap()));
    for refused in [unknown.connect().await, RedisStore::connect(&url).await] {
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Config, "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_gets_no_plain_text() {
    let redis = Redis::start().unwrap();
    let url = redis.url().replacen("redis://", "rediss://", 1);
    RedisStore::connect(&url).await.unwrap_err();
}
