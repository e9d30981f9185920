//! Sandbox: a local stand-in for Genesys, for the demo, dry runs and tests.
//!
//! On one port it speaks the recordings API of [`genesys::wire`](crate::genesys::wire), where uploads become
//! recordings once they are complete, and the Platform API, where a [`Conversation`] has several recordings
//! that are transcoded, archived and deleted. It was built from the vendor's SDKs and public pages, not next
//! to a live organisation.
//!
//! Media and uploads are on a second port, the storage host. Its presigned URLs expire, and requests to it
//! that show a bearer token or a referrer are refused. Faults are injected on demand ([`InjectedFault`]),
//! and all requests are recorded in a ledger ([`Sandbox::ledger`]).

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

mod answer;
mod audio;
mod fault;
mod headers;
mod inject;
mod ledger;
mod platform;
mod presign;
mod routes;
mod state;

pub use audio::wav_header;
pub use fault::{FaultError, FaultKind, InjectedFault};
pub use ledger::LedgerEntry;
pub use platform::{Conversation, ConversationRecording, FileState, Import, ImportStatus};
pub use state::{Sandbox, SandboxOptions, Upload};

use inject::{ConnectionDropped, FaultInAnswer};
use state::Host;

/// The largest body that the API reads, in bytes.
const LARGEST_BODY: usize = 1024 * 1024;

impl Sandbox {
    /// Binds two ports of this machine (`port` for the API, 0 for any free one) and serves in the
    /// background while the runtime lives. Returns the base URL of the API. The port of the storage host is
    /// one of the options.
    ///
    /// # Errors
    /// When a port is taken.
    pub async fn start(&self, port: u16) -> io::Result<String> {
        let api = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
        let storage = SocketAddr::from(([127, 0, 0, 1], self.options.storage_port));
        let storage = TcpListener::bind(storage).await?;
        let base = format!("http://{}", api.local_addr()?);
        self.lock().storage = format!("http://{}", storage.local_addr()?);
        tokio::spawn(accept(api, Host::Api, self.clone()));
        tokio::spawn(accept(storage, Host::Storage, self.clone()));
        Ok(base)
    }
}

/// Serves a host for ever.
async fn accept(listener: TcpListener, host: Host, sandbox: Sandbox) {
    let router = TowerToHyperService::new(routes::router(host, sandbox.clone()));
    loop {
        // A client that disconnects before it is accepted must not stop the server.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (router, sandbox) = (router.clone(), sandbox.clone());
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let (router, sandbox) = (router.clone(), sandbox.clone());
            async move {
                let answer = answer(host, &router, &sandbox, request.map(Body::new)).await;
                // An error closes the connection without an answer.
                answer.map_err(|ConnectionDropped| io::Error::other("dropped by a fault"))
            }
        });
        tokio::spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new();
            // Fails when the client disconnects, or when a fault drops the connection.
            let _ = connection.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Answers a request with its route, or with the fault to inject.
async fn answer(
    host: Host,
    router: &TowerToHyperService<Router>,
    sandbox: &Sandbox,
    request: hyper::Request<Body>,
) -> Result<Response, ConnectionDropped> {
    let (index, fault) = sandbox.record(host, &request);
    let mut answer = answer_or_fault(host, router, sandbox, request, fault).await;
    if let (Host::Api, Ok(response)) = (host, &mut answer) {
        headers::add(sandbox, response.headers_mut());
    }
    sandbox.record_answer(index, answer.as_ref().ok().map(|response| response.status().as_u16()));
    answer
}

async fn answer_or_fault(
    host: Host,
    router: &TowerToHyperService<Router>,
    sandbox: &Sandbox,
    request: hyper::Request<Body>,
    fault: Option<FaultKind>,
) -> Result<Response, ConnectionDropped> {
    let answer = match inject::before(fault.as_ref(), sandbox, request.uri().path()) {
        Some(answer) => {
            let body = routes::drain(request.into_body());
            match fault {
                Some(FaultKind::Early(_)) => drop(tokio::spawn(body)),
                // An answer before the body has arrived can be lost with the connection.
                _ => body.await,
            }
            answer
        }
        None => {
            let (mut parts, body) = request.into_parts();
            parts.extensions.insert(FaultInAnswer(fault.clone()));
            let body = match host {
                // Complete before anything can be refused, for the same reason.
                Host::Api => whole(body).await?,
                Host::Storage => body,
            };
            let request = hyper::Request::from_parts(parts, body);
            router.call(request).await.map_err(|never| match never {})
        }
    };
    answer.and_then(|response| inject::after(fault.as_ref(), response))
}

/// A body of the API once all of it has arrived.
async fn whole(body: Body) -> Result<Body, ConnectionDropped> {
    let bytes = axum::body::to_bytes(body, LARGEST_BODY).await;
    bytes.map(Body::from).map_err(|_| ConnectionDropped)
}
