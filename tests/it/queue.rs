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
    let (long, short) = (engine.queue(LONG), engine.queue(2 * unit));
    let manage = engine.manage();
    is_empty(&*long, &*manage);
    each_job_is_handed_out_once(engine, &*manage);
    a_lease_ends(&*short, unit);
    a_lease_is_extended(&*short, &*manage, unit);
    a_job_goes_back(&*long, &*manage, unit);
    a_job_is_buried(&*long, &*manage);
    too_long(&*manage);
    is_empty(&*long, &*manage);
    assert_eq!(manage.status().unwrap().dead, Some(0));
}

fn each_job_is_handed_out_once(engine: &dyn Engine, manage: &dyn Manage) {
    let bodies: Vec<String> = (0..2000).map(|job| format!("{{\"job\":{job}}}")).collect();
    assert_eq!(push(manage, bodies.clone()), 2000);
    let done = Mutex::new(BTreeMap::new());
    let workers: Vec<_> = (0..3).map(|_| engine.queue(LONG)).collect();
    std::thread::scope(|scope| {
        for queue in &workers {
            scope.spawn(|| {
                while done.lock().unwrap().len() < 2000 {
                    for delivery in queue.pull(10, engine.unit()).unwrap() {
                        assert_eq!(delivery.deliveries, 1);
                        *done.lock().unwrap().entry(delivery.body.clone()).or_insert(0) += 1;
                        queue.done(delivery).unwrap();
                    }
                }
            });
        }
    });
    let done = done.into_inner().unwrap();
    assert!(done.values().all(|&times| times == 1), "a job was handed out twice");
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
