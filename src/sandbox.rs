//! Sandbox: a Genesys stand-in on loopback, for the demo, dry runs and tests.
//!
//! It speaks the recordings API as [`genesys::wire`](crate::genesys::wire) has it: credentials and
//! tokens that expire, recordings with states, presigned URLs on a second port that expire and that
//! refuse whoever shows them a bearer, uploads that become recordings when they are complete.
//! Faults happen on demand (`fault`), and a ledger keeps every request (`state`).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

mod fault;
mod routes;
mod state;

pub use fault::{Fault, FaultError, Kind};
pub use state::{Entry, Options, Sandbox, Upload};

use state::Host;

/// Serves the API on one listener and the storage host on another, until `shutdown` is ready.
///
/// # Errors
/// An error of the listeners.
pub async fn serve(
    api: TcpListener,
    storage: TcpListener,
    sandbox: Sandbox,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    tokio::select! {
        result = accept(api, Host::Api, sandbox.clone()) => result,
        result = accept(storage, Host::Storage, sandbox) => result,
        () = shutdown => Ok(()),
    }
}

impl Sandbox {
    /// Binds two ports of this machine (`port` for the API, 0 for any) and serves in the
    /// background, for as long as the runtime lives. Gives the base URL.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(&self, port: u16) -> io::Result<String> {
        let api = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
        let storage = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let base = format!("http://{}", api.local_addr()?);
        self.set_storage(format!("http://{}", storage.local_addr()?));
        let sandbox = self.clone();
        tokio::spawn(async move { serve(api, storage, sandbox, std::future::pending()).await });
        Ok(base)
    }
}

async fn accept(listener: TcpListener, host: Host, sandbox: Sandbox) -> io::Result<()> {
    let router = TowerToHyperService::new(routes::router(host, sandbox.clone()));
    loop {
        // A client that is gone before it is accepted is no reason to stop.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (router, sandbox) = (router.clone(), sandbox.clone());
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let (router, sandbox) = (router.clone(), sandbox.clone());
            async move {
                let request = request.map(Body::new);
                let (asked, fault) = sandbox.receives(host, &request);
                let answer = match fault::before(&fault, &sandbox) {
                    Some(answer) => {
                        let body = routes::drain(request.into_body());
                        match fault {
                            Some(Kind::Early(_)) => drop(tokio::spawn(body)),
                            // Who answers before the body has come may lose the answer with the
                            // connection.
                            _ => body.await,
                        }
                        answer
                    }
                    None => match router.call(request).await {
                        Ok(response) => Ok(response),
                        Err(never) => match never {},
                    },
                };
                let answer = answer.and_then(|response| fault::after(&fault, response));
                sandbox.answers(asked, answer.as_ref().ok().map(|r| r.status().as_u16()));
                // An error closes the connection without an answer.
                answer.map_err(|fault::Dropped| io::Error::other("dropped on purpose"))
            }
        });
        tokio::spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new();
            // A client that goes away, and a fault that drops it, are no news.
            let _ = connection.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// What the routes share.
type Shared = Arc<state::State>;
