//! Services that others wrote, on loopback: moto speaks S3 and SQS, Azurite Azure Blob Storage; NATS is NATS.
//!
//! A service is looked for in `target/services`, or where `SORDINO_MOTO`, `SORDINO_AZURITE` and `SORDINO_NATS`
//! say; tests that need one say "skipped" without it. Nobody who uses sordino needs them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};

/// A service that ends with this value, or with the test process.
pub struct Service {
    /// A shell that ends the service when its stdin closes: the test process may be killed.
    shell: Child,
    pub port: u16,
    /// What Azurite or NATS keeps.
    _folder: Option<tempfile::TempDir>,
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

impl Service {
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Starts a program, and waits until it says where it listens. `$0` of the script is the program.
    fn start(program: &Path, args: &[&str], folder: Option<tempfile::TempDir>) -> Self {
        let script = "\"$0\" \"$@\" </dev/null & service=$!; \
                      cat >/dev/null; kill -9 $service; wait $service 2>/dev/null";
        let mut shell = Command::new("sh")
            .args(["-c", script])
            .arg(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (found, port) = std::sync::mpsc::channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(shell.stdout.take().unwrap()), Box::new(shell.stderr.take().unwrap())];
        for stream in streams {
            let found = found.clone();
            // It is read to its end, so that the service never waits for its reader.
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let Some(port) = listening(&line) {
                        let _ = found.send(port);
                    }
                }
            });
        }
        drop(found);
        let port = port.recv().unwrap_or_else(|_| panic!("{} does not start", program.display()));
        Self { shell, port, _folder: folder }
    }
}

/// The port of a line such as `Running on http://127.0.0.1:5000`.
fn listening(line: &str) -> Option<u16> {
    let (before, rest) = line.split_once("127.0.0.1:")?;
    let words =
        ["Running on http://", "listens on http://", "Listening for client connections on "];
    let says = words.iter().any(|words| before.ends_with(words));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|_| says)
}

/// A program, if it is installed.
fn program(variable: &str, usual: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/services").join(usual);
    let program = named.unwrap_or(usual);
    if !program.is_file() {
        eprintln!("skipped: {} is not installed; see {variable}", program.display());
        return None;
    }
    Some(program)
}

/// A new S3, which is empty.
pub fn start_moto() -> Option<Service> {
    start_moto_at(0)
}

/// A new S3 at this port, which must be free; 0 for any.
pub fn start_moto_at(port: u16) -> Option<Service> {
    let moto = program("SORDINO_MOTO", "python/bin/moto_server")?;
    Some(Service::start(&moto, &["-H", "127.0.0.1", "-p", &port.to_string()], None))
}

/// The S3 that the tests of this process share. Each uses buckets of its own.
pub fn moto() -> Option<Arc<Service>> {
    static MOTO: OnceLock<Option<Arc<Service>>> = OnceLock::new();
    MOTO.get_or_init(|| start_moto().map(Arc::new)).clone()
}

/// A new NATS with JetStream, which is empty.
#[cfg(feature = "nats")]
pub fn start_nats() -> Option<Service> {
    start_nats_with(&[])
}

/// The same with these arguments.
#[cfg(feature = "nats")]
pub fn start_nats_with(more: &[&str]) -> Option<Service> {
    Some(nats(&program("SORDINO_NATS", "pinned/bin/nats-server")?, more))
}

/// A new NATS of Debian 12, which is too old.
#[cfg(feature = "nats")]
pub fn start_old_nats() -> Option<Service> {
    let program = program("SORDINO_OLD_NATS", "debian/usr/sbin/nats-server")?;
    let version = Command::new(&program).arg("--version").output().unwrap();
    if !String::from_utf8_lossy(&version.stdout).contains("v2.9.") {
        eprintln!("skipped: the distribution has another nats-server than 2.9");
        return None;
    }
    Some(nats(&program, &[]))
}

#[cfg(feature = "nats")]
fn nats(program: &Path, more: &[&str]) -> Service {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    let args = ["-js", "-sd", &path, "-a", "127.0.0.1", "-p", "-1"];
    let args: Vec<&str> = args.into_iter().chain(more.iter().copied()).collect();
    Service::start(program, &args, Some(folder))
}

#[cfg(feature = "nats")]
impl Service {
    /// Kills a NATS at once, and starts it on what is left.
    pub fn crash_nats(mut self) -> Self {
        let folder = self._folder.take().unwrap();
        let (path, port) = (folder.path().to_str().unwrap().to_owned(), self.port.to_string());
        drop(self);
        let program = program("SORDINO_NATS", "pinned/bin/nats-server").unwrap();
        let args = ["-js", "-sd", &path, "-a", "127.0.0.1", "-p", &port];
        Self::start(&program, &args, Some(folder))
    }
}

/// Makes a queue whose jobs are moved to a dead-letter queue after so many deliveries. Returns its URL.
#[cfg(feature = "sqs")]
pub fn make_queue(moto: &Service, name: &str, most: u32) -> String {
    make_lonely_queue(moto, &format!("{name}-dead"));
    let arn = format!("arn:aws:sqs:us-east-1:123456789012:{name}-dead");
    let policy =
        format!("%7B%22deadLetterTargetArn%22:%22{arn}%22,%22maxReceiveCount%22:%22{most}%22%7D");
    let more = format!("&Attribute.1.Name=RedrivePolicy&Attribute.1.Value={policy}");
    create_queue(moto, name, &more)
}

