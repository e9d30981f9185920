//! The engines of queues, each a server of its own that a test may kill.

#[cfg(feature = "postgres")]
use std::sync::atomic::{AtomicUsize, Ordering};

#[cfg(feature = "postgres")]
use crate::postgres::Server;
#[cfg(any(feature = "nats", feature = "sqs"))]
use crate::services::{self, Service};

pub enum Engine {
    #[cfg(feature = "postgres")]
    Postgres { own: Option<Server>, port: u16, database: String },
    #[cfg(feature = "sqs")]
    Sqs(Service),
    #[cfg(feature = "nats")]
    Nats { server: Option<Service>, folder: tempfile::TempDir, port: u16 },
}

impl Engine {
    /// A PostgreSQL of its own with an empty database; `None` where it is not installed.
    #[cfg(feature = "postgres")]
    pub fn postgres() -> Option<Self> {
        let server = Server::start()?;
        server.database("calls");
        let port = server.port;
        Some(Self::Postgres { own: Some(server), port, database: "calls".into() })
    }

    /// An empty database of the server that all tests share, so it cannot be killed.
    #[cfg(feature = "postgres")]
    pub fn shared_postgres() -> Option<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let server = Server::shared()?;
        let database = format!("work_{}", NEXT.fetch_add(1, Ordering::SeqCst));
        server.database(&database);
        Some(Self::Postgres { own: None, port: server.port, database })
    }

    /// SQS by moto, with an empty queue; `None` where it is not installed.
    #[cfg(feature = "sqs")]
    pub fn sqs() -> Option<Self> {
        let moto = services::start_moto()?;
        services::make_queue(&moto, "calls", 100);
        Some(Self::Sqs(moto))
    }

    /// NATS, whose streams are made by whoever opens them; `None` where it is not installed.
    #[cfg(feature = "nats")]
    pub fn nats() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let server = services::start_nats_with(&["-sd", folder.path().to_str().unwrap()])?;
        let port = server.port;
        Some(Self::Nats { server: Some(server), folder, port })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres { port, .. } => *port,
            #[cfg(feature = "sqs")]
            Self::Sqs(moto) => moto.port,
            #[cfg(feature = "nats")]
            Self::Nats { port, .. } => *port,
        }
    }

    /// The URL of the queue at this port.
    pub fn url(&self, port: u16) -> String {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres { database, .. } => {
                format!("postgres://sordino@127.0.0.1:{port}/{database}")
            }
            #[cfg(feature = "sqs")]
            Self::Sqs(_) => format!("sqs://127.0.0.1:{port}/123456789012/calls?region=us-east-1"),
            #[cfg(feature = "nats")]
            Self::Nats { .. } => format!("nats://127.0.0.1:{port}/CALLS"),
        }
    }

    /// What a worker needs in its environment.
    pub fn variables(&self) -> Vec<(String, String)> {
        match self {
            #[cfg(feature = "sqs")]
            Self::Sqs(_) => ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
                .map(|name| (name.to_owned(), "test".to_owned()))
                .into(),
            #[cfg(any(feature = "nats", feature = "postgres"))]
            _ => Vec::new(),
        }
    }

    /// Kills it at once, and starts it on what is left. Whether it can be: a mock has nothing left.
    pub fn crash(&mut self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres { own, .. } => own.as_mut().expect("its own").crash(),
            #[cfg(feature = "sqs")]
            Self::Sqs(_) => return false,
            #[cfg(feature = "nats")]
            Self::Nats { server, folder, port } => {
                drop(server.take());
                let (store, port) = (folder.path().to_str().unwrap(), port.to_string());
                *server = services::start_nats_with(&["-sd", store, "-p", &port]);
                assert!(server.is_some());
            }
        }
        true
    }
}
