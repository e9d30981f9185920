//! What every engine of a queue must do, held for each: one test for all.
//!
//! Nothing sleeps: a pull waits until there is a job, and leases are short.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use sordino::queue::{
    Again, Dead, Delivery, LONGEST_BODY, Manage, Memory, Queue, QueueError, Status, Verdict,
};

/// Opens the same empty queue again and again, each time with this lease.
trait Engine {
    fn queue(&self, lease: Duration) -> Box<dyn Queue>;
    fn manage(&self) -> Box<dyn Manage>;

    /// How many jobs are handed out to several workers.
    fn jobs(&self) -> usize {
        2000
    }

    /// How many workers there are.
    fn workers(&self) -> usize {
        3
    }

    /// Whether the server may hand a job out twice by mistake.
    fn doubles(&self) -> bool {
        false
    }

    /// The shortest time that the engine can wait.
    fn unit(&self) -> Duration {
        Duration::from_millis(250)
    }
}

/// Long enough for anything that is bound to come.
const LONG: Duration = Duration::from_secs(20);

fn push(manage: &dyn Manage, bodies: impl IntoIterator<Item = String>) -> u64 {
    manage.push(&mut bodies.into_iter().map(Ok)).unwrap()
}

fn one(queue: &dyn Queue) -> Delivery {
    let mut pulled = queue.pull(1, LONG).unwrap();
    assert_eq!(pulled.len(), 1, "a job is handed out");
    pulled.remove(0)
}

fn dead(manage: &dyn Manage) -> Vec<Dead> {
    let mut all = Vec::new();
    let each = manage.each_dead(&mut |dead| {
        all.push(dead.clone());
        Verdict::Keep
    });
    each.unwrap();
    all
}

fn is_empty(queue: &dyn Queue, manage: &dyn Manage) {
    assert!(queue.pull(1, Duration::ZERO).unwrap().is_empty());
    let Status { waiting, in_work, delayed, .. } = manage.status().unwrap();
    let left: u64 = [waiting, in_work, delayed].into_iter().flatten().sum();
    assert_eq!(left, 0, "{:?}", manage.status());
}

/// The whole contract, in the order of a job's life.
fn conforms(engine: &dyn Engine) {
    let unit = engine.unit();
    let manage = engine.manage();
    is_empty(&*engine.queue(LONG), &*manage);
    each_job_is_handed_out_once(engine, &*manage);
    let short = engine.queue(2 * unit);
    a_lease_ends(&*short, unit);
    a_lease_is_extended(&*short, &*manage, unit);
    // Not before: NATS has one lease for all workers, that of who came last.
    let long = engine.queue(LONG);
    a_job_goes_back(&*long, &*manage, unit);
    a_job_is_buried(&*long, &*manage);
    too_long(&*manage);
    is_empty(&*long, &*manage);
    assert_eq!(manage.status().unwrap().dead, Some(0));
}

fn each_job_is_handed_out_once(engine: &dyn Engine, manage: &dyn Manage) {
    let jobs = engine.jobs();
    let bodies: Vec<String> = (0..jobs).map(|job| format!("{{\"job\":{job}}}")).collect();
    assert_eq!(push(manage, bodies.clone()), jobs as u64);
    let (done, unit) = (Mutex::new(BTreeMap::new()), engine.unit());
    let doubles = engine.doubles();
    let workers: Vec<_> = (0..engine.workers()).map(|_| engine.queue(LONG)).collect();
    std::thread::scope(|scope| {
        for queue in &workers {
            scope.spawn(|| {
                while done.lock().unwrap().len() < jobs {
                    for delivery in queue.pull(10, unit).unwrap() {
                        assert!(delivery.deliveries == 1 || doubles);
                        *done.lock().unwrap().entry(delivery.body.clone()).or_insert(0) += 1;
                        queue.done(delivery).unwrap();
                    }
                }
            });
        }
    });
    let done = done.into_inner().unwrap();
    let twice = done.values().filter(|&&times| times > 1).count();
    let most = if doubles { jobs / 10 } else { 0 };
    assert!(twice <= most, "{twice} jobs were handed out twice");
    assert!(bodies.iter().all(|body| done.contains_key(body)), "a job was lost");
    is_empty(&*workers[0], manage);
    // What was pushed long before is handed out too, and its age is known.
    push(manage, ["aged".to_owned()]);
    let aged = one(&*workers[0]);
    assert!(aged.since.unwrap() <= SystemTime::now() + Duration::from_secs(1));
    assert!(aged.since.unwrap() > SystemTime::now() - Duration::from_secs(600));
    workers[0].done(aged).unwrap();
    push(manage, ["leased".to_owned()]);
}

