//! The application servers. Each is a process of its own.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

pub(crate) struct Apps {
    args: Vec<String>,
    /// By how many seconds the clock of each server is ahead.
    ahead: Vec<u64>,
    pub(crate) addresses: Vec<SocketAddr>,
    children: Vec<Mutex<Child>>,
}

impl Apps {
    /// Starts `count` servers with `args`, each on a free port, and waits until they answer. Their
    /// clocks differ by `skew` seconds at most.
    pub(crate) async fn start(count: usize, args: &[String], skew: u64) -> Result<Self> {
        let args = args.to_vec();
        let steps = count.saturating_sub(1).max(1) as u64;
        let ahead = (0..count as u64).map(|which| skew * which / steps).collect();
        let mut apps = Self { args, ahead, addresses: Vec::new(), children: Vec::new() };
        for which in 0..count {
            let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
            apps.addresses.push(address);
            apps.children.push(Mutex::new(apps.spawn(which, address)?));
        }
        for which in 0..count {
            apps.ready(which).await?;
        }
        Ok(apps)
    }

    /// Kills a server, and starts it again after the time `down`.
    pub(crate) async fn crash(&self, which: usize, down: Duration) -> Result<()> {
        let which = which % self.children.len();
        self.kill(which);
        tokio::time::sleep(down).await;
        if let (Some(child), Some(address)) = (self.children.get(which), self.addresses.get(which))
        {
            *child.lock().unwrap_or_else(PoisonError::into_inner) = self.spawn(which, *address)?;
        }
        self.ready(which).await
    }

    fn kill(&self, which: usize) {
        if let Some(child) = self.children.get(which) {
            let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn spawn(&self, which: usize, address: SocketAddr) -> Result<Child> {
        let ahead = self.ahead.get(which).copied().unwrap_or_default();
        let own = std::env::current_exe()?;
        let mut command = Command::new(own);
        command.args(["serve", "--port", &address.port().to_string()]);
        command.args(["--ahead", &ahead.to_string()]).args(&self.args);
        // The server exits when this pipe closes, which happens however this process ends.
        Ok(command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?)
    }

    /// Waits until the server accepts connections. One that exited is started again, as a service
    /// manager would do.
    async fn ready(&self, which: usize) -> Result<()> {
        let start = Instant::now();
        while let (Some(address), Some(child)) =
            (self.addresses.get(which), self.children.get(which))
        {
            if TcpStream::connect(address).await.is_ok() {
                break;
            }
            {
                let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
                if child.try_wait()?.is_some() {
                    *child = self.spawn(which, *address)?;
                }
            }
            if start.elapsed() > Duration::from_secs(30) {
                return Err("an application server did not start within 30 s".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

impl Drop for Apps {
    fn drop(&mut self) {
        for which in 0..self.children.len() {
            self.kill(which);
        }
    }
}
