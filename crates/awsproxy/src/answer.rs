//! One call: the fault that is due, an answer of the proxy's own, or the simulation's.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::fleet::{self, Taken};
use crate::query::Query;
use crate::reply::{self, Form, Reply};
use crate::serve::lock;
use crate::state::{Fault, State, now};
use crate::{groups, instances, sold, status, xml};

/// Headers in which EKS and SQS say the code of an error.
const CODES: [&str; 2] = ["x-amzn-errortype", "x-amzn-query-error"];

pub(crate) struct Server {
    backend: Option<SocketAddr>,
    state: Arc<Mutex<State>>,
    /// Fleets are made one after the other, so that a token that comes twice at a time launches once.
    fleets: tokio::sync::Mutex<()>,
}

/// A reply got lost: the connection ends.
#[derive(Debug)]
pub(crate) struct Lost;

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the reply is lost")
    }
}

impl std::error::Error for Lost {}

impl Server {
    pub(crate) fn new(backend: Option<SocketAddr>, state: Arc<Mutex<State>>) -> Self {
        Self { backend, state, fleets: tokio::sync::Mutex::default() }
    }

    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Lost> {
        let (head, body) = request.into_parts();
        let Ok(body) = body.collect().await else { return Err(Lost) };
        let body = body.to_bytes();
        let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        let query = if target.is_some() { Query::default() } else { Query::parse(&body) };
        let action = match target {
            Some(target) => target.rsplit('.').next().unwrap_or_default().to_owned(),
            None if form_of(&head) == Form::Json => by_path(&head).to_owned(),
            None => query.get("Action").unwrap_or_default().to_owned(),
        };
        let fault = lock(&self.state).fault(&action, &query);
        match &fault {
            Some(Fault::Throttle) => {
                let (code, status) = match form_of(&head) {
                    Form::Ec2 => ("RequestLimitExceeded", 503),
                    Form::Query => ("Throttling", 400),
                    Form::Json => ("ThrottlingException", 400),
                };
                let message = "Request limit exceeded.";
                return Ok(response(Reply::error_of(form_of(&head), status, code, message)));
            }
            Some(Fault::Error(status, code)) => {
                let message = "as the test asked";
                return Ok(response(Reply::error_of(form_of(&head), *status, code, message)));
            }
            Some(Fault::Reply(status, body)) => return Ok(response(Reply::given(*status, body))),
            Some(Fault::Reset) => return Err(Lost),
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

    async fn reply(&self, action: &str, query: &Query, head: &Parts, body: &Bytes) -> Reply {
        match action {
            "CreateFleet" => return self.create_fleet(query, head).await,
            "GetProducts" => return reply::products(&lock(&self.state), body),
            "DescribeSpotPriceHistory" => return reply::spot_prices(&lock(&self.state), query),
            "DescribeInstanceStatus" => return status::statuses(&lock(&self.state), query),
            "DescribeInstances" => return self.describe_instances(query, head).await,
            "TerminateInstances" => return self.terminate_instances(query, head, body).await,
            "GetParameter" => {
                if let Some(reply) = reply::parameter(&lock(&self.state), body) {
                    return reply;
                }
            }
            "CreateLaunchTemplate" => {
                lock(&self.state).groups.extend(groups::of_template(query));
            }
            "CreateTags" => {
                let state = lock(&self.state);
                let ids = || query.list("ResourceId").filter(|id| id.starts_with("i-"));
                let unknown = ids().find(|id| !state.launched.contains_key(*id));
                if let Some(id) = unknown {
                    return Reply::error(400, "InvalidInstanceID.NotFound", id);
                }
                if let Some(reply) = instances::unseen(&state, ids(), now()) {
                    return reply;
                }
            }
            _ => {}
        }
        let narrowed = sold::narrowed(action, query, &lock(&self.state).sold);
        let body = narrowed.map_or_else(|| body.clone(), |query| query.encode().into());
        let reply = self.forward(action, head, body).await;
        if action == "DescribeSubnets" && reply.status == 200 {
            self.note_subnets(&reply.text());
        }
        reply
    }

    /// Remembers zones of subnets, which the simulation does not hold fleets against.
    fn note_subnets(&self, reply: &str) {
        let Ok(document) = roxmltree::Document::parse(reply) else { return };
        let mut state = lock(&self.state);
        for subnet in xml::items(document.root_element(), "subnetSet") {
            let field = |name: &str| xml::text(subnet, &[name]).to_owned();
            state.subnets.insert(field("subnetId"), field("availabilityZone"));
        }
    }

    async fn describe_instances(&self, query: &Query, head: &Parts) -> Reply {
        if let Some(reply) = instances::unseen(&lock(&self.state), query.list("InstanceId"), now())
        {
            return reply;
        }
        let (wanted, query) = instances::widened(query);
        let mut reply = self.forward("DescribeInstances", head, query.encode().into()).await;
        if reply.status == 200 {
            let text = reply.text();
            let told = instances::told(&lock(&self.state), &text, wanted.as_deref(), now());
            reply.body = told.unwrap_or(text).into_bytes();
        }
        reply
    }

    async fn terminate_instances(&self, query: &Query, head: &Parts, body: &Bytes) -> Reply {
        if let Some(reply) = instances::unseen(&lock(&self.state), query.list("InstanceId"), now())
        {
            return reply;
        }
        let reply = self.forward("TerminateInstances", head, body.clone()).await;
        if reply.status == 200 {
            let mut state = lock(&self.state);
            for id in query.list("InstanceId") {
                state.ended.entry(id.to_owned()).or_insert_with(now);
            }
        }
        reply
    }

    async fn create_fleet(&self, query: &Query, head: &Parts) -> Reply {
        let _one_at_a_time = self.fleets.lock().await;
        let token = query.get("ClientToken").unwrap_or_default().to_owned();
        let (forward, errors) = {
            let state = lock(&self.state);
            if let Some((earlier, reply)) = state.tokens.get(&token) {
                if earlier == query {
                    return Reply::new(200, "text/xml", reply.clone());
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
            let text = reply.text();
            let launched = fleet::instances(&text);
            if let Some(failed) = self.put_into_groups(&launched, &forward, head).await {
                return failed;
            }
            reply.body = fleet::with_errors(&text, &errors).into_bytes();
            let mut state = lock(&self.state);
            state.launched.extend(launched.into_iter().map(|id| (id, now())));
            state.tokens.insert(token, (query.clone(), reply.body.clone()));
        }
        reply
    }

    /// Gives machines of a fleet the groups of its template; the reply that says that it could not.
    async fn put_into_groups(
        &self,
        machines: &[String],
        fleet: &Query,
        head: &Parts,
    ) -> Option<Reply> {
        let template = groups::template_of_fleet(fleet)?;
        let known = lock(&self.state).groups.get(template).cloned()?;
        for machine in machines.iter().filter(|_| !known.is_empty()) {
            let change = groups::change(machine, &known).encode().into();
            let reply = self.forward("ModifyInstanceAttribute", head, change).await;
            if reply.status != 200 {
                return Some(reply);
            }
        }
        None
    }

    /// Asks the simulation. A page of HTML is its way of saying that it does not know an action.
    async fn forward(&self, action: &str, head: &Parts, body: Bytes) -> Reply {
        let reply = match self.backend {
            Some(backend) => match send(backend, head, body).await {
                Ok(reply) => reply,
                Err(error) => return Reply::error(503, "Unavailable", &error.to_string()),
            },
            None => return self.not_simulated(action),
        };
        let html = reply.body.starts_with(b"<!doctype") || reply.body.starts_with(b"<!DOCTYPE");
        if reply.status == 500 && html { self.not_simulated(action) } else { reply }
    }

    fn not_simulated(&self, action: &str) -> Reply {
        lock(&self.state).unknown.insert(action.to_owned());
        Reply::error(400, "NotSimulated", action)
    }
}

/// The action of a call that says it by its path, as those to EKS do.
fn by_path(head: &Parts) -> &'static str {
    match (head.method.as_str(), head.uri.path()) {
        ("GET", path) if path.starts_with("/clusters/") => "DescribeCluster",
        ("POST", "/clusters") => "CreateCluster",
        _ => "",
    }
}

/// The form of the service that a call is to, which the scope of its signature names.
fn form_of(head: &Parts) -> Form {
    let signed = head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let scope = signed.and_then(|text| text.split_once("Credential=")).map_or("", |(_, rest)| rest);
    match scope.split('/').nth(3) {
        Some("iam" | "sts") => Form::Query,
        Some("eks" | "pricing" | "sqs" | "ssm") => Form::Json,
        _ => Form::Ec2,
    }
}

async fn send(
    backend: SocketAddr,
    head: &Parts,
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
    let header = |name: &'static str| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some((name, value.to_owned()))
    };
    let codes = CODES.into_iter().filter_map(header).collect();
    let body = response.into_body().collect().await?.to_bytes().to_vec();
    Ok(Reply { codes, ..Reply::new(status, kind, body) })
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response =
        Response::builder().status(reply.status).header(header::CONTENT_TYPE, reply.kind);
    for (name, value) in reply.codes {
        response = response.header(name, value);
    }
    let response = response.body(Full::new(Bytes::from(reply.body)));
    response.unwrap_or_else(|_: hyper::http::Error| Response::new(Full::default()))
}
