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
async fn errors_tell_what_is_wrong() {
    let redis = Redis::builder().tls().start().unwrap();
    let url = redis.tls_url().unwrap();
    let trusting = trusting(redis.authority().unwrap());
    let said = async |url: &str, port: u16| {
        let url = url.replace("{port}", &port.to_string());
        let builder = RedisStore::builder(&url).tls(trusting.clone());
        let error = builder.connect().await.unwrap_err();
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(next) = cause {
            text = format!("{text}: {next}");
            cause = next.source();
        }
        text
    };
    let tls_port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
    // The certificate is for 127.0.0.1 and localhost; a machine has other names for itself.
    let text = said("rediss://127.0.0.2:{port}", tls_port).await;
    println!("{text}");
    let other_host = text.contains("for another host") && !text.contains("authority");
    assert!(other_host || text.contains("refused"), "{text}");
    let unknown = RedisStore::connect(&url).await.unwrap_err().to_string();
    assert!(unknown.contains("add its authority"), "{unknown}");
    let text = said("rediss://127.0.0.1:{port}", redis.port()).await;
    assert!(text.contains("does not speak TLS"), "{text}");
    let text = said("redis://127.0.0.1:{port}", tls_port).await;
    assert!(text.contains("use a rediss:// URL"), "{text}");
}

/// A child process, since the variable is the process's.
#[test]
fn a_file_of_authorities_that_is_missing_is_named() {
    const MISSING: &str = "/nowhere/authorities.pem";
    if std::env::var_os("SSL_CERT_FILE").is_some_and(|file| file == MISSING) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let error = runtime.block_on(RedisStore::connect("rediss://127.0.0.1:1")).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Config);
        let text = error.to_string();
        assert!(text.contains("SSL_CERT_FILE names /nowhere/authorities.pem"), "{text}");
        return;
    }
    let name = "tls::a_file_of_authorities_that_is_missing_is_named";
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args([name, "--exact"]).env("SSL_CERT_FILE", MISSING).env_remove("SSL_CERT_DIR");
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_gets_no_plain_text() {
    let redis = Redis::start().unwrap();
    let url = redis.url().replacen("redis://", "rediss://", 1);
    RedisStore::connect(&url).await.unwrap_err();
}
