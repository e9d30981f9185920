//! A way to a server that a test can stall or cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// Leads from a port of its own to that of a server.
pub struct Proxy {
    pub port: u16,
    way: Arc<Way>,
}

#[derive(Default)]
struct Way {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// No byte goes on, and no connection ends: as on a network that has lost its way.
    stalled: bool,
    open: Vec<TcpStream>,
}

impl Proxy {
    pub fn new(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let way: Arc<Way> = Arc::default();
        let shared = Arc::clone(&way);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // While the server is down, whoever comes is sent away.
                let Ok(server) = TcpStream::connect(("127.0.0.1", to)) else { continue };
                let ends = [(&client, &server), (&server, &client)];
                for (from, to) in
                    ends.map(|(a, b)| (a.try_clone().unwrap(), b.try_clone().unwrap()))
                {
                    let way = Arc::clone(&shared);
                    std::thread::spawn(move || way.pump(from, to));
                }
                shared.state.lock().unwrap().open.extend([client, server]);
            }
        });
        Self { port, way }
    }

    pub fn stall(&self) {
        self.way.state.lock().unwrap().stalled = true;
    }

    /// Everything goes on, what was held back first.
    pub fn release(&self) {
        self.way.state.lock().unwrap().stalled = false;
        self.way.changed.notify_all();
    }

    /// Ends all connections.
    pub fn cut(&self) {
        let open = std::mem::take(&mut self.way.state.lock().unwrap().open);
        open.iter().for_each(|open| drop(open.shutdown(Shutdown::Both)));
        self.release();
    }
}

impl Way {
    fn pump(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            let mut state = self.state.lock().unwrap();
            while state.stalled {
                state = self.changed.wait(state).unwrap();
            }
            drop(state);
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }
}
