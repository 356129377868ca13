//! The handle of a proxy, and the port that it listens on.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::answer::{Lost, Server};
use crate::state::{Call, Delays, Pool, Rule, State, Status};

/// A running proxy; it ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// A proxy on a free loopback port before the simulation at `backend`, such as
    /// `http://127.0.0.1:4566`.
    ///
    /// # Errors
    /// Where `backend` is no address with a port, or no port can be listened on.
    pub async fn start(backend: &str) -> io::Result<Self> {
        let backend = backend.trim_start_matches("http://").trim_end_matches('/');
        let backend: SocketAddr = backend.parse().map_err(io::Error::other)?;
        Self::listen(Some(backend)).await
    }

    /// A proxy with nothing behind it: what meets no rule is an error `NotSimulated`.
    ///
    /// # Errors
    /// Where no port can be listened on.
    pub async fn alone() -> io::Result<Self> {
        Self::listen(None).await
    }

    async fn listen(backend: Option<SocketAddr>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let server = Server::new(backend, Arc::clone(&state));
        let task = tokio::spawn(listen(listener, Arc::new(server)));
        Ok(Self { address, state, task })
    }

    /// The address for the SDK, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on there is no capacity in `pool`.
    pub fn empty(&self, pool: Pool) {
        self.refuse(pool, "InsufficientInstanceCapacity");
    }

    /// From now on nothing is launched in `pool`, and this code says why.
    pub fn refuse(&self, pool: Pool, code: &'static str) {
        self.state().refused.insert(pool, code);
    }

    /// All pools have capacity again.
    pub fn refill(&self) {
        self.state().refused.clear();
    }

    /// Only these types are listed and offered from now on; it saves seconds in each reading of them.
    pub fn sell_only(&self, types: &[&str]) {
        self.state().sold = types.iter().map(|name| (*name).to_owned()).collect();
    }

    /// How late the cloud is from now on, for machines of before as well.
    pub fn set_delays(&self, delays: Delays) {
        self.state().delays = delays;
    }

    /// From now on a machine is told to be so.
    pub fn set_status(&self, id: &str, status: Status) {
        self.state().statuses.insert(id.to_owned(), status);
    }

    /// Sets a public parameter.
    pub fn set_parameter(&self, path: &str, value: &str) {
        self.state().parameters.insert(path.to_owned(), value.to_owned());
    }

    /// Sets the list price of a type, USD per hour.
    pub fn set_on_demand(&self, instance_type: &str, usd: &str) {
        self.state().on_demand.insert(instance_type.to_owned(), usd.to_owned());
    }

    /// Sets the spot price of a type in a zone, USD per hour.
    pub fn set_spot(&self, instance_type: &str, zone: &str, usd: &str) {
        let key = (instance_type.to_owned(), zone.to_owned());
        self.state().spot.insert(key, usd.to_owned());
    }

    /// Makes calls go wrong.
    pub fn add_rule(&self, rule: Rule) {
        self.state().rules.push(rule);
    }

    /// All calls so far.
    pub fn log(&self) -> Vec<Call> {
        self.state().log.clone()
    }

    /// The calls of one action so far.
    pub fn calls(&self, action: &str) -> Vec<Call> {
        self.log().into_iter().filter(|call| call.action == action).collect()
    }

    /// Actions that neither the simulation nor the proxy knows; a test asserts that there is none.
    pub fn unknown(&self) -> Vec<String> {
        self.state().unknown.iter().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

pub(crate) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

async fn listen(listener: TcpListener, server: Arc<Server>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| {
                let server = Arc::clone(&server);
                // In a task of its own: what was begun is done even if the caller does not wait for it.
                let answer = tokio::spawn(async move { server.answer(request).await });
                async move { answer.await.unwrap_or(Err(Lost)) }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            // A connection that breaks off is what some tests ask for.
            let _: Result<(), _> = connection.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