/// A worker that says nothing loses its job to another.
fn a_lease_ends(queue: &dyn Queue, unit: Duration) {
    assert_eq!(queue.lease(), 2 * unit);
    let first = one(queue);
    let second = one(queue);
    assert_eq!((&*first.body, &*second.body), ("leased", "leased"));
    assert_eq!((first.deliveries, second.deliveries), (1, 2));
    assert!(matches!(queue.extend(&first), Err(QueueError::Lost { .. })), "extend");
    let again = queue.again(first.clone(), Duration::ZERO, Again::Failed);
    assert!(matches!(again, Err(QueueError::Lost { .. })), "again: {again:?}");
    let buried = queue.bury(first, "lost");
    assert!(matches!(buried, Err(QueueError::Lost { .. })), "bury: {buried:?}");
    queue.done(second).unwrap();
    assert!(queue.pull(1, 3 * unit).unwrap().is_empty(), "what is done does not come back");
}

fn a_lease_is_extended(queue: &dyn Queue, manage: &dyn Manage, unit: Duration) {
    push(manage, ["long".to_owned()]);
    let held = one(queue);
    for _ in 0..5 {
        assert!(queue.pull(1, unit).unwrap().is_empty(), "it is held");
        queue.extend(&held).unwrap();
    }
    queue.done(held).unwrap();
}

fn a_job_goes_back(queue: &dyn Queue, manage: &dyn Manage, unit: Duration) {
    push(manage, ["back".to_owned()]);
    let first = one(queue);
    let since = first.since;
    queue.again(first, 3 * unit, Again::Failed).unwrap();
    assert!(queue.pull(1, unit).unwrap().is_empty(), "it is delayed");
    let second = one(queue);
    assert_eq!(second.deliveries, 2);
    let mut delivery = second;
    for _ in 0..3 {
        queue.again(delivery, 2 * unit, Again::NotYet).unwrap();
        assert!(queue.pull(1, unit).unwrap().is_empty(), "it is delayed");
        delivery = one(queue);
        assert_eq!((&*delivery.body, delivery.deliveries), ("back", 2), "waiting does not count");
        let [was, is] = [since, delivery.since].map(Option::unwrap);
        let apart = was.max(is).duration_since(was.min(is)).unwrap();
        assert!(apart < Duration::from_secs(1), "its age stays: {apart:?}");
    }
    queue.again(delivery, Duration::ZERO, Again::Failed).unwrap();
    let last = one(queue);
    assert_eq!(last.deliveries, 3);
    queue.done(last).unwrap();
}

fn a_job_is_buried(queue: &dyn Queue, manage: &dyn Manage) {
    assert_eq!(dead(manage), []);
    push(manage, ["poison".to_owned(), "rotten".to_owned()]);
    for _ in 0..2 {
        let delivery = one(queue);
        let reason = format!("{} failed:\nü", delivery.body);
        queue.bury(delivery, &reason).unwrap();
    }
    assert!(queue.pull(1, Duration::ZERO).unwrap().is_empty());
    assert_eq!(manage.status().unwrap().dead, Some(2));
    for _ in 0..2 {
        // To look does not change anything.
        let mut all = dead(manage);
        all.sort_by(|one, other| one.body.cmp(&other.body));
        let bodies: Vec<_> = all.iter().map(|dead| &*dead.body).collect();
        let reasons: Vec<_> = all.iter().map(|dead| dead.reason.as_deref().unwrap()).collect();
        assert_eq!(bodies, ["poison", "rotten"]);
        assert_eq!(reasons, ["poison failed: ü", "rotten failed: ü"]);
        assert!(all.iter().all(|dead| dead.deliveries == Some(1) && dead.since.is_some()));
        assert_ne!(all[0].id, all[1].id);
    }
    let each = manage.each_dead(&mut |dead| match &*dead.body {
        "poison" => Verdict::Retry,
        _ => Verdict::Drop,
    });
    each.unwrap();
    let retried = one(queue);
    assert_eq!((&*retried.body, retried.deliveries), ("poison", 1), "as if it were new");
    queue.done(retried).unwrap();
    assert_eq!(dead(manage), []);
}

