//! The engines of queues, each a server of its own that a test may kill.

use crate::postgres::Server;

pub enum Engine {
    Postgres(Server),
}

impl Engine {
    /// PostgreSQL with an empty database; `None` where it is not installed.
    pub fn postgres() -> Option<Self> {
        let server = Server::start()?;
        server.database("calls");
        Some(Self::Postgres(server))
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        match self {
            Self::Postgres(server) => server.port,
        }
    }

    /// The URL of the queue at this port.
    pub fn url(&self, port: u16) -> String {
        match self {
            Self::Postgres(_) => format!("postgres://sordino@127.0.0.1:{port}/calls"),
        }
    }

    /// What a worker needs in its environment.
    pub fn variables(&self) -> Vec<(String, String)> {
        match self {
            Self::Postgres(_) => Vec::new(),
        }
    }

    /// Kills it at once, and starts it on what is left. Whether it can be: a mock has nothing left.
    pub fn crash(&mut self) -> bool {
        match self {
            Self::Postgres(server) => server.crash(),
        }
        true
    }
}
