//! Unit tests of `src/settings.rs`.

use super::*;

async fn read_answer(text: &str) -> Result<Settings, SettingsError> {
    let (client, mut server) = tokio::io::duplex(4096);
    server.write_all(text.as_bytes()).await.unwrap();
    server.shutdown().await.unwrap();
    read(client).await
}

#[tokio::test]
async fn reads_the_item_size() {
    let settings = read_answer(
        "MN\r\nSTAT maxbytes 1\r\nSTAT item_size_max 1048576\r\nSTAT log-file \r\nEND\r\n",
    );
    assert_eq!(settings.await.unwrap().item_size_max, 1_048_576);
}

#[tokio::test]
async fn refuses_a_server_that_cannot_hold_sessions() {
    for (answer, why) in [
        ("ERROR\r\n", "meta commands"),
        ("CLIENT_ERROR unauthenticated\r\n", "password"),
        ("MN\r\nSTAT cas_enabled no\r\nEND\r\n", "without -C"),
        ("MN\r\nEND\r\n", "no item_size_max"),
        ("MN\r\nERROR\r\n", "refuses"),
    ] {
        let Err(SettingsError::Unsuitable(said)) = read_answer(answer).await else {
            panic!("{answer:?} was accepted");
        };
        assert!(said.contains(why), "{said}");
    }
}

#[tokio::test]
async fn an_answer_that_ends_early_is_an_outage() {
    for answer in ["", "MN\r\nSTAT item_size_max 1048576\r\n"] {
        assert!(matches!(read_answer(answer).await, Err(SettingsError::Io(_))), "{answer:?}");
    }
}
