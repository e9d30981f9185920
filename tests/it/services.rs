//! Services that others wrote, on loopback: moto speaks S3 and SQS, Azurite Azure Blob Storage; NATS is NATS.
//!
//! A service is looked for in `target/services`, or where `SORDINO_MOTO`, `SORDINO_AZURITE` and `SORDINO_NATS`
//! say; tests that need one say "skipped" without it, or fail where `SORDINO_SERVICES=required`. Nobody who
//! uses sordino needs them.

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

/// Says why a test is skipped. Where the services are required, that is an error.
pub fn skipped(why: &str) {
    let is_required = std::env::var_os("SORDINO_SERVICES").is_some_and(|it| it == "required");
    assert!(!is_required, "{why}, and SORDINO_SERVICES=required");
    eprintln!("skipped: {why}");
}

#[test]
fn a_service_that_is_missing_skips_a_test_or_fails_it() {
    let is_fine = |services: &str| {
        let needs = "store::what_is_put_is_got_with_its_type_and_metadata";
        let mut test = Command::new(std::env::current_exe().unwrap());
        test.args(["--exact", needs]).stdout(Stdio::null()).stderr(Stdio::null());
        test.env("SORDINO_MOTO", "/nonexistent").env("SORDINO_SERVICES", services);
        test.status().unwrap().success()
    };
    assert!(is_fine("") && !is_fine("required"));
}

