//! The remix side: remix's packages in one Node process, controlled with lines of JSON.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use serde_json::{Value, json};

use crate::npm;

/// A remix application. See `remix.mjs`.
pub struct Remix(String);

/// A request whose session is open, and whose handler waits for its steps.
pub struct Opened(String);

/// The result of a request.
#[derive(Debug)]
pub struct TestResponse {
    /// What each step returned.
    pub results: Vec<Value>,
    /// The `Set-Cookie` fields.
    pub cookies: Vec<String>,
}

impl Remix {
    /// Starts an application. `setup` has the `storage`, its address (`at`) and `options`, and the
    /// cookie's `name` and options (`cookie`).
    pub fn start(setup: &Value) -> Self {
        let remix = Self(number());
        remix.ask(json!({"command": "start", "setup": setup}));
        remix
    }

    /// Sends a request with this `Cookie` field, and returns when its session is open.
    pub fn open(&self, cookie: Option<&str>) -> Opened {
        let number = number();
        self.ask(json!({"command": "open", "number": number, "cookie": cookie}));
        Opened(number)
    }

    /// Lets the handler run `steps`, such as `[["set", "a", 1], ["get", "b"]]`, and waits for the
    /// response.
    pub fn resume(&self, opened: Opened, steps: &Value) -> TestResponse {
        let answer = self.ask(json!({"command": "resume", "number": opened.0, "steps": steps}));
        let text = |line: &Value| line.as_str().unwrap().to_owned();
        TestResponse {
            results: answer["results"].as_array().unwrap().clone(),
            cookies: answer["cookies"].as_array().unwrap().iter().map(text).collect(),
        }
    }

    /// Sends a request whose handler runs `steps` without a pause.
    pub fn request(&self, cookie: Option<&str>, steps: &Value) -> TestResponse {
        let opened = self.open(cookie);
        self.resume(opened, steps)
    }

    /// The `Set-Cookie` field of remix's cookie with `value`.
    pub fn serialize(&self, value: &str) -> String {
        let line = self.ask(json!({"command": "serialize", "value": value}));
        line.as_str().unwrap().to_owned()
    }

    /// The value that remix's cookie reads from a `Cookie` field.
    pub fn parse(&self, header: &str) -> Option<String> {
        let value = self.ask(json!({"command": "parse", "header": header}));
        value.as_str().map(str::to_owned)
    }

    /// The error of remix for a session cookie without secrets.
    pub fn unsigned(&self) -> Option<String> {
        let error = self.ask(json!({"command": "unsigned"}));
        error.as_str().map(str::to_owned)
    }

    fn ask(&self, mut command: Value) -> Value {
        command["app"] = json!(self.0);
        let answer = node().lock().unwrap().ask(&command);
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(answer.get("error").is_none(), "remix failed: {answer}");
        answer["ok"].take()
    }
}

/// A unique number for an application or a request.
fn number() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    LAST.fetch_add(1, Ordering::Relaxed).to_string()
}

struct Node {
    process: Child,
    answers: Receiver<String>,
}

/// One process for all tests, because it starts slowly. It exits when its standard input is closed,
/// so it never outlives this process.
fn node() -> &'static Mutex<Node> {
    static NODE: OnceLock<Mutex<Node>> = OnceLock::new();
    NODE.get_or_init(|| Mutex::new(Node::start()))
}

impl Node {
    fn start() -> Self {
        let mut process = Command::new("node")
            .args(["--input-type=module", "--eval", include_str!("remix.mjs")])
            .current_dir(npm::directory())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| npm::missing("node", &error));
        let (send, answers) = channel();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        std::thread::spawn(move || {
            let mut lines = lines.map_while(Result::ok);
            lines.try_for_each(|line| send.send(line))
        });
        Self { process, answers }
    }

    fn ask(&mut self, command: &Value) -> String {
        let commands = self.process.stdin.as_mut().unwrap();
        writeln!(commands, "{command}").unwrap();
        let answer = self.answers.recv_timeout(Duration::from_secs(60));
        answer.expect("Node exited, or did not answer within a minute")
    }
}
