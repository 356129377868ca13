//! The two small HTTP servers: `/metrics` on one port, `/healthz` and `/readyz` on the other.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Connections served at once on a port; a probe or a scrape is one.
const CONNECTIONS_MAX: usize = 64;

/// What is answered: status, content type, text.
pub(crate) type Answer = (StatusCode, &'static str, String);

/// Plain text.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// Gives an answer to a path; `None`: there is no such page.
pub(crate) type Pages = Arc<dyn Fn(&str) -> Option<Answer> + Send + Sync>;

/// Serves `pages` on `listener` until dropped.
pub(crate) async fn serve(listener: TcpListener, pages: Pages) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file descriptors, most often: the next accept would fail at once as well.
                tracing::warn!(controller = "serve", %error, "cannot accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                continue;
            }
        };
        let pages = Arc::clone(&pages);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let response = respond(&request, &pages);
                async move { Ok::<_, Infallible>(response) }
            });
            let served = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
            if let Err(error) = served {
                tracing::debug!(controller = "serve", %error, "a connection failed");
            }
            drop(slot);
        });
    }
}

fn respond(request: &Request<Incoming>, pages: &Pages) -> Response<Full<Bytes>> {
    let missing = || (StatusCode::NOT_FOUND, TEXT, "there is no such page\n".to_owned());
    let (status, content, text) = pages(request.uri().path()).unwrap_or_else(missing);
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content));
    response
}

/// A listener on `address`; fails with the remedy.
pub(crate) async fn listen(
    address: SocketAddr,
    flag: &'static str,
) -> Result<TcpListener, ListenError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| ListenError { address, flag, source })
}

/// A port that cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}; choose another port with {flag}")]
pub struct ListenError {
    address: SocketAddr,
    flag: &'static str,
    source: std::io::Error,
}
