//! Known answers: `tests/known/remix.json` contains the exact bytes that remix writes. They open in
//! Rust (without Node), and remix still writes them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use serde_json::{Value, json};
use session_cookie::CookieStorage;
use session_core::{RecordStore, SessionId, SessionPolicy};
use session_http::{Session, SessionManager};
use session_servers::{Memcached, Redis};
use session_store_fs::FsStore;
use session_store_memcache::MemcacheStore;
use session_store_redis::RedisStore;

use crate::site::{self, Directory, Site};

#[derive(Deserialize)]
struct Known {
    id: String,
    steps: Value,
    values: Value,
    flash: Value,
    body: String,
    redis: String,
    memcached: String,
    fs: String,
    id_cookie: String,
    data_cookie: String,
}

fn known() -> Known {
    serde_json::from_str(include_str!("../known/remix.json")).unwrap()
}

fn put_in_redis(server: &Redis, body: &str) {
    let reply = server.command(&["SET", &known().redis, body]);
    assert_eq!(reply.unwrap().text().as_deref(), Some("OK"));
}

fn put_in_memcached(server: &Memcached, body: &str) {
    let (key, length) = (known().memcached, body.len());
    let mut client = server.client().unwrap();
    let reply = client.command(&format!("set {key} 0 0 {length}\r\n{body}"));
    assert_eq!(reply.unwrap(), "STORED");
}

fn put_in_file(root: &Path, body: &str) {
    let path = root.join(known().fs);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, body).unwrap();
}

async fn body(store: &dyn RecordStore, policy: &SessionPolicy) -> String {
    let id = SessionId::parse_foreign(&known().id).unwrap();
    let record = store.load(&policy.record_key(&id)).await.unwrap().unwrap();
    String::from_utf8(record.body.to_vec()).unwrap()
}

/// Opens the session of a cookie, and checks that it has everything that remix stored.
async fn open(manager: &SessionManager, cookie: &str) -> Session {
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
    let session = manager.open(&headers).await.unwrap();
    assert_eq!(session.id().unwrap().as_str(), known().id);
    let data = serde_json::to_value(session.data()).unwrap();
    let expected = json!({"values": known().values, "flash": known().flash});
    assert_eq!(data, expected);
    session
}

/// The record opens. A save writes it to the same key: the same bytes for the values, no flash
/// value, and added metadata.
async fn assert_opens_and_is_updated(store: Arc<dyn RecordStore>) {
    let policy = site::policy();
    let manager = site::manager(Arc::clone(&store), &policy);
    let session = open(&manager, &known().id_cookie).await;
    session.set("seen", &true).unwrap();
    let mut headers = HeaderMap::new();
    manager.close(&session, &mut headers).await.unwrap();
    assert!(!headers.contains_key(header::SET_COOKIE));
    let before = known().body;
    let (values, _) = before.split_once("},{\"notice\"").unwrap();
    let start = format!("{values},\"seen\":true}},{{}},{{\"v\":1,");
    let after = body(&*store, &policy).await;
    assert!(after.starts_with(&start), "{after}");
}

#[tokio::test]
async fn opens_from_redis() {
    let server = Redis::start().unwrap();
    put_in_redis(&server, &known().body);
    let store = RedisStore::connect(&server.url()).await.unwrap();
    assert_opens_and_is_updated(Arc::new(store)).await;
}

#[tokio::test]
async fn opens_from_memcached() {
    let server = Memcached::start().unwrap();
    put_in_memcached(&server, &known().body);
    let store = MemcacheStore::connect([server.addr()]).await.unwrap();
    assert_opens_and_is_updated(Arc::new(store)).await;
}

#[tokio::test]
async fn opens_from_a_file() {
    let root = Directory::new();
    put_in_file(&root.0, &known().body);
    let store = FsStore::open(&root.0).unwrap();
    assert_opens_and_is_updated(Arc::new(store)).await;
}

#[tokio::test]
async fn opens_from_a_cookie() {
    let manager = site::manager(CookieStorage::new(), &site::policy());
    open(&manager, &known().data_cookie).await;
}

/// remix writes the known bytes to the known key.
async fn assert_remix_writes_it(site: &mut Site) {
    let known = known();
    site.cookie = Some(known.id_cookie.clone());
    site.js(known.steps);
    assert_eq!(site.cookie, Some(known.id_cookie));
    let store = site.store.as_deref().unwrap();
    assert_eq!(body(store, &site.policy).await, known.body);
}

#[tokio::test]
async fn remix_writes_it_to_redis() {
    let mut site = Site::redis().await;
    put_in_redis(site::redis(), "[{},{}]");
    assert_remix_writes_it(&mut site).await;
}

#[tokio::test]
async fn remix_writes_it_to_memcached() {
    let mut site = Site::memcached().await;
    put_in_memcached(site::memcached(), "[{},{}]");
    assert_remix_writes_it(&mut site).await;
}

#[tokio::test]
async fn remix_writes_it_to_a_file() {
    let mut site = Site::fs().await;
    put_in_file(&site.root.as_ref().unwrap().0, "[{},{}]");
    assert_remix_writes_it(&mut site).await;
}

#[tokio::test]
async fn remix_writes_it_to_a_cookie() {
    let mut site = Site::cookie().await;
    let empty = json!({"i": known().id, "d": [{}, {}]}).to_string();
    let line = site.remix.serialize(&empty);
    site.receive(&line);
    site.js(known().steps);
    assert_eq!(site.cookie, Some(known().data_cookie));
}
