//! One Redis server, with each of its options.
#![allow(clippy::unwrap_used)]

use session_servers::{Authority, Redis, Reply};

fn ok() -> Reply {
    Reply::Status("OK".to_owned())
}

#[test]
fn answers_and_goes_when_dropped() {
    let redis = Redis::start().unwrap();
    assert_eq!(redis.url(), format!("redis://127.0.0.1:{}", redis.port()));
    assert_eq!(redis.command(&["SET", "k", "v"]).unwrap(), ok());
    assert_eq!(redis.command(&["GET", "k"]).unwrap(), Reply::Bulk(b"v".to_vec()));
    assert_eq!(redis.command(&["GET", "none"]).unwrap(), Reply::Nil);
    assert_eq!(redis.command(&["INCR", "n"]).unwrap().integer(), Some(1));
    let keys = redis.command(&["MGET", "k", "n"]).unwrap().texts();
    assert_eq!(keys, ["v", "1"]);
    assert_eq!(redis.info("role").unwrap().as_deref(), Some("master"));
    assert_eq!(redis.info("no_such_field").unwrap(), None);
    let error = redis.command(&["NO-SUCH-COMMAND"]).unwrap_err().to_string();
    assert!(error.contains("unknown command"), "{error}");

    let dir = redis.command(&["CONFIG", "GET", "dir"]).unwrap().texts();
    let pid = redis.pid().unwrap();
    drop(redis);
    assert!(!std::path::Path::new(&dir[1]).exists());
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn an_append_only_server_keeps_its_data_through_a_kill() {
    let redis = Redis::builder().append_only().start().unwrap();
    let (port, pid) = (redis.port(), redis.pid());
    assert_eq!(redis.command(&["SET", "k", "v"]).unwrap(), ok());
    redis.kill();
    assert_eq!(redis.pid(), None);
    assert!(redis.command(&["PING"]).is_err());
    redis.restart().unwrap();
    assert_eq!(redis.port(), port);
    assert_ne!(redis.pid(), pid);
    assert_eq!(redis.command(&["GET", "k"]).unwrap().text().as_deref(), Some("v"));
}

#[test]
fn asks_for_a_password() {
    let redis = Redis::builder().password("open-sesame").start().unwrap();
    assert!(redis.url().starts_with("redis://:open-sesame@127.0.0.1:"));
    assert_eq!(redis.command(&["SET", "k", "v"]).unwrap(), ok());
    assert_eq!(redis.command(&["AUTH", "open-sesame"]).unwrap(), ok());
    let error = redis.command(&["AUTH", "wrong"]).unwrap_err().to_string();
    assert!(error.contains("WRONGPASS"), "{error}");
}

#[test]
fn limits_a_user() {
    let redis = Redis::builder().user("app", "on >pw ~session:* +get").start().unwrap();
    assert!(redis.user_url("app", "pw").starts_with("redis://app:pw@127.0.0.1:"));
    let mut client = redis.client().unwrap();
    assert_eq!(client.command(&["AUTH", "app", "pw"]).unwrap(), ok());
    assert_eq!(client.command(&["GET", "session:x"]).unwrap(), Reply::Nil);
    for forbidden in [["GET", "other"].as_slice(), &["SET", "session:x", "v"]] {
        let error = client.command(forbidden).unwrap_err().to_string();
        assert!(error.contains("NOPERM"), "{error}");
    }
}

#[test]
fn forbids_commands() {
    let redis = Redis::builder().forbid("CONFIG").forbid("KEYS").start().unwrap();
    for command in [["CONFIG", "GET", "*"].as_slice(), &["KEYS", "*"]] {
        let error = redis.command(command).unwrap_err().to_string();
        assert!(error.contains("unknown command"), "{error}");
    }
}

#[test]
fn takes_further_settings() {
    let redis = Redis::builder().line("maxmemory 2mb").start().unwrap();
    assert_eq!(redis.info("maxmemory").unwrap().as_deref(), Some("2097152"));
}

#[test]
fn listens_on_a_unix_socket() {
    let redis = Redis::builder().unix_socket().start().unwrap();
    let url = redis.unix_url().unwrap();
    let path = url.strip_prefix("redis+unix://").unwrap();
    std::os::unix::net::UnixStream::connect(path).unwrap();
    assert_eq!(Redis::start().unwrap().unix_url(), None);
}

/// `openssl s_client` sees the certificate that our authority signed, and refuses it for another
/// authority.
#[test]
fn speaks_tls() {
    let redis = Redis::builder().tls().start().unwrap();
    let url = redis.tls_url().unwrap();
    let addr = url.strip_prefix("rediss://").unwrap();
    let trusts = |authority: &Authority| {
        let mut client = std::process::Command::new("openssl");
        client.args(["s_client", "-verify_return_error", "-verify_ip", "127.0.0.1"]);
        client.args(["-connect", addr, "-CAfile"]).arg(authority.certificate());
        client.stdin(std::process::Stdio::null());
        client.output().unwrap().status.success()
    };
    assert!(trusts(redis.authority().unwrap()));
    assert!(!trusts(&Authority::create().unwrap()));
    assert_eq!(redis.command(&["PING"]).unwrap().text().as_deref(), Some("PONG"));
}

#[test]
fn a_monitor_sees_what_clients_send_and_no_lines_of_scripts() {
    let redis = Redis::start().unwrap();
    let mut client = redis.client().unwrap();
    let monitor = redis.monitor().unwrap();
    client.command(&["SET", "k", "a ] b"]).unwrap();
    let script = "return redis.call('GET', KEYS[1])";
    client.command(&["EVAL", script, "1", "k"]).unwrap();
    let eval = format!(r#""EVAL" "{script}" "1" "k""#);
    assert_eq!(monitor.commands().unwrap(), [r#""SET" "k" "a ] b""#, &eval]);
    assert!(monitor.commands().unwrap().is_empty());
}

#[test]
fn a_bad_setting_is_an_error_with_the_end_of_the_log() {
    let error = Redis::builder().line("no-such-setting 1").start().unwrap_err();
    let error = error.to_string();
    assert!(error.contains("ended at once"), "{error}");
    assert!(error.contains("no-such-setting"), "{error}");
}
