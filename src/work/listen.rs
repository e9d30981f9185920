//! `/healthz`, `/readyz` and `/metrics`: for Kubernetes, Prometheus and whoever else asks.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

use super::Numbers;

/// The type that Prometheus asks for.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers at this address until the runtime ends. Returns the address, whose port is another where 0 was
/// asked for.
///
/// `/healthz` says that the process answers, `/readyz` whether its queue does too, `/metrics` all numbers.
///
/// # Errors
/// Those of the system, such as an address that is in use.
pub async fn listen(address: SocketAddr, numbers: Arc<Numbers>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let ready = Arc::clone(&numbers);
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(move || std::future::ready(readiness(&ready))))
        .route(
            "/metrics",
            get(move || std::future::ready(([(CONTENT_TYPE, TEXT)], numbers.metrics()))),
        );
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

fn readiness(numbers: &Numbers) -> impl IntoResponse + use<> {
    match numbers.is_ready() {
        true => (StatusCode::OK, "ready\n"),
        false => {
            (StatusCode::SERVICE_UNAVAILABLE, "the queue does not answer, or the worker ends\n")
        }
    }
}
