//! One request over plain HTTP to a server on loopback.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::{Error, Result};

/// moto takes 5 s for the slowest thing that is asked of it; a machine that builds besides, more.
const ANSWER_MAX: Duration = Duration::from_mins(1);

/// An answer: the status and the text.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

/// Sends a request on a connection of its own and reads the whole answer.
pub(crate) async fn send(port: u16, doing: &str, request: Request<String>) -> Result<Answer> {
    let failed = |error: String| Error::Answer { doing: doing.to_owned(), answer: error };
    let exchange = tokio::time::timeout(ANSWER_MAX, exchange(port, request)).await;
    let answer = exchange.map_err(|_| failed(format!("no answer within {ANSWER_MAX:?}")))?;
    answer.map_err(|error| failed(error.to_string()))
}

async fn exchange(
    port: u16,
    request: Request<String>,
) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let (mut head, body) = request.into_parts();
    head.headers.insert(hyper::header::HOST, format!("127.0.0.1:{port}").parse()?);
    let request = Request::from_parts(head, Full::new(Bytes::from(body)));
    let exchange = async {
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok::<_, hyper::Error>(Answer { status, text: String::from_utf8_lossy(&body).into_owned() })
    };
    // The connection does the work of the exchange; it may close before the last byte was looked at.
    let (answer, _closed) = tokio::join!(exchange, connection);
    Ok(answer?)
}
