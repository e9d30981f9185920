use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Instant;

use super::*;
use crate::batch::{Failed, FailureKind};
use crate::queue::{Again, Dead, Delivery, Memory, Verdict};

/// Work as a function of the recording's place.
struct Does<F>(F);

impl<F> Redact for Does<F>
where
    F: Fn(&str, u32, &Cancel) -> Result<Step, Failure> + Sync,
{
    fn redact(&self, of: &Recording, attempt: u32, cancel: &Cancel) -> Result<Step, Failure> {
        self.0(of.row.input().unwrap(), attempt, cancel)
    }
}

fn done() -> Result<Step, Failure> {
    Ok(Step::Done(Box::new(Done { frames: 8000, rate: 8000, ..Done::default() })))
}

fn failure(kind: FailureKind) -> Failure {
    Failed { kind, message: "why".into() }.into()
}

/// Jobs for the recordings `0`, `1`, … in a queue.
fn queue_of(count: usize) -> Memory {
    let queue = Memory::new(Duration::from_secs(600));
    let bodies = (0..count).map(|at| Ok(body(&at.to_string())));
    push(&queue, bodies);
    queue
}

fn body(place: &str) -> String {
    format!(r#"{{"sordino":1,"in":"{place}","windows":"1-2"}}"#)
}

fn push(
    queue: &Memory,
    mut bodies: impl Iterator<Item = Result<String, Box<dyn std::error::Error + Send + Sync>>>,
) {
    queue.push(&mut bodies).unwrap();
}

fn options(jobs: usize) -> Options {
    Options { wait: Duration::ZERO, grace: Duration::from_secs(600), ..Options::new(jobs) }
}

/// Works until the queue is empty.
fn drained(
    queue: &Memory,
    options: &Options,
    work: impl Fn(&str, u32, &Cancel) -> Result<Step, Failure> + Sync,
) -> Numbers {
    let numbers = Numbers::new();
    run(queue, Some(queue), &Does(work), options, &Cancel::new(), &numbers).unwrap();
    assert!(!numbers.is_ready(), "it has ended");
    numbers
}

fn dead(queue: &Memory) -> Vec<Dead> {
    let mut all = Vec::new();
    let keep = &mut |dead: &Dead| {
        all.push(dead.clone());
        Verdict::Keep
    };
    queue.each_dead(keep).unwrap();
    all
}

fn reasons(queue: &Memory) -> Vec<String> {
    dead(queue).into_iter().map(|dead| dead.reason.unwrap()).collect()
}

#[test]
fn each_job_is_done_once_by_any_number_of_workers_and_the_queue_is_empty() {
    for jobs in [1, 2, 7] {
        let queue = queue_of(100);
        let begun = Mutex::new(BTreeMap::<String, u32>::new());
        let numbers = drained(&queue, &options(jobs), |place, attempt, _| {
            assert_eq!(attempt, 1);
            *begun.lock().unwrap().entry(place.into()).or_default() += 1;
            done()
        });
        assert_eq!(numbers.of(Ended::Done), 100);
        let begun = begun.into_inner().unwrap();
        assert!(begun.len() == 100 && begun.values().all(|&times| times == 1), "{begun:?}");
        assert_eq!(queue.status().unwrap().waiting, Some(0));
        assert_eq!(numbers.recordings(), (100, Duration::from_secs(100)));
    }
}

#[test]
fn what_may_pass_comes_again_and_is_buried_at_the_last_delivery() {
    let queue = queue_of(3);
    let numbers = drained(&queue, &options(2), |place, attempt, _| match (place, attempt) {
        ("0", 1..=2) => Err(failure(FailureKind::Refused)),
        ("1", _) => Err(failure(FailureKind::Unavailable)),
        _ => done(),
    });
    assert_eq!(numbers.of(Ended::Done), 2);
    assert_eq!(numbers.of(Ended::Again), 2 + 4);
    assert_eq!(reasons(&queue), ["it failed 5 times, at last: why"]);
    assert_eq!(dead(&queue)[0].deliveries, Some(5));
}

#[test]
fn what_cannot_pass_is_buried_at_once_with_its_reason() {
    let queue = queue_of(3);
    push(&queue, ["no job", r#"{"Event":"s3:TestEvent"}"#].map(|it| Ok(it.to_owned())).into_iter());
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let numbers = drained(&queue, &options(2), |place, _, _| match place {
        "0" => Err(failure(FailureKind::Recording)),
        "1" => panic!("4111 1111 1111 1111"),
        _ => done(),
    });
    std::panic::set_hook(usual);
    assert_eq!((numbers.of(Ended::Buried), numbers.of(Ended::Ignored)), (3, 1));
    let ignored = "sordino_ignored_total{reason=\"a test event of S3\"} 1\n";
    assert!(numbers.metrics().contains(ignored), "{}", numbers.metrics());
    let mut reasons = reasons(&queue);
    reasons.sort();
    let panicked = "sordino itself failed at this recording; please report that";
    assert_eq!(reasons, [panicked, "the job is no JSON object", "why"]);
}

/// A worker that dies of a job says nothing, so the deliveries are looked at before the job is begun.
#[test]
fn a_job_that_kills_its_workers_is_buried_before_it_is_begun_again() {
    let queue = queue_of(0);
    // Nobody has said what became of the first five deliveries of one, and four of the other.
    for (place, times) in [("kills", 5), ("unlucky", 4)] {
        push(&queue, std::iter::once(Ok(body(place))));
        for _ in 0..times {
            let mut both = queue.pull(2, Duration::ZERO).unwrap();
            let at = both.iter().position(|it| it.body == body(place)).unwrap();
            queue.again(both.remove(at), Duration::ZERO, Again::Failed).unwrap();
            for other in both {
                queue.again(other, Duration::ZERO, Again::NotYet).unwrap();
            }
        }
    }
    let begun = Mutex::new(Vec::new());
    let numbers = drained(&queue, &options(1), |place, attempt, _| {
        begun.lock().unwrap().push((place.to_owned(), attempt));
        done()
    });
    assert_eq!((numbers.of(Ended::Done), numbers.of(Ended::Buried)), (1, 1));
    assert_eq!(begun.into_inner().unwrap(), [("unlucky".to_owned(), 5)]);
    let reason = "it was handed out 5 times, and nobody said what became of it: its workers may have died of it";
    assert_eq!(reasons(&queue), [reason]);
}

#[test]
fn a_recording_whose_transcript_is_not_there_waits_and_does_not_count() {
    let queue = queue_of(1);
    let looks = AtomicU32::new(0);
    let numbers = drained(&queue, &options(1), |_, attempt, _| {
        assert_eq!(attempt, 1, "looking for a transcript is no attempt");
        match looks.fetch_add(1, Ordering::SeqCst) {
            0..5 => Ok(Step::NotYet),
            _ => done(),
        }
    });
    assert_eq!((numbers.of(Ended::NotYet), numbers.of(Ended::Done)), (5, 1));
    let queue = queue_of(1);
    let options = Options { give_up: Duration::ZERO, ..options(1) };
    drained(&queue, &options, |_, _, _| Ok(Step::NotYet));
    assert_eq!(
        reasons(&queue),
        ["no list or transcript came within 0s that is newer than the recording and can be read"]
    );
}

#[test]
fn of_a_job_with_several_recordings_the_worst_counts_but_no_hope_is_buried() {
    let record = |key: &str| {
        format!(
            r#"{{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{{"bucket":{{"name":"b"}},"object":{{"key":"{key}"}}}}}}"#
        )
    };
    let queue = queue_of(0);
    let body =
        format!(r#"{{"Records":[{},{},{}]}}"#, record("bad"), record("late"), record("good"));
    push(&queue, std::iter::once(Ok(body)));
    let looks = AtomicU32::new(0);
    let numbers = drained(&queue, &options(1), |place, _, _| match place {
        "s3://b/bad" => Err(failure(FailureKind::Recording)),
        "s3://b/late" if looks.fetch_add(1, Ordering::SeqCst) < 3 => Ok(Step::NotYet),
        _ => done(),
    });
    assert_eq!((numbers.of(Ended::NotYet), numbers.of(Ended::Buried)), (3, 1));
    assert_eq!((numbers.recordings().0, reasons(&queue)), (4 + 1, vec!["why".to_owned()]));
}

#[test]
fn after_a_signal_no_job_begins_and_those_in_flight_end() {
    let (queue, stop, numbers) = (queue_of(100), Cancel::new(), Numbers::new());
    let begun = AtomicUsize::new(0);
    let work = Does(|_: &str, _, cancel: &Cancel| {
        if begun.fetch_add(1, Ordering::SeqCst) == 9 {
            stop.set();
        }
        assert!(!cancel.is_set());
        done()
    });
    run(&queue, None, &work, &options(2), &stop, &numbers).unwrap();
    let (begun, done) = (begun.into_inner() as u64, numbers.of(Ended::Done));
    assert!(begun == done && (10..=14).contains(&done), "{begun} {done}");
    let status = queue.status().unwrap();
    assert_eq!((status.waiting, status.in_work), (Some(100 - done), Some(0)));
}

#[test]
fn what_is_not_over_in_the_time_of_grace_is_handed_back_and_does_not_count() {
    let (queue, stop, numbers) = (queue_of(2), Cancel::new(), Numbers::new());
    let work = Does(|_: &str, _, cancel: &Cancel| {
        stop.set();
        while !cancel.is_set() {
            std::thread::yield_now();
        }
        Err(Failure::Interrupted)
    });
    let options = Options { grace: Duration::ZERO, ..options(2) };
    run(&queue, None, &work, &options, &stop, &numbers).unwrap();
    assert!(numbers.of(Ended::HandedBack) >= 1);
    let again = queue.pull(2, Duration::ZERO).unwrap();
    assert_eq!(again.iter().map(|it| it.deliveries).collect::<Vec<_>>(), [1, 1]);
}

/// A queue that does something else at some of its calls.
struct Odd<'a> {
    queue: &'a Memory,
    lease: Duration,
    seats: usize,
    held: AtomicUsize,
    /// From now on it has given each job to another.
    loses: Cancel,
    /// It does not answer when a job is to be kept.
    gone: bool,
    /// So many calls of each kind fail.
    fails: AtomicU32,
    told: AtomicU32,
}

impl<'a> Odd<'a> {
    fn of(queue: &'a Memory, seats: usize) -> Self {
        let (held, fails, told) = Default::default();
        let lease = Duration::from_secs(600);
        Self { queue, lease, seats, held, loses: Cancel::new(), gone: false, fails, told }
    }

    fn told<T>(&self, call: impl FnOnce() -> Result<T, QueueError>) -> Result<T, QueueError> {
        let less = |n: u32| n.checked_sub(1);
        if self.fails.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            let (queue, reason) = ("odd".into(), "gone for lunch".into());
            return Err(QueueError::Unavailable { queue, reason });
        }
        self.told.fetch_add(1, Ordering::SeqCst);
        self.held.fetch_sub(1, Ordering::SeqCst);
        call()
    }
}

impl Queue for Odd<'_> {
    fn pull(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        assert!(most > 0 && most + self.held.load(Ordering::SeqCst) <= self.seats);
        let pulled = self.queue.pull(most, wait)?;
        self.held.fetch_add(pulled.len(), Ordering::SeqCst);
        Ok(pulled)
    }

    fn extend(&self, delivery: &Delivery) -> Result<(), QueueError> {
        match self.loses.is_set() {
            _ if self.gone => {
                let (queue, reason) = ("odd".into(), "gone for good".into());
                Err(QueueError::Unavailable { queue, reason })
            }
            true => Err(QueueError::Lost { id: delivery.id.clone() }),
            false => self.queue.extend(delivery),
        }
    }

    fn done(&self, delivery: Delivery) -> Result<(), QueueError> {
        self.told(|| self.queue.done(delivery))
    }

    fn again(&self, delivery: Delivery, after: Duration, why: Again) -> Result<(), QueueError> {
        self.told(|| self.queue.again(delivery, after, why))
    }

    fn bury(&self, delivery: Delivery, reason: &str) -> Result<(), QueueError> {
        self.told(|| self.queue.bury(delivery, reason))
    }

    fn lease(&self) -> Duration {
        self.lease
    }

    fn most_deliveries(&self) -> Option<u32> {
        Some(3)
    }

    fn name(&self) -> &str {
        "odd"
    }
}

#[test]
fn no_more_is_ever_pulled_than_there_are_seats_and_fewer_deliveries_than_the_engine_allows() {
    let queue = queue_of(300);
    let (odd, numbers) = (Odd::of(&queue, 3), Numbers::new());
    let work = Does(|place: &str, attempt, _: &Cancel| {
        assert!(attempt <= 2, "the engine takes a job away after three");
        if place.ends_with('7') { Err(failure(FailureKind::Unavailable)) } else { done() }
    });
    run(&odd, Some(&queue), &work, &options(3), &Cancel::new(), &numbers).unwrap();
    assert_eq!((numbers.of(Ended::Done), numbers.of(Ended::Buried)), (270, 30));
}

#[test]
fn a_lost_lease_ends_the_work_and_the_queue_is_told_nothing() {
    let queue = queue_of(1);
    let odd = Odd { lease: Duration::from_millis(3), ..Odd::of(&queue, 1) };
    let (stop, numbers) = (Cancel::new(), Numbers::new());
    let work = Does(|_: &str, _, cancel: &Cancel| {
        // Not before: a job that is lost before it is begun is not begun.
        odd.loses.set();
        while !cancel.is_set() {
            std::thread::yield_now();
        }
        stop.set();
        Err(Failure::Interrupted)
    });
    run(&odd, None, &work, &options(1), &stop, &numbers).unwrap();
    assert_eq!((numbers.of(Ended::Lost), odd.told.into_inner()), (1, 0));
}

/// A queue whose second pull does not return before a job was given back.
struct Stuck {
    queue: Memory,
    pulls: AtomicU32,
    handed_back: Cancel,
    waited: Cancel,
}

impl Queue for Stuck {
    fn pull(&self, most: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        if self.pulls.fetch_add(1, Ordering::SeqCst) == 0 {
            return self.queue.pull(most, wait);
        }
        let begun = Instant::now();
        while !self.handed_back.is_set() {
            if begun.elapsed() > Duration::from_secs(30) {
                self.waited.set();
                break;
            }
            std::thread::yield_now();
        }
        Ok(Vec::new())
    }

    fn extend(&self, delivery: &Delivery) -> Result<(), QueueError> {
        self.queue.extend(delivery)
    }

    fn done(&self, delivery: Delivery) -> Result<(), QueueError> {
        self.queue.done(delivery)
    }

    fn again(&self, delivery: Delivery, after: Duration, why: Again) -> Result<(), QueueError> {
        self.handed_back.set();
        self.queue.again(delivery, after, why)
    }

    fn bury(&self, delivery: Delivery, reason: &str) -> Result<(), QueueError> {
        self.queue.bury(delivery, reason)
    }

    fn lease(&self) -> Duration {
        self.queue.lease()
    }

    fn name(&self) -> &str {
        "stuck"
    }
}

#[test]
fn the_time_of_grace_begins_at_the_signal_whatever_the_queue_does() {
    let (pulls, handed_back, waited) = Default::default();
    let stuck = Stuck { queue: queue_of(1), pulls, handed_back, waited };
    let (stop, numbers) = (Cancel::new(), Numbers::new());
    let work = Does(|_: &str, _, cancel: &Cancel| {
        stop.set();
        while !cancel.is_set() && !stuck.waited.is_set() {
            std::thread::yield_now();
        }
        Err(Failure::Interrupted)
    });
    let options = Options { grace: Duration::ZERO, ..options(2) };
    run(&stuck, None, &work, &options, &stop, &numbers).unwrap();
    assert!(!stuck.waited.is_set(), "the job was not handed back while the queue hung");
    assert_eq!(numbers.of(Ended::HandedBack), 1);
}

/// All seats are taken, so nobody pulls.
#[test]
fn a_worker_whose_queue_is_gone_is_not_ready_while_it_works() {
    let queue = queue_of(1);
    let odd = Odd { gone: true, lease: Duration::from_millis(30), ..Odd::of(&queue, 1) };
    let (stop, numbers) = (Cancel::new(), Numbers::new());
    let work = Does(|_: &str, _, _: &Cancel| {
        let begun = Instant::now();
        while numbers.is_ready() {
            assert!(begun.elapsed() < Duration::from_secs(30), "it says that the queue answers");
            std::thread::yield_now();
        }
        stop.set();
        done()
    });
    run(&odd, None, &work, &options(1), &stop, &numbers).unwrap();
    assert_eq!(numbers.of(Ended::Done), 1);
}

#[test]
fn a_store_that_asks_for_a_pause_gets_it_from_all_jobs() {
    let (queue, asked) = (queue_of(3), Duration::from_millis(400));
    let (paused, begun) = (Mutex::new(None), AtomicU32::new(0));
    let numbers = drained(&queue, &options(1), |_, _, _| {
        if begun.fetch_add(1, Ordering::SeqCst) == 0 {
            *paused.lock().unwrap() = Some(Instant::now());
            let failed = Failed { kind: FailureKind::Unavailable, message: "why".into() };
            return Err(Failure::Paused { failed, retry_after: asked });
        }
        let since = paused.lock().unwrap().unwrap();
        assert!(since.elapsed() >= asked, "another job was begun within {:?}", since.elapsed());
        done()
    });
    assert_eq!((numbers.of(Ended::Done), numbers.of(Ended::Again)), (3, 1));
}

/// The grace may be all the time that the process has.
#[test]
fn after_the_time_of_grace_a_queue_that_does_not_answer_is_told_once() {
    for (over, expected) in [(Duration::ZERO, 1), (Duration::from_secs(600), 3)] {
        let queue = queue_of(1);
        let (odd, numbers) =
            (Odd { fails: AtomicU32::new(2), ..Odd::of(&queue, 1) }, Numbers::new());
        let verbs = Verbs::new(&odd, &numbers);
        let held = desk::Held::of(odd.pull(1, Duration::ZERO).unwrap().remove(0));
        verbs.end_at(Instant::now() + over);
        assert_eq!(verbs.hand_back(&held), expected > 1);
        let calls = format!("sordino_queue_calls_total{{verb=\"again\"}} {expected}\n");
        assert!(numbers.metrics().contains(&calls), "{}", numbers.metrics());
    }
}

#[test]
fn a_job_that_is_lost_says_nothing_of_the_queue() {
    let (queue, numbers) = (queue_of(1), Numbers::new());
    let verbs = Verbs::new(&queue, &numbers);
    let held = desk::Held::of(verbs.pull(1, Duration::ZERO).unwrap().remove(0));
    assert!(verbs.done(&held) && numbers.is_ready());
    for has_answered in [false, true] {
        numbers.answered(has_answered);
        assert!(!verbs.bury(&held, "why"), "it is not there any more");
        assert_eq!(numbers.is_ready(), has_answered);
    }
}

#[test]
fn a_worker_that_waits_for_a_store_is_ready() {
    let (numbers, now) = (Numbers::new(), Instant::now());
    let minutes = |minutes: u64| now + Duration::from_secs(60 * minutes);
    numbers.answered(true);
    assert_eq!([1, 2].map(|at| numbers.is_ready_at(minutes(at))), [true, false]);
    numbers.trouble(Some(Duration::from_secs(600)));
    assert_eq!([2, 11, 12].map(|at| numbers.is_ready_at(minutes(at))), [true, true, false]);
    numbers.answered(false);
    assert!(!numbers.is_ready_at(now));
}

#[test]
fn only_what_may_be_a_stores_fault_slows_the_worker_down() {
    type Does = fn() -> Result<Step, Failure>;
    let cases: [(Does, u32); 5] = [
        (|| Err(failure(FailureKind::Unavailable)), 1),
        (|| Err(failure(FailureKind::Storage)), 1),
        (|| Err(failure(FailureKind::Refused)), 1),
        (|| Err(failure(FailureKind::Changed)), 0),
        (|| Ok(Step::Refused("not set up for it")), 0),
    ];
    for (at, (does, expected)) in cases.into_iter().enumerate() {
        let queue = queue_of(1);
        let options = Options { max_deliveries: 1, ..options(1) };
        let numbers = drained(&queue, &options, |_, _, _| does());
        let found = (numbers.troubles(), numbers.of(Ended::Buried));
        assert_eq!(found, (expected, 1), "case {at}");
    }
}

#[test]
fn later_successes_end_a_trouble_and_those_that_wrote_nothing_do_by_and_by() {
    let numbers = Numbers::new();
    let before = Instant::now();
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    numbers.trouble(Some(minutes(10)));
    numbers.trouble(Some(minutes(1)));
    assert!(numbers.hold() > minutes(9) && numbers.troubles() == 2);
    numbers.redacted(&Done::default(), before);
    let skipped = Done { if_none: Some("skip".into()), ..Done::default() };
    numbers.redacted(&skipped, before);
    assert_eq!(numbers.troubles(), 2, "they were begun before");
    numbers.redacted(&skipped, Instant::now() + minutes(1));
    assert_eq!(numbers.troubles(), 1);
    numbers.redacted(&Done::default(), Instant::now() + minutes(1));
    assert_eq!(numbers.troubles(), 0);
    numbers.trouble(None);
    let now = Instant::now();
    let later = [14, 16].map(|later| numbers.troubles_at(now + minutes(later)));
    assert_eq!(later, [1, 0], "it is forgotten");
    numbers.trouble(Some(minutes(1000)));
    assert!(numbers.hold() <= minutes(15), "not for ever");
}

#[cfg(feature = "cli")]
#[test]
fn what_a_queue_does_not_take_is_logged_with_the_job() {
    #[derive(Clone, Default)]
    struct Lines(std::sync::Arc<Mutex<Vec<u8>>>);
    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (queue, numbers, lines) = (queue_of(1), Numbers::new(), Lines::default());
    let verbs = Verbs::new(&queue, &numbers);
    let held = desk::Held::of(queue.pull(1, Duration::ZERO).unwrap().remove(0));
    let writer = lines.clone();
    let fmt = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(fmt, || {
        assert!(verbs.done(&held));
        assert!(!verbs.bury(&held, "why"), "it is not there any more");
    });
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let job = format!("\"job\":\"{}\"", held.job);
    assert!(held.job.len() == 16 && logged.contains(&job), "{logged}");
}

/// The heart beats while a job is in work, however long that takes.
#[test]
fn a_job_that_takes_longer_than_its_lease_is_handed_out_once() {
    let queue = Memory::new(Duration::from_millis(300));
    push(&queue, std::iter::once(Ok(body("long"))));
    let (stop, numbers) = (Cancel::new(), Numbers::new());
    let work = Does(|_: &str, _, cancel: &Cancel| {
        // Ten leases long.
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_secs(3) {
            assert!(!cancel.is_set());
            assert!(queue.pull(1, Duration::from_millis(50)).unwrap().is_empty());
        }
        stop.set();
        done()
    });
    run(&queue, None, &work, &options(1), &stop, &numbers).unwrap();
    assert_eq!(numbers.of(Ended::Done), 1);
}

#[test]
fn a_queue_that_does_not_answer_is_told_again() {
    let queue = queue_of(3);
    let odd = Odd { fails: AtomicU32::new(2), ..Odd::of(&queue, 1) };
    let numbers = Numbers::new();
    let work = Does(|_: &str, _, _: &Cancel| done());
    run(&odd, Some(&queue), &work, &options(1), &Cancel::new(), &numbers).unwrap();
    assert_eq!((numbers.of(Ended::Done), numbers.of(Ended::Lost)), (3, 0));
    assert!(numbers.metrics().contains("sordino_queue_errors_total{verb=\"done\"} 2\n"));
}

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn who_asks_is_told_whether_it_lives_is_ready_and_what_it_has_done() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let numbers = std::sync::Arc::new(Numbers::new());
    let anywhere = "127.0.0.1:0".parse().unwrap();
    let port = runtime.block_on(listen(anywhere, numbers.clone())).unwrap().port();
    assert!(get(port, "/healthz").starts_with("HTTP/1.1 200"));
    assert!(get(port, "/readyz").starts_with("HTTP/1.1 503"));
    let (queue, stop) = (queue_of(3), Cancel::new());
    let work = Does(|place: &str, _, _: &Cancel| {
        assert!(get(port, "/readyz").starts_with("HTTP/1.1 200"), "it has pulled");
        assert!(get(port, "/metrics").contains("\nsordino_jobs_in_flight 1\n"));
        if place == "2" {
            stop.set();
            return Err(failure(FailureKind::Recording));
        }
        done()
    });
    run(&queue, None, &work, &options(1), &stop, &numbers).unwrap();
    assert!(get(port, "/readyz").starts_with("HTTP/1.1 503"));
    let page = get(port, "/metrics");
    for line in [
        "content-type: text/plain; version=0.0.4; charset=utf-8\r",
        "# TYPE sordino_jobs_total counter",
        "sordino_jobs_total{outcome=\"done\"} 2",
        "sordino_jobs_total{outcome=\"buried\"} 1",
        "sordino_failures_total{kind=\"recording\"} 1",
        "sordino_audio_seconds_total 2.000",
        "sordino_jobs_in_flight 0",
    ] {
        assert!(page.contains(&format!("\n{line}\n")), "{line}: {page}");
    }
}
