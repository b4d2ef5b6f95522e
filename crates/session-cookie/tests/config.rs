//! Valid cookie settings, and the errors for invalid ones.
#![allow(clippy::unwrap_used)]

use session_cookie::{ConfigError, SameSite, Secret, SessionCookie};

const SECRET: &str = "a secret of thirty-two bytes, ok";

fn cookie() -> SessionCookie {
    SessionCookie::new(SECRET).unwrap()
}

#[test]
fn prefixed_names_require_their_attributes_in_any_case() {
    for name in ["__Host-a", "__host-a", "__HOST-a"] {
        let cookie = || cookie().name(name).unwrap();
        assert_eq!(cookie().domain("a.example").unwrap_err(), ConfigError::HostPrefix("no Domain"));
        assert_eq!(cookie().path("/a").unwrap_err(), ConfigError::HostPrefix("the Path /"));
        assert!(matches!(cookie().insecure(), Err(ConfigError::NeedsSecure(_))));
    }
    for name in ["__Secure-a", "__secure-a", "__http-a"] {
        let insecure = cookie().insecure().unwrap();
        assert!(matches!(insecure.name(name), Err(ConfigError::NeedsSecure(_))));
        assert!(cookie().name(name).unwrap().domain("a.example").is_ok());
    }
}

#[test]
fn attributes_that_need_secure_are_checked_in_either_order() {
    let insecure = || cookie().insecure().unwrap();
    let none = SameSite::None;
    assert!(insecure().same_site(none).is_err());
    assert!(cookie().same_site(none).unwrap().insecure().is_err());
    assert!(insecure().partitioned().is_err());
    assert!(cookie().partitioned().unwrap().insecure().is_err());
}

#[test]
fn short_secrets_are_refused_except_for_remix() {
    assert!(SessionCookie::new("s2").is_err());
    assert!(cookie().previous("s1").is_err());
    assert!(SessionCookie::new(Secret::random().unwrap()).is_ok());
    assert!(SessionCookie::remix_compatible(["s2"]).is_ok());
    assert_eq!(SessionCookie::remix_compatible([""]).unwrap_err(), ConfigError::NoSecret);
    assert_eq!(SessionCookie::remix_compatible::<&str>([]).unwrap_err(), ConfigError::NoSecret);
}

#[test]
fn chunks_are_bounded() {
    assert_eq!(cookie().chunks(1).unwrap_err(), ConfigError::Chunks(1));
    assert_eq!(cookie().chunks(9).unwrap_err(), ConfigError::Chunks(9));
    let remix = SessionCookie::remix_compatible(["s2"]).unwrap();
    assert_eq!(remix.chunks(2).unwrap_err(), ConfigError::RemixChunks);
}

#[test]
fn debug_shows_no_secret() {
    let text = format!("{:?}", cookie().previous(SECRET).unwrap());
    assert!(text.contains("[Secret(..), Secret(..)]"), "{text}");
    assert!(!text.contains("thirty"), "{text}");
}

#[test]
fn the_default_name_has_the_strictest_prefix_that_the_attributes_allow() {
    assert_eq!(cookie().cookie_name(), "__Host-session");
    let domain = cookie().domain("example.com").unwrap();
    assert_eq!(domain.cookie_name(), "__Secure-session");
    let insecure = domain.insecure().unwrap();
    assert_eq!(insecure.cookie_name(), "session");
}

#[test]
fn names_are_tokens() {
    for name in ["a", "__Host-a", "a.b|c"] {
        assert!(cookie().name(name).is_ok(), "{name:?}");
    }
    for name in ["", "a b", "a=b", "a;b", "a/b", "é", "a\r\n", "\"a\""] {
        let error = cookie().name(name).unwrap_err();
        assert!(matches!(error, ConfigError::Name(_)), "{name:?}");
    }
}

#[test]
fn paths_start_with_a_slash_and_contain_no_delimiter() {
    for path in ["/", "/shop", "/a,b=c"] {
        assert!(cookie().path(path).is_ok(), "{path:?}");
    }
    let long = format!("/{}", "a".repeat(1024));
    for path in ["", "shop", "/a;b", "/a b", "/é", "/a\n", &long] {
        let error = cookie().path(path).unwrap_err();
        assert!(matches!(error, ConfigError::Path(_)), "{path:?}");
    }
}

#[test]
fn domains_are_host_names() {
    for domain in ["example.com", "localhost", "xn--bcher-kva.example", "a_b.example"] {
        assert!(cookie().domain(domain).is_ok(), "{domain:?}");
    }
    let long = "a".repeat(64);
    for domain in [
        "",
        ".example.com",
        "example.com.",
        "a..b",
        "a:80",
        "http://a",
        "é.com",
        "-a.b",
        "a;b",
        &long,
    ] {
        let error = cookie().domain(domain).unwrap_err();
        assert!(matches!(error, ConfigError::Domain(_)), "{domain:?}");
    }
}

#[test]
fn a_secret_has_at_least_32_bytes() {
    let error = Secret::try_from([7; 31].as_slice()).unwrap_err();
    assert_eq!(error, ConfigError::ShortSecret { bytes: 31 });
    assert!(error.to_string().contains("31 bytes"), "{error}");
    let varied: Vec<u8> = (0..32).collect();
    assert!(Secret::try_from(varied.as_slice()).is_ok());
}

#[test]
fn a_secret_that_repeats_a_shorter_text_is_refused() {
    for (text, bytes) in [
        ("x".repeat(32), 1),
        ("0".repeat(64), 1),
        ("ab".repeat(16), 2),
        ("changeme".repeat(4), 8),
        ("changeme".repeat(4) + "chan", 8),
        ("a-text-of-thirty-one-characters".repeat(2), 31),
    ] {
        let error = Secret::from_text(&text).unwrap_err();
        assert_eq!(error, ConfigError::RepeatedSecret { bytes }, "{text}");
        assert_eq!(SessionCookie::new(text.as_str()).unwrap_err(), error);
        assert_eq!(cookie().previous(text.as_str()).unwrap_err(), error);
        assert!(!error.to_string().contains(&text[..8]), "{error}");
    }
    let long = "a text of 32 bytes, given twice.";
    assert!(Secret::from_text(&long.repeat(2)).is_ok());
}

/// Whatever a reader may copy from the documentation.
#[test]
fn secrets_from_our_documentation_are_refused() {
    for printed in [
        "3vJc0Ql1oXGqf9dS2nUBz8aKEpTy4RwM",
        "3vJc0Ql1oXGqf9dS2nUBz8aKEpTy4RwM\n",
        "a secret of at least 32 bytes: take yours from the environment",
        "a secret of at least 32 bytes, from the environment",
        "the tests' own secret, of 32 bytes and more",
    ] {
        let error = Secret::from_text(printed).unwrap_err();
        assert_eq!(error, ConfigError::PrintedSecret);
        assert_eq!(SessionCookie::new(printed.as_bytes()).unwrap_err(), error);
        assert_eq!(cookie().previous(printed).unwrap_err(), error);
        assert!(!error.to_string().contains(printed.trim()), "{error}");
    }
}
