//! A headless browser, driven through WebDriver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// One window of Chromium. Dropping it ends the browser and its driver.
pub struct Browser {
    driver: Child,
    session: String,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Browser {
    /// `None`, with a note on stderr, if no browser is installed.
    pub fn open() -> Option<Self> {
        let spawned = Command::new("chromedriver")
            .args(["--port=0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut driver) = spawned else {
            eprintln!("skipped: chromedriver is not installed");
            return None;
        };
        let output = BufReader::new(driver.stdout.take().unwrap());
        let mut lines = output.lines().map(Result::unwrap);
        let line = lines.find(|line| line.contains("successfully on port ")).unwrap();
        let port = line.rsplit(' ').next().unwrap().trim_end_matches('.').to_owned();
        // A full pipe would block the driver.
        std::thread::spawn(move || lines.for_each(drop));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        // Requests stay on loopback, but reqwest demands a TLS configuration.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let roots = rustls::RootCertStore::empty();
        let tls = rustls::ClientConfig::builder().with_root_certificates(roots);
        let http = reqwest::Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(tls.with_no_client_auth())
            .build()
            .unwrap();
        let session = format!("http://127.0.0.1:{port}/session");
        let mut browser = Self { driver, session, http, runtime };
        // The last option is for machines with little shared memory.
        let options = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--mute-audio",
            "--disable-dev-shm-usage",
        ];
        let asked = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": options },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        } } });
        let made = browser.post("", asked);
        browser.session += &format!("/{}", made["sessionId"].as_str().unwrap());
        Some(browser)
    }

    fn post(&self, path: &str, body: Value) -> Value {
        self.runtime.block_on(async {
            let url = format!("{}{path}", self.session);
            let answer = self.http.post(url).body(body.to_string()).send().await.unwrap();
            let text = answer.text().await.unwrap();
            let answer: Value = serde_json::from_str(&text).unwrap();
            assert!(answer["value"].get("error").is_none(), "{path}: {answer}");
            answer["value"].clone()
        })
    }

    pub fn visit(&self, path: &str) {
        self.post("/url", json!({ "url": format!("file://{path}") }));
    }

    /// Runs a script and returns its result.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": [] }))
    }

    fn element(&self, selector: &str) -> String {
        let found = self.post("/element", json!({ "using": "css selector", "value": selector }));
        found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()
    }

    /// Clicks an element with the mouse.
    pub fn click(&self, selector: &str) {
        self.post(&format!("/element/{}/click", self.element(selector)), json!({}));
    }

    /// Types into an element. `\u{E004}` is the tab key, `\u{E007}` is enter.
    pub fn type_at(&self, selector: &str, keys: &str) {
        self.post(&format!("/element/{}/value", self.element(selector)), json!({ "text": keys }));
    }

    /// Runs a command of the DevTools protocol.
    pub fn devtools(&self, command: &str, params: Value) -> Value {
        self.post("/goog/cdp/execute", json!({ "cmd": command, "params": params }))
    }

    /// The page is as wide as a phone, and dark where that is wanted.
    pub fn assert_fits_a_phone_and_follows_the_scheme(&self) {
        let phone = json!({ "width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": true });
        self.devtools("Emulation.setDeviceMetricsOverride", phone);
        let width = "return [innerWidth, document.documentElement.scrollWidth]";
        assert_eq!(self.run(width), json!([360, 360]));
        let colour = "return getComputedStyle(document.body).backgroundColor";
        let seen = ["light", "dark"].map(|scheme| {
            let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
            self.devtools("Emulation.setEmulatedMedia", json!({ "features": [feature] }));
            self.run(colour)
        });
        assert_ne!(seen[0], seen[1]);
    }

    /// The log since the last call: `browser` is the console, `performance` has the requests.
    pub fn log(&self, kind: &str) -> Vec<Value> {
        self.post("/se/log", json!({ "type": kind })).as_array().unwrap().clone()
    }

    /// The URLs of all requests since the last call.
    pub fn requests(&self) -> Vec<String> {
        let message = |entry: &Value| -> Value {
            serde_json::from_str(entry["message"].as_str().unwrap()).unwrap()
        };
        let log = self.log("performance");
        let sent = log
            .iter()
            .map(message)
            .filter(|message| message["message"]["method"] == "Network.requestWillBeSent");
        sent.map(|message| message["message"]["params"]["request"]["url"].as_str().unwrap().into())
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let session = self.session.clone();
        let end = self.http.delete(session).send();
        let _ = self.runtime.block_on(end);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