/// Makes a queue without a dead-letter queue. Returns its URL.
#[cfg(feature = "sqs")]
pub fn make_lonely_queue(moto: &Service, name: &str) -> String {
    create_queue(moto, name, "")
}

#[cfg(feature = "sqs")]
fn create_queue(moto: &Service, name: &str, more: &str) -> String {
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request\r\n";
    let body = format!("Action=CreateQueue&Version=2012-11-05&QueueName={name}{more}");
    let (status, answer) = request(moto, "POST", "/", headers, body.as_bytes());
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    format!("sqs://127.0.0.1:{}/123456789012/{name}?region=us-east-1", moto.port)
}

/// The variables with which sordino uses moto.
pub fn s3_variables(moto: &Service) -> Vec<(String, String)> {
    let pairs = [
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ENDPOINT_URL", moto.url()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Sends a request to moto, which checks no signature. Returns status and body.
pub fn http(moto: &Service, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
    // A body without a content type would be taken for a form.
    let headers = "Content-Type: application/octet-stream\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request\r\n";
    request(moto, method, path, headers, body)
}

/// Sends a request. Returns status and body.
fn request(
    service: &Service,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(("127.0.0.1", service.port)).unwrap();
    let (port, length) = (service.port, body.len());
    let length =
        if method == "GET" { String::new() } else { format!("Content-Length: {length}\r\n") };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{headers}{length}\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let status = String::from_utf8_lossy(&answer[9..12]).parse().unwrap();
    (status, answer.split_off(end + 4))
}

/// Makes a bucket.
pub fn make_bucket(moto: &Service, bucket: &str) {
    assert_eq!(http(moto, "PUT", &format!("/{bucket}"), b"").0, 200, "{bucket}");
}

/// Puts an object.
pub fn put_object(moto: &Service, bucket: &str, key: &str, body: &[u8]) {
    assert_eq!(http(moto, "PUT", &format!("/{bucket}/{key}"), body).0, 200, "{bucket}/{key}");
}

/// Gets an object; `None` if it is not there.
pub fn get_object(moto: &Service, bucket: &str, key: &str) -> Option<Vec<u8>> {
    let (status, body) = http(moto, "GET", &format!("/{bucket}/{key}"), b"");
    (status == 200).then_some(body)
}

/// How many multipart uploads of a bucket are open.
pub fn open_uploads(moto: &Service, bucket: &str) -> usize {
    let (status, body) = http(moto, "GET", &format!("/{bucket}?uploads"), b"");
    assert_eq!(status, 200);
    String::from_utf8_lossy(&body).matches("<Upload>").count()
}

/// The account of Azurite, which its makers have published.
#[cfg(feature = "azure")]
pub mod azure {
    use std::sync::{Arc, OnceLock};

    use base64::prelude::{BASE64_STANDARD, Engine};

    use super::{Service, program};

    const ACCOUNT: &str = "devstoreaccount1";
    const KEY: &str =
        "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    /// The Azure Blob Storage that the tests of this process share.
    pub fn azurite() -> Option<Arc<Service>> {
        static AZURITE: OnceLock<Option<Arc<Service>>> = OnceLock::new();
        let start = || {
            let azurite = program("SORDINO_AZURITE", "node/node_modules/.bin/azurite-blob")?;
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().to_str().unwrap().to_owned();
            let ports = ["--blobHost", "127.0.0.1", "--blobPort", "0"];
            let more = ["--location", &path, "--skipApiVersionCheck", "--disableTelemetry"];
            let args: Vec<&str> = ports.into_iter().chain(more).collect();
            Some(Arc::new(Service::start(&azurite, &args, Some(folder))))
        };
        AZURITE.get_or_init(start).clone()
    }

    /// The variables with which sordino uses Azurite.
    pub fn variables(azurite: &Service) -> Vec<(String, String)> {
        let pairs = [
            ("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT.to_owned()),
            ("AZURE_STORAGE_ACCOUNT_KEY", KEY.to_owned()),
            ("AZURE_STORAGE_ENDPOINT", format!("{}/{ACCOUNT}", azurite.url())),
        ];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Makes a container. The request is signed, because Azurite checks that.
    pub fn make_container(azurite: &Service, container: &str) {
        let date = httpdate::fmt_http_date(std::time::SystemTime::now());
        let headers = format!("x-ms-date:{date}\nx-ms-version:2021-08-06\n");
        let resource = format!("/{ACCOUNT}/{ACCOUNT}/{container}\nrestype:container");
        let signed = format!("PUT\n\n\n\n\n\n\n\n\n\n\n\n{headers}{resource}");
        let key = BASE64_STANDARD.decode(KEY).unwrap();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
        let signature = BASE64_STANDARD.encode(ring::hmac::sign(&key, signed.as_bytes()));
        let more = format!(
            "x-ms-date: {date}\r\nx-ms-version: 2021-08-06\r\n\
             Authorization: SharedKey {ACCOUNT}:{signature}\r\n"
        );
        let path = format!("/{ACCOUNT}/{container}?restype=container");
        let (status, body) = super::request(azurite, "PUT", &path, &more, b"");
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    }
}
