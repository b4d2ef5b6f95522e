//! The JavaScript side: remix's packages in one Node process, driven by lines of JSON.

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

/// A request whose session is open, and whose handler waits for what to do.
pub struct Opened(String);

/// What a request came to.
#[derive(Debug)]
pub struct Answer {
    /// What each step returned.
    pub results: Vec<Value>,
    /// The `Set-Cookie` fields.
    pub cookies: Vec<String>,
}

impl Remix {
    /// `setup`: `storage`, where it is (`at`), its `options`, the cookie's `name` and its options (`cookie`).
    pub fn start(setup: &Value) -> Self {
        let remix = Self(number());
        remix.ask(json!({"command": "start", "setup": setup}));
        remix
    }

    /// Sends a request with this `Cookie` field, up to the moment at which its session is open.
    pub fn open(&self, cookie: Option<&str>) -> Opened {
        let number = number();
        self.ask(json!({"command": "open", "number": number, "cookie": cookie}));
        Opened(number)
    }

    /// Lets the handler do `steps`, such as `[["set", "a", 1], ["get", "b"]]`, and waits for the response.
    pub fn finish(&self, opened: Opened, steps: &Value) -> Answer {
        let answer = self.ask(json!({"command": "finish", "number": opened.0, "steps": steps}));
        let text = |line: &Value| line.as_str().unwrap().to_owned();
        Answer {
            results: answer["results"].as_array().unwrap().clone(),
            cookies: answer["cookies"]
                .as_array()
                .unwrap()
                .iter()
                .map(text)
                .collect(),
        }
    }

    /// A whole request.
    pub fn request(&self, cookie: Option<&str>, steps: &Value) -> Answer {
        let opened = self.open(cookie);
        self.finish(opened, steps)
    }

    /// The `Set-Cookie` field that remix's cookie makes of `value`.
    pub fn serialize(&self, value: &str) -> String {
        let line = self.ask(json!({"command": "serialize", "value": value}));
        line.as_str().unwrap().to_owned()
    }

    /// What remix's cookie reads from a `Cookie` field.
    pub fn parse(&self, header: &str) -> Option<String> {
        let value = self.ask(json!({"command": "parse", "header": header}));
        value.as_str().map(str::to_owned)
    }

    /// What remix says to a session cookie without secrets.
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

/// A number that no other application and no other request has.
fn number() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    LAST.fetch_add(1, Ordering::Relaxed).to_string()
}

struct Node {
    process: Child,
    answers: Receiver<String>,
}

/// One for all tests, since it takes a while to start. It ends when its standard input does: with this process, however that ends.
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
        answer.expect("Node ended, or did not answer within a minute")
    }
}