fn too_long(manage: &dyn Manage) {
    let body = "x".repeat(LONGEST_BODY + 1);
    let pushed = manage.push(&mut [Ok(body)].into_iter());
    assert!(matches!(pushed, Err(QueueError::TooLong { bytes }) if bytes == LONGEST_BODY + 1));
    let broken = manage.push(&mut [Err("broken".into())].into_iter());
    assert!(matches!(broken, Err(QueueError::Jobs(_))));
}

struct InMemory(Memory);

impl Engine for InMemory {
    fn queue(&self, lease: Duration) -> Box<dyn Queue> {
        Box::new(self.0.with_lease(lease))
    }

    fn manage(&self) -> Box<dyn Manage> {
        Box::new(self.0.clone())
    }
}

#[test]
fn the_queue_in_memory_conforms() {
    conforms(&InMemory(Memory::new(LONG)));
}

/// Engines that others wrote: opened by a URL, on a runtime that outlives them.
#[cfg(any(feature = "nats", feature = "postgres", feature = "sqs"))]
mod by_url {
    use sordino::queue::{Options, open, open_to_manage};
    use tokio::runtime::Runtime;

    use super::*;

    struct ByUrl {
        url: String,
        unit: Duration,
        runtime: Runtime,
    }

    impl ByUrl {
        fn new(url: String, unit: Duration) -> Self {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
            Self { url, unit, runtime }
        }

        fn options(&self, lease: Duration) -> Options {
            Options { lease, runtime: self.runtime.handle().clone() }
        }

        fn refused(&self) -> QueueError {
            match open(&self.url, &self.options(LONG)) {
                Ok(_) => panic!("{} is opened", self.url),
                Err(error) => error,
            }
        }
    }

    impl Engine for ByUrl {
        fn queue(&self, lease: Duration) -> Box<dyn Queue> {
            open(&self.url, &self.options(lease)).unwrap()
        }

        fn manage(&self) -> Box<dyn Manage> {
            open_to_manage(&self.url, &self.options(LONG)).unwrap()
        }

        fn unit(&self) -> Duration {
            self.unit
        }

        fn jobs(&self) -> usize {
            // moto answers ten requests a second where a server answers thousands.
            if self.url.starts_with("sqs") { 150 } else { 2000 }
        }

        fn doubles(&self) -> bool {
            // SQS promises at least once. moto looks at a message and marks it without a lock, so two who
            // ask at the same time may both get it: one in some hundreds.
            self.url.starts_with("sqs")
        }
    }

    const MILLIS: Duration = Duration::from_millis(400);

    #[cfg(feature = "postgres")]
    #[test]
    fn the_queue_in_postgres_conforms() {
        let Some(server) = crate::postgres::Server::shared() else { return };
        let engine = ByUrl::new(server.database("queue_conforms"), MILLIS);
        push(&*engine.manage(), []);
        conforms(&engine);
    }

