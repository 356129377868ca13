//! The proxy itself: listens, answers or forwards.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::fleet::{self, Taken};
use crate::query::Query;
use crate::reply::{self, Reply};
use crate::state::{Fault, Pool, Rule, State};

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
    /// A proxy on a free loopback port before the simulation at `backend`.
    ///
    /// # Errors
    /// Where no port can be listened on.
    pub async fn start(backend: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let server = Server { backend, state: Arc::clone(&state) };
        let task = tokio::spawn(listen(listener, Arc::new(server)));
        Ok(Self { address, state, task })
    }

    /// The address for the SDK, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on there is no capacity in `pool`.
    pub fn empty(&self, pool: Pool) {
        self.state().empty.insert(pool);
    }

    /// All pools have capacity again.
    pub fn refill(&self) {
        self.state().empty.clear();
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

    /// Makes calls fail.
    pub fn add_rule(&self, rule: Rule) {
        self.state().rules.push(rule);
    }

    /// All calls so far, with the fault where one was due.
    pub fn log(&self) -> Vec<(String, Option<Fault>)> {
        self.state().log.clone()
    }

    /// Actions that neither the simulation nor the proxy knows; a test asserts that there is none.
    pub fn unknown(&self) -> Vec<String> {
        self.state().unknown.iter().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

struct Server {
    backend: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// A reply got lost: the connection ends.
#[derive(Debug)]
struct Lost;

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the reply is lost")
    }
}

impl std::error::Error for Lost {}

async fn listen(listener: TcpListener, server: Arc<Server>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let server = Arc::clone(&server);
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| {
                let server = Arc::clone(&server);
                async move { server.answer(request).await }
            });
            let connection = hyper::server::conn::http1::Builder::new();
            // A connection that breaks off is what some tests ask for.
            let _: Result<(), _> = connection.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl Server {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Lost> {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await else { return Err(Lost) };
        let body = body.to_bytes();
        let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        let query = Query::parse(&body);
        let action = match target {
            Some(target) => target.rsplit('.').next().unwrap_or_default().to_owned(),
            None => query.get("Action").unwrap_or_default().to_owned(),
        };
        let fault = lock(&self.state).fault(&action);
        match &fault {
            Some(Fault::Throttle) => {
                let message = "Request limit exceeded.";
                return Ok(response(Reply::error(503, "RequestLimitExceeded", message)));
            }
            Some(Fault::Error(status, code)) => {
                return Ok(response(Reply::error(*status, code, "as the test asked")));
            }
            Some(Fault::Delay(delay)) => tokio::time::sleep(*delay).await,
            Some(Fault::LoseReply | Fault::Truncate) | None => {}
        }
        let mut reply = self.reply(&action, &query, &head, &body).await;
        match fault {
            Some(Fault::LoseReply) => return Err(Lost),
            Some(Fault::Truncate) => reply.body.truncate(reply.body.len() / 2),
            _ => {}
        }
        Ok(response(reply))
    }

    async fn reply(
        &self,
        action: &str,
        query: &Query,
        head: &hyper::http::request::Parts,
        body: &Bytes,
    ) -> Reply {
        match action {
            "CreateFleet" => return self.create_fleet(query, head).await,
            "GetProducts" => return reply::products(&lock(&self.state)),
            "DescribeSpotPriceHistory" => return reply::spot_prices(&lock(&self.state), query),
            "GetParameter" => {
                if let Some(reply) = reply::parameter(&lock(&self.state), body) {
                    return reply;
                }
            }
            "CreateTags" => {
                let state = lock(&self.state);
                let unknown = query
                    .list("ResourceId")
                    .find(|id| id.starts_with("i-") && !state.instances.contains(*id));
                if let Some(id) = unknown {
                    return Reply::error(400, "InvalidInstanceID.NotFound", id);
                }
            }
            _ => {}
        }
        self.forward(action, head, body.clone()).await
    }

    async fn create_fleet(&self, query: &Query, head: &hyper::http::request::Parts) -> Reply {
        let token = query.get("ClientToken").unwrap_or_default().to_owned();
        let (forward, errors) = {
            let state = lock(&self.state);
            if let Some((earlier, reply)) = state.tokens.get(&token) {
                if earlier == query {
                    return Reply { status: 200, kind: "text/xml", body: reply.clone() };
                }
                let message = "The token was used with other parameters.";
                return Reply::error(400, "IdempotentParameterMismatch", message);
            }
            match fleet::take(&state, query) {
                Taken::Forward(query, errors) => (query, errors),
                Taken::Nothing(reply) => return reply,
            }
        };
        let mut reply = self.forward("CreateFleet", head, forward.encode().into()).await;
        if reply.status == 200 {
            let text = String::from_utf8_lossy(&reply.body);
            let launched = fleet::instances(&text);
            reply.body = fleet::with_errors(&text, &errors).into_bytes();
            let mut state = lock(&self.state);
            state.instances.extend(launched);
            state.tokens.insert(token, (query.clone(), reply.body.clone()));
        }
        reply
    }

    /// Asks the simulation. A page of HTML is its way of saying that it does not know an action.
    async fn forward(
        &self,
        action: &str,
        head: &hyper::http::request::Parts,
        body: Bytes,
    ) -> Reply {
        let reply = match send(self.backend, head, body).await {
            Ok(reply) => reply,
            Err(error) => return Reply::error(503, "Unavailable", &error.to_string()),
        };
        let html = reply.body.starts_with(b"<!doctype") || reply.body.starts_with(b"<!DOCTYPE");
        if reply.status == 500 && html {
            lock(&self.state).unknown.insert(action.to_owned());
            return Reply::error(400, "NotSimulated", action);
        }
        reply
    }
}

async fn send(
    backend: SocketAddr,
    head: &hyper::http::request::Parts,
    body: Bytes,
) -> Result<Reply, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(backend).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = Request::builder().method(head.method.clone()).uri(head.uri.clone());
    for (name, value) in &head.headers {
        if name != header::CONTENT_LENGTH {
            request = request.header(name, value);
        }
    }
    let response = sender.send_request(request.body(Full::new(body))?).await?;
    let status = response.status().as_u16();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_json =
        kind.and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.contains("json"));
    let kind = if is_json { "application/x-amz-json-1.1" } else { "text/xml" };
    let body = response.into_body().collect().await?.to_bytes().to_vec();
    Ok(Reply { status, kind, body })
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let response = Response::builder()
        .status(reply.status)
        .header(header::CONTENT_TYPE, reply.kind)
        .body(Full::new(Bytes::from(reply.body)));
    response.unwrap_or_else(|_: hyper::http::Error| Response::new(Full::default()))
}
