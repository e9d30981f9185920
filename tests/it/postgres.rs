//! PostgreSQL from the distribution, on loopback, with a cluster of its own in a temporary folder.
//!
//! Debian's package starts another cluster, which is left alone. Without the package, tests that need it
//! say "skipped".

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use postgres::{Client, NoTls};

/// A server that ends with this value, or with the test process.
pub struct Server {
    folder: PathBuf,
    pub port: u16,
    /// A shell that ends the server when its stdin ends: the test process may be killed.
    shell: Child,
}

/// Ends the server at the end of stdin, and removes the folder unless a word comes first.
const SCRIPT: &str = "\"$@\" </dev/null & server=$!; read -r keep; \
     kill -INT $server 2>/dev/null; wait $server 2>/dev/null; [ -n \"$keep\" ] || rm -rf \"$0\"";

/// Another user: PostgreSQL refuses to run as root.
const AS_POSTGRES: [&str; 4] =
    ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"];

/// A program of the newest version that is installed.
fn program(name: &str) -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let paths = versions.map_while(Result::ok).map(|version| version.path().join("bin").join(name));
    paths.filter(|path| path.is_file()).max()
}

fn id(which: &str, of: &[&str]) -> u32 {
    let id = Command::new("id").arg(which).args(of).output().unwrap();
    String::from_utf8(id.stdout).unwrap().trim().parse().unwrap()
}

fn command(program: &Path) -> Command {
    if id("-u", &[]) != 0 {
        return Command::new(program);
    }
    let mut command = Command::new(AS_POSTGRES[0]);
    command.args(&AS_POSTGRES[1..]).arg(program);
    command
}

impl Server {
    /// A new server, without data; `None` where it is not installed.
    pub fn start() -> Option<Self> {
        let Some(initdb) = program("initdb") else {
            crate::services::skipped("PostgreSQL is not installed");
            return None;
        };
        let folder = tempfile::tempdir().unwrap().keep();
        if id("-u", &[]) == 0 {
            let [user, group] = ["-u", "-g"].map(|which| Some(id(which, &["postgres"])));
            std::os::unix::fs::chown(&folder, user, group).unwrap();
        }
        let made = command(&initdb)
            .args(["--auth=trust", "--username=sordino", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(folder.join("data"))
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let shell = run(&folder, port).unwrap();
        Some(Self { folder, port, shell })
    }

    /// The server that the tests of this process share. Each uses a database of its own.
    pub fn shared() -> Option<&'static Self> {
        static SERVER: OnceLock<Option<Server>> = OnceLock::new();
        SERVER.get_or_init(Self::start).as_ref()
    }

    /// The URL of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://sordino@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of a new database.
    pub fn database(&self, name: &str) -> String {
        self.client("postgres").batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        self.url(name)
    }

    /// A connection, past the journal.
    pub fn client(&self, database: &str) -> Client {
        Client::connect(&self.url(database), NoTls).unwrap()
    }

    /// Ends the sessions of all who use a database, and waits for it. The session of a process that was killed
    /// goes on with its last statement until the server notices.
    pub fn end_sessions(&self, database: &str) {
        let end = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let ended = self.client(database).query(end, &[]).unwrap();
        assert!(ended.iter().all(|row| row.get::<_, bool>(0)), "a session does not end");
    }

    /// Ends claims on jobs at once, as they would end after two minutes: those of a process, or all.
    pub fn end_claims(&self, database: &str, of: Option<u32>) {
        let mut client = self.client(database);
        // A process that dies before it has planned has made no tables.
        let there = "SELECT to_regclass('sordino.job') IS NOT NULL";
        if !client.query_one(there, &[]).unwrap().get::<_, bool>(0) {
            return;
        }
        // One row at a time: a statement that has locked one and waits for another can meet a process that
        // holds that one and waits for the first.
        let claimed = "state = 'started' AND ($1::text IS NULL OR split_part(worker, '-', 2) = $1)";
        let of = of.map(|process| process.to_string());
        let select = format!("SELECT number FROM sordino.job WHERE {claimed}");
        let end = format!("UPDATE sordino.job SET lease_until = 0 WHERE {claimed} AND number = $2");
        for row in client.query(&select, &[&of]).unwrap() {
            client.execute(&end, &[&of, &row.get::<_, i64>(0)]).unwrap();
        }
    }

    /// Where its settings are.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Kills it at once, and starts it on what is left.
    pub fn crash(&mut self) {
        let pid = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap();
        assert!(Command::new("kill").args(["-9", pid]).status().unwrap().success());
        self.restart();
    }

    /// Ends it, unless it has, and starts it again.
    pub fn restart(&mut self) {
        self.end(b"keep\n");
        // Until the last process of the old one is gone, a new one refuses to start.
        let again = (0..500).find_map(|_| run(&self.folder, self.port));
        self.shell = again.expect("PostgreSQL starts again");
    }

    fn end(&mut self, word: &[u8]) {
        let mut stdin = self.shell.stdin.take().unwrap();
        stdin.write_all(word).unwrap();
        drop(stdin);
        self.shell.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end(b"");
    }
}

/// Runs a server, and waits until it can be used.
fn run(folder: &Path, port: u16) -> Option<Child> {
    let server = command(&program("postgres").unwrap());
    let mut shell = Command::new("sh")
        .args(["-c", SCRIPT])
        .arg(folder)
        .arg(server.get_program())
        .args(server.get_args())
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-k"])
        .arg(folder)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(shell.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut met = Vec::new();
    for line in lines.by_ref() {
        if line.contains("ready to accept connections") {
            // It is read to its end, so that the server never waits for its reader.
            std::thread::spawn(move || lines.for_each(drop));
            return Some(shell);
        }
        if line.contains("FATAL") {
            break;
        }
        met.push(line);
    }
    drop(lines);
    shell.stdin.take().unwrap().write_all(b"keep\n").unwrap();
    shell.wait().unwrap();
    None
}
