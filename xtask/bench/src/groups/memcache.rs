//! Sessions in memcached.

use std::rc::Rc;

use session_servers::Memcached;
use session_store_memcache::MemcacheStore;

use super::request::routes;
use crate::{App, Case, cores, runtime};

pub(super) fn cases() -> Vec<Case> {
    cores::pin_client();
    let server = Rc::new(Memcached::start().expect("a server"));
    cores::pin_server(server.pid());
    let runtime = runtime();
    let store = MemcacheStore::builder([server.addr()]).pool_size(32);
    let store = runtime.block_on(store.connect()).expect("the server");
    let cases = App::on(&runtime, "ours", routes(store)).cases_in_flight();
    let cases = cases.into_iter().map(|case| case.keeping(&server));
    cases.collect()
}
