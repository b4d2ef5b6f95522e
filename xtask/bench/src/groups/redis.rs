//! Sessions in Redis or Valkey.

use std::rc::Rc;

use session_servers::{Program, Redis, Result};
use session_store_redis::RedisStore;
use tokio::runtime::Runtime;

use super::request::routes;
use crate::app::{EMPTY, READ, UNTOUCHED, WRITE};
use crate::case::Work;
use crate::{App, Case, cores, runtime};

/// Starts a Valkey server.
///
/// # Errors
///
/// The server is missing, or does not start.
pub fn valkey() -> Result<Redis> {
    Redis::builder().program(Program::Valkey).start()
}

/// With many requests in flight, on one connection.
pub(super) fn cases(start: fn() -> Result<Redis>) -> Vec<Case> {
    in_flight(start, app)
}

/// The commands that the server receives for our requests.
pub(super) fn our_commands() -> Vec<Case> {
    commands(app)
}

fn app(runtime: &Rc<Runtime>, url: &str) -> App {
    let store = RedisStore::builder(url).pool_size(1).connect();
    let store = runtime.block_on(store).expect("the server");
    App::on(runtime, "ours", routes(store))
}

/// Reads and writes of the application that `app` makes, with many requests in flight, and the
/// server on a core of its own.
pub fn in_flight(
    start: fn() -> Result<Redis>,
    app: fn(&Rc<Runtime>, url: &str) -> App,
) -> Vec<Case> {
    cores::pin_client();
    let server = Rc::new(start().expect("a server"));
    cores::pin_server(server.pid());
    let cases = app(&runtime(), &server.url()).cases_in_flight();
    let cases = cases.into_iter().map(|case| case.keeping(&server));
    cases.collect()
}

/// How many commands the server receives for a request of the application that `app` makes.
pub fn commands(app: fn(&Rc<Runtime>, url: &str) -> App) -> Vec<Case> {
    const TIMES: usize = 10;
    let server = Redis::start().expect("a server");
    let app = app(&runtime(), &server.url());
    let monitor = server.monitor().expect("a server");
    let count = |visit| {
        let mut case = app.case(visit);
        let Work::Timed(run) = &mut case.work else {
            return case;
        };
        // The first requests may load a script.
        run(2);
        monitor.commands().expect("a server");
        run(TIMES);
        let seen = monitor.commands().expect("a server").len();
        let number = seen as f64 / TIMES as f64;
        Case::counted(case.scenario, case.subject, number, "commands")
    };
    [UNTOUCHED, READ, WRITE, EMPTY].map(count).into()
}
