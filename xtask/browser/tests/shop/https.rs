//! The shop behind a TLS proxy, as in production.

use std::fs;
use std::sync::Arc;
use std::thread;

use session_servers::Authority;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::browser::Browser;
use crate::shop::Shop;
use crate::visit;

#[test]
fn over_https_the_cookie_has_the_host_prefix() {
    let shop = Shop::start("memory", true);
    let port = proxy(shop.port);
    let browser = Browser::open(&format!("https://localhost:{port}"));
    let cookie = browser.cookie("__Host-session").unwrap();
    assert!(cookie.is("secure") && cookie.is("httpOnly"), "{cookie:?}");
    assert_eq!((cookie.attribute("path"), cookie.attribute("sameSite")), ("/", "Lax"));
    assert_eq!(cookie.attribute("domain"), "localhost");

    visit::add(&browser, "walden");
    visit::login(&browser);
    assert_eq!(visit::cart(&browser), 1);
    assert_ne!(browser.cookie("__Host-session").unwrap().value(), cookie.value());
    visit::logout(&browser);
    assert_eq!(visit::cart(&browser), 0);
}

/// Starts a TLS proxy in front of the shop, and returns its port. It runs until the test exits.
fn proxy(shop: u16) -> u16 {
    let acceptor = acceptor(&Authority::create().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        runtime.block_on(async {
            while let Ok((plain, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut browser = acceptor.accept(plain).await?;
                    let mut shop = TcpStream::connect(("127.0.0.1", shop)).await?;
                    copy_bidirectional(&mut browser, &mut shop).await
                });
            }
        });
    });
    port
}

fn acceptor(authority: &Authority) -> TlsAcceptor {
    let certificate = fs::read(authority.server_certificate()).unwrap();
    let key = fs::read(authority.server_key()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(&certificate).unwrap()],
            PrivateKeyDer::from_pem_slice(&key).unwrap(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
