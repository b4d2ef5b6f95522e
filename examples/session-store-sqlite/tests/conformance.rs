//! The conformance suite.

use session_conformance::Fixture;
use session_store_sqlite::SqliteStore;

session_conformance::suite!(|| async {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("sessions.db");
    let open = move || std::future::ready(SqliteStore::open(&path).expect("a database"));
    Fixture::new(open().await).reopen(open).keep(directory)
});