    /// The name of a database may be another's by mistake.
    #[cfg(feature = "postgres")]
    #[test]
    fn a_postgres_database_without_a_queue_is_left_as_it_is_until_something_is_pushed() {
        let Some(server) = crate::postgres::Server::shared() else { return };
        let engine = ByUrl::new(server.database("queue_of_others"), MILLIS);
        let is_gone = |error: QueueError| matches!(error, QueueError::Gone { .. });
        assert!(is_gone(engine.refused()));
        let manage = engine.manage();
        assert!(is_gone(manage.status().unwrap_err()));
        assert!(is_gone(manage.each_dead(&mut |_| Verdict::Keep).unwrap_err()));
        let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'sordino'";
        let mut client = server.client("queue_of_others");
        assert_eq!(client.query_one(schemas, &[]).unwrap().get::<_, i64>(0), 0);
        push(&*manage, ["a".to_owned()]);
        assert_eq!(manage.status().unwrap().waiting, Some(1));
        assert_eq!(one(&*engine.queue(LONG)).body, "a");
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_queue_in_postgres_survives_a_crash_of_the_server() {
        let Some(mut server) = crate::postgres::Server::start() else { return };
        let engine = ByUrl::new(server.database("queue_crash"), MILLIS);
        let manage = engine.manage();
        push(&*manage, ["a".to_owned(), "b".to_owned()]);
        let queue = engine.queue(LONG);
        let held = one(&*queue);
        server.crash();
        // The same objects go on, and the lease is what it was.
        queue.extend(&held).unwrap();
        let other = one(&*queue);
        assert_ne!(held.body, other.body);
        server.crash();
        queue.done(held).unwrap();
        queue.done(other).unwrap();
        is_empty(&*queue, &*manage);
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_database_that_is_not_there_is_another_error_than_a_refused_login_in_postgres() {
        let Some(server) = crate::postgres::Server::shared() else { return };
        let gone = ByUrl::new(server.url("not_there"), MILLIS).refused();
        assert!(matches!(gone, QueueError::Gone { .. }), "{gone}");
        let login = server.url("postgres").replace("sordino@", "nobody:s3cret@");
        let refused = ByUrl::new(login, MILLIS).refused();
        assert!(matches!(refused, QueueError::Refused { .. }), "{refused}");
        let silent = "postgres://me:s3cret@127.0.0.1:1/calls?connect_timeout=1".to_owned();
        let silent = ByUrl::new(silent, MILLIS).refused();
        assert!(silent.is_retryable(), "{silent}");
        for error in [gone, refused, silent] {
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[cfg(feature = "nats")]
    #[test]
    fn the_queue_in_nats_conforms() {
        let Some(nats) = crate::services::start_nats() else { return };
        let engine = ByUrl::new(format!("nats://127.0.0.1:{}/CALLS", nats.port), MILLIS);
        assert!(
            matches!(engine.refused(), QueueError::Gone { .. }),
            "no stream is made to work on"
        );
        push(&*engine.manage(), []);
        conforms(&engine);
    }

    /// A stream of a platform team: a subject and a consumer for each region, with limits of their own.
    #[cfg(feature = "nats")]
    #[test]
    fn a_nats_stream_that_was_made_by_hand_keeps_each_job_with_its_consumer_and_loses_none() {
        let Some(nats) = crate::services::start_nats() else { return };
        let ask = |subject: &str, body| crate::services::ask_nats(&nats, subject, &body);
        let stream = serde_json::json!({
            "name": "CALLS", "subjects": ["calls.eu", "calls.us"], "retention": "workqueue",
        });
        ask("STREAM.CREATE.CALLS", stream);
        for name in ["eu", "us"] {
            let config = serde_json::json!({
                "durable_name": name, "filter_subject": format!("calls.{name}"), "ack_policy": "explicit",
                "max_deliver": 2, "max_ack_pending": 1,
            });
            let body = serde_json::json!({ "stream_name": "CALLS", "config": config });
            ask(&format!("CONSUMER.DURABLE.CREATE.CALLS.{name}"), body);
        }
        let of = |query: &str| {
            ByUrl::new(format!("nats://127.0.0.1:{}/CALLS?{query}", nats.port), MILLIS)
        };
        let (eu, us) = (of("consumer=eu"), of("consumer=us&subject=calls.us"));
        let (manage, eu, us) = (us.manage(), eu.queue(LONG), us.queue(LONG));
        push(&*manage, ["a".to_owned(), "b".to_owned()]);
        let (a, b) = (one(&*us), one(&*us));
        assert_eq!((&*a.body, &*b.body), ("a", "b"));
        us.done(b).unwrap();
        // Not begun: a copy. It belongs to the same consumer.
        us.again(a, Duration::ZERO, Again::NotYet).unwrap();
        let mut a = one(&*us);
        for times in 1..=4 {
            assert_eq!((&*a.body, a.deliveries), ("a", times));
            us.again(a, Duration::ZERO, Again::Failed).unwrap();
            a = one(&*us);
        }
        us.bury(a, "a:\nb").unwrap();
        let [dead] = &dead(&*manage)[..] else { panic!("it is buried once") };
        assert_eq!((dead.reason.as_deref(), dead.deliveries), (Some("a: b"), Some(5)));
        // Whoever retries it need not know where it belongs.
        of("consumer=eu").manage().each_dead(&mut |_| Verdict::Retry).unwrap();
        assert!(eu.pull(1, MILLIS).unwrap().is_empty());
        us.done(one(&*us)).unwrap();
        // Another stream takes this subject.
        let other = serde_json::json!({ "name": "OTHER", "subjects": ["other"] });
        ask("STREAM.CREATE.OTHER", other);
        let lost = of("subject=other").manage().push(&mut [Ok("c".to_owned())].into_iter());
        assert!(lost.is_err(), "a job is in another queue");
    }

    /// Whoever can send may send anything.
    #[cfg(feature = "nats")]
    #[test]
    fn a_nats_message_that_is_too_long_to_be_copied_is_buried_with_its_beginning() {
        let Some(nats) = crate::services::start_nats() else { return };
        let engine = ByUrl::new(format!("nats://127.0.0.1:{}/CALLS", nats.port), MILLIS);
        let manage = engine.manage();
        push(&*manage, []);
        // The server takes a MiB, and a copy has headers besides.
        nats.publish("CALLS", &"ü".repeat(512 * 1024 - 50));
        let queue = engine.queue(LONG);
        let held = one(&*queue);
        assert!(sordino::queue::Order::read(&held.body).is_err());
        queue.bury(held, "too long").unwrap();
        let [dead] = &dead(&*manage)[..] else { panic!("it is buried") };
        assert_eq!(dead.body, "ü".repeat(LONGEST_BODY / 2));
        is_empty(&*queue, &*manage);
    }

    #[cfg(feature = "nats")]
    #[test]
    fn a_queue_in_nats_that_is_silent_is_not_taken_for_empty_and_goes_on_when_it_is_back() {
        let Some(nats) = crate::services::start_nats() else { return };
        let engine = ByUrl::new(format!("nats://127.0.0.1:{}/CALLS", nats.port), MILLIS);
        let manage = engine.manage();
        push(&*manage, ["a".to_owned(), "b".to_owned()]);
        let queue = engine.queue(LONG);
        let held = one(&*queue);
        let nats = nats.crash_nats();
        // Connecting again takes a while; until then each answer is that there is none.
        let other =
            std::iter::repeat_with(|| queue.pull(1, MILLIS)).find_map(|pulled| match pulled {
                Ok(mut jobs) => jobs.pop(),
                Err(error) => {
                    assert!(error.is_retryable(), "{error}");
                    None
                }
            });
        assert_ne!(held.body, other.as_ref().unwrap().body);
        queue.done(held).unwrap();
        queue.done(other.unwrap()).unwrap();
        is_empty(&*queue, &*manage);
        drop(nats);
        let silent = queue.pull(1, Duration::ZERO);
        assert!(matches!(silent, Err(QueueError::Unavailable { .. })), "{silent:?}");
    }

    #[cfg(feature = "nats")]
    #[test]
    fn a_nats_server_of_debian_is_refused_and_the_reason_says_what_to_take() {
        let Some(nats) = crate::services::start_old_nats() else { return };
        let engine = ByUrl::new(format!("nats://me:s3cret@127.0.0.1:{}/CALLS", nats.port), MILLIS);
        let refused = engine.refused();
        let said = refused.to_string();
        assert!(matches!(refused, QueueError::Wrong { .. }), "{said}");
        assert!(said.contains("2.9") && said.contains("2.10 or later"), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
    }

    #[cfg(feature = "nats")]
    #[test]
    fn a_nats_login_that_is_wrong_is_refused_and_a_silent_host_may_come_back() {
        let Some(nats) = crate::services::start_nats_with(&["--user", "me", "--pass", "right"])
        else {
            return;
        };
        let url = |login: &str| format!("nats://{login}127.0.0.1:{}/CALLS", nats.port);
        for login in ["me:s3cret@", ""] {
            let refused = ByUrl::new(url(login), MILLIS).refused();
            assert!(matches!(refused, QueueError::Refused { .. }), "{refused}");
            assert!(!refused.to_string().contains("s3cret"));
        }
        let right = ByUrl::new(url("me:right@"), MILLIS);
        assert_eq!(push(&*right.manage(), ["a".to_owned()]), 1);
        let silent = ByUrl::new("nats://me:s3cret@127.0.0.1:1/CALLS".into(), MILLIS).refused();
        assert!(silent.is_retryable() && !silent.to_string().contains("s3cret"), "{silent}");
    }

    /// The name of the variable with the queue's URL in the process that the test starts: credentials come
    /// from the environment, which a process shares.
    #[cfg(feature = "sqs")]
    const QUEUE: &str = "SORDINO_TEST_SQS";

    /// Runs this test once more in a process with these variables.
    #[cfg(feature = "sqs")]
    fn run_with(test: &str, url: &str, secret: Option<&str>) {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args([test, "--exact", "--nocapture"]).env(QUEUE, url);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
            command.env_remove(name);
        }
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", "/nonexistent");
        if let Some(secret) = secret {
            command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", secret);
        }
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
        assert!(said.contains("1 passed"), "{said}");
    }

    #[cfg(feature = "sqs")]
    #[test]
    fn the_queue_in_sqs_conforms() {
        let second = Duration::from_secs(1);
        if let Ok(url) = std::env::var(QUEUE) {
            return conforms(&ByUrl::new(url, second));
        }
        let Some(moto) = crate::services::moto() else { return };
        let url = crate::services::make_queue(&moto, "conforms", 100);
        run_with("queue::by_url::the_queue_in_sqs_conforms", &url, Some("test"));
    }

    #[cfg(feature = "sqs")]
    #[test]
    fn a_queue_of_sqs_that_is_missing_or_set_up_wrongly_is_not_opened() {
        let name = "queue::by_url::a_queue_of_sqs_that_is_missing_or_set_up_wrongly_is_not_opened";
        if let Ok(url) = std::env::var(QUEUE) {
            let error = ByUrl::new(url.clone(), MILLIS).refused();
            let is_as_expected = match &error {
                QueueError::Gone { .. } => url.contains("missing"),
                QueueError::Wrong { reason, .. } => {
                    url.contains("lonely") && reason.contains("dead-letter")
                }
                QueueError::Refused { .. } => std::env::var_os("AWS_ACCESS_KEY_ID").is_none(),
                QueueError::Unavailable { .. } => url.contains(":1/"),
                _ => false,
            };
            assert!(is_as_expected, "{url}: {error}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
            return;
        }
        let Some(moto) = crate::services::moto() else { return };
        let lonely = crate::services::make_lonely_queue(&moto, "lonely");
        run_with(name, &lonely, Some("s3cret"));
        run_with(name, &lonely.replace("lonely", "missing"), Some("s3cret"));
        run_with(name, &lonely, None);
        run_with(name, "sqs://127.0.0.1:1/123456789012/calls?region=us-east-1", Some("s3cret"));
    }

    #[cfg(feature = "sqs")]
    #[test]
    fn sqs_moves_a_job_itself_that_nobody_buries_and_then_there_is_no_reason() {
        if let Ok(url) = std::env::var(QUEUE) {
            let engine = ByUrl::new(url, Duration::from_secs(1));
            let (queue, manage) = (engine.queue(Duration::from_secs(1)), engine.manage());
            assert_eq!(queue.most_deliveries(), Some(2));
            push(&*manage, ["poison".to_owned()]);
            assert_eq!(one(&*queue).deliveries, 1);
            assert_eq!(one(&*queue).deliveries, 2);
            assert!(queue.pull(1, Duration::from_secs(3)).unwrap().is_empty());
            let [dead] = &dead(&*manage)[..] else { panic!("it is buried") };
            assert_eq!((&*dead.body, &dead.reason, dead.deliveries), ("poison", &None, None));
            return;
        }
        let Some(moto) = crate::services::moto() else { return };
        let url = crate::services::make_queue(&moto, "moves", 2);
        let name =
            "queue::by_url::sqs_moves_a_job_itself_that_nobody_buries_and_then_there_is_no_reason";
        run_with(name, &url, Some("test"));
    }

    #[cfg(feature = "sqs")]
    #[test]
    fn what_s3_announces_to_sqs_is_a_recording() {
        use sordino::queue::Order;

        if let Ok(url) = std::env::var(QUEUE) {
            let engine = ByUrl::new(url, Duration::from_secs(1));
            let queue = engine.queue(LONG);
            let (mut ignored, mut found) = (0, Vec::new());
            while found.is_empty() {
                let delivery = one(&*queue);
                match Order::read(&delivery.body).unwrap() {
                    Order::Ignore(_) => ignored += 1,
                    Order::Recordings(recordings) => found = recordings,
                }
                queue.done(delivery).unwrap();
            }
            // moto sends no test event in every version.
            assert!(ignored <= 1);
            let [recording] = &found[..] else { panic!("{found:?}") };
            assert_eq!(recording.row.input(), Some("s3://announced/a b+c.wav"));
            assert_eq!(recording.bytes, Some(4));
            return;
        }
        let Some(moto) = crate::services::moto() else { return };
        let url = crate::services::make_queue(&moto, "announced", 3);
        crate::services::make_bucket(&moto, "announced");
        crate::services::announce(&moto, "announced", "announced");
        crate::services::put_object(&moto, "announced", "a%20b%2Bc.wav", b"RIFF");
        run_with("queue::by_url::what_s3_announces_to_sqs_is_a_recording", &url, Some("test"));
    }
}