/// A program, if it is installed.
fn program(variable: &str, usual: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/services").join(usual);
    let program = named.unwrap_or(usual);
    if !program.is_file() {
        skipped(&format!("{} is not installed; see {variable}", program.display()));
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

/// Asks the API of JetStream, as another program does that makes streams. The answer must not be an error.
#[cfg(feature = "nats")]
pub fn ask_nats(nats: &Service, subject: &str, body: &serde_json::Value) {
    let mut stream = TcpStream::connect(("127.0.0.1", nats.port)).unwrap();
    let body = body.to_string();
    let (subject, length) = (format!("$JS.API.{subject}"), body.len());
    let words = format!(
        "CONNECT {{\"verbose\":false}}\r\nSUB answer 1\r\nPUB {subject} answer {length}\r\n{body}\r\n"
    );
    stream.write_all(words.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines.find(|line| line.starts_with("MSG answer")).unwrap();
    let answer = lines.next().unwrap();
    assert!(!answer.contains("\"error\""), "{subject}: {answer}");
}

#[cfg(feature = "nats")]
impl Service {
    /// Sends a message, as any program does, and waits until NATS has it.
    pub fn publish(&self, subject: &str, body: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        let words = format!(
            "CONNECT {{\"verbose\":false}}\r\nPUB {subject} {length}\r\n{body}\r\nPING\r\n"
        );
        stream.write_all(words.as_bytes()).unwrap();
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        assert!(lines.any(|line| line == "PONG"));
    }

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

/// Lets a bucket announce in a queue what is put into it.
#[cfg(feature = "sqs")]
pub fn announce(moto: &Service, bucket: &str, queue: &str) {
    let arn = format!("arn:aws:sqs:us-east-1:123456789012:{queue}");
    let body = format!(
        "<NotificationConfiguration><QueueConfiguration><Queue>{arn}</Queue>\
         <Event>s3:ObjectCreated:*</Event></QueueConfiguration></NotificationConfiguration>"
    );
    let path = format!("/{bucket}?notification");
    assert_eq!(http(moto, "PUT", &path, body.as_bytes()).0, 200);
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

/// A body without a content type would be taken for a form. moto checks no signature.
const HEADERS: &str = "Content-Type: application/octet-stream\r\n\
     Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request\r\n";

/// Sends a request to moto. Returns status and body.
pub fn http(moto: &Service, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
    request(moto, method, path, HEADERS, body)
}

/// The head of the answer that says what an object is.
pub fn head_object(moto: &Service, bucket: &str, key: &str) -> String {
    let (head, _) = exchange(moto, "HEAD", &format!("/{bucket}/{key}"), HEADERS, b"");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    head
}

/// Sends a request. Returns status and body.
fn request(
    service: &Service,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> (u16, Vec<u8>) {
    let (head, body) = exchange(service, method, path, headers, body);
    (head[9..12].parse().unwrap(), body)
}

/// Sends a request. Returns the head of the answer, and its body.
fn exchange(
    service: &Service,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> (String, Vec<u8>) {
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
    let body = answer.split_off(end + 4);
    (String::from_utf8(answer).unwrap(), body)
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

/// Puts an object of one server, if it is there, into another one, with its own metadata.
pub fn carry_object(from: &Service, to: &Service, bucket: &str, key: &str) {
    let path = format!("/{bucket}/{key}");
    let (head, body) = exchange(from, "GET", &path, HEADERS, b"");
    if !head.starts_with("HTTP/1.1 200") {
        return;
    }
    let own = head.lines().filter(|line| line.to_ascii_lowercase().starts_with("x-amz-meta-"));
    let headers: String = own.map(|line| format!("{line}\r\n")).collect();
    let (status, _) = request(to, "PUT", &path, &format!("{HEADERS}{headers}"), &body);
    assert_eq!(status, 200, "{path}");
}

/// The media type of an object.
pub fn media_type(moto: &Service, bucket: &str, key: &str) -> String {
    let (head, _) = exchange(moto, "GET", &format!("/{bucket}/{key}"), HEADERS, b"");
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    found.unwrap_or_else(|| panic!("{head}")).1.to_owned()
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
        AZURITE.get_or_init(|| start_azurite().map(Arc::new)).clone()
    }

    /// A new Azure Blob Storage, which is empty.
    pub fn start_azurite() -> Option<Service> {
        let azurite = program("SORDINO_AZURITE", "node/node_modules/.bin/azurite-blob")?;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        let ports = ["--blobHost", "127.0.0.1", "--blobPort", "0"];
        let more = ["--location", &path, "--skipApiVersionCheck", "--disableTelemetry"];
        let args: Vec<&str> = ports.into_iter().chain(more).collect();
        Some(Service::start(&azurite, &args, Some(folder)))
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

    /// Makes a container.
    pub fn make_container(azurite: &Service, container: &str) {
        let (status, body) = send(azurite, "PUT", container, &[("restype", "container")], b"");
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    }

    /// Puts a blob.
    pub fn put_blob(azurite: &Service, container: &str, name: &str, body: &[u8]) {
        let (status, _) = send(azurite, "PUT", &format!("{container}/{name}"), &[], body);
        assert_eq!(status, 201, "{container}/{name}");
    }

    /// Gets a blob; `None` if it is not there.
    pub fn get_blob(azurite: &Service, container: &str, name: &str) -> Option<Vec<u8>> {
        let (status, body) = send(azurite, "GET", &format!("{container}/{name}"), &[], b"");
        (status == 200).then_some(body)
    }

    /// How many blobs a container has, with those of which only blocks are there.
    pub fn count_blobs(azurite: &Service, container: &str) -> usize {
        let list = [("comp", "list"), ("include", "uncommittedblobs"), ("restype", "container")];
        let (status, body) = send(azurite, "GET", container, &list, b"");
        assert_eq!(status, 200, "{container}");
        String::from_utf8_lossy(&body).matches("<Blob>").count()
    }

    /// Sends a request, signed, because Azurite checks that. The query is in the order of its names.
    fn send(
        azurite: &Service,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: &[u8],
    ) -> (u16, Vec<u8>) {
        let is_blob = method == "PUT" && query.is_empty();
        let kind = if is_blob { "x-ms-blob-type:BlockBlob\n" } else { "" };
        let date = httpdate::fmt_http_date(std::time::SystemTime::now());
        let headers = format!("{kind}x-ms-date:{date}\nx-ms-version:2021-08-06\n");
        let length = if body.is_empty() { String::new() } else { body.len().to_string() };
        let named: String = query.iter().map(|(name, value)| format!("\n{name}:{value}")).collect();
        let resource = format!("/{ACCOUNT}/{ACCOUNT}/{path}{named}");
        let signed = format!("{method}\n\n\n{length}\n\n\n\n\n\n\n\n\n{headers}{resource}");
        let key = BASE64_STANDARD.decode(KEY).unwrap();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
        let signature = BASE64_STANDARD.encode(ring::hmac::sign(&key, signed.as_bytes()));
        let more = format!(
            "{}Authorization: SharedKey {ACCOUNT}:{signature}\r\n",
            headers.replace('\n', "\r\n")
        );
        let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let path = format!("/{ACCOUNT}/{path}?{}", query.join("&"));
        super::request(azurite, method, &path, &more, body)
    }
}
