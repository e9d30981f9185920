//! A journal in PostgreSQL, which several processes share; and the server killed under them.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::SeqCst};
use std::sync::{Arc, Barrier};

use sordino::batch::{
    Event, Filter, Journal, JournalError, Key, State, open_journal, open_journal_to_read,
};

use super::killed::{JOBS, Moments, Said, kills, nothing_is_lost, worker};
use super::model::{Place, holds};
use super::{calls, chain, change, entries, is_done, plan, planned, spec};
use crate::postgres::Server;

fn refusal(url: &str) -> String {
    open_journal(url).map(drop).unwrap_err().to_string()
}

struct InADatabase(String, postgres::Client);

impl Place for InADatabase {
    const WORKERS: usize = 2;

    fn empty(&mut self) {
        let sql = "TRUNCATE sordino.job, sordino.upload, sordino.link RESTART IDENTITY";
        self.1.batch_execute(sql).unwrap();
    }

    fn open(&mut self) -> Box<dyn Journal> {
        open_journal(&self.0).unwrap()
    }

    fn end_claims(&mut self, of: &[Key]) {
        let keys: Vec<&str> = of.iter().map(|key| key.0.as_str()).collect();
        let sql =
            "UPDATE sordino.job SET lease_until = 0 WHERE state = 'started' AND key = ANY ($1)";
        self.1.execute(sql, &[&keys]).unwrap();
    }
}

#[test]
fn any_calls_of_two_processes_do_to_postgres_what_they_do_in_memory() {
    let Some(server) = Server::shared() else { return };
    let url = server.database("model");
    drop(open_journal(&url).unwrap());
    holds(&mut InADatabase(url, server.client("model")), 20);
}

#[test]
fn three_processes_that_plan_one_manifest_at_once_make_each_job_once() {
    let Some(server) = Server::shared() else { return };
    let url = server.database("planned");
    let together = Barrier::new(3);
    let jobs = |round: u64| {
        (0..300).map(move |call| planned(call + 2, spec(&format!("{round}-{call}"), "1-2")))
    };
    let plan_all = || {
        let mut journal = open_journal(&url).unwrap();
        // None ends early: the others would wait for it.
        let rounds = (0..12).map(|round| {
            together.wait();
            plan(journal.as_mut(), &round.to_string(), jobs(round)).map_err(|e| e.to_string())
        });
        rounds.collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let threads = [0, 1, 2].map(|_| scope.spawn(plan_all));
        for counts in threads.into_iter().flat_map(|thread| thread.join().unwrap()) {
            assert_eq!(counts.map(|counts| (counts.planned, counts.total())), Ok((300, 300)));
        }
    });
    let mut journal = open_journal_to_read(&url).unwrap();
    assert_eq!(journal.counts(None).unwrap().planned, 3600);
    let filter = Filter { manifest: Some("7".to_owned()), state: None };
    let lines = entries(journal.as_mut(), &filter).into_iter();
    assert!(lines.map(|entry| entry.line.unwrap()).eq(2..302), "in the order of the manifest");
}

#[test]
fn a_late_commit_counts_once_and_a_lost_claim_allows_no_step() {
    let Some(server) = Server::shared() else { return };
    let url = server.database("late");
    let [mut slow, mut fast] = [0, 1].map(|_| open_journal(&url).unwrap());
    plan(slow.as_mut(), "m", calls(2)).unwrap();
    let keys: Vec<Key> = slow.claim("m", 2).unwrap().into_iter().map(|job| job.key).collect();
    assert!(fast.claim("m", 2).unwrap().is_empty(), "the lease holds");
    assert!(slow.lease().unwrap().as_secs() >= 30);

    server.end_claims("late", None);
    slow.renew().unwrap();
    assert!(fast.claim("m", 2).unwrap().is_empty(), "the lease was renewed");

    server.end_claims("late", None);
    let taken = fast.claim("m", 2).unwrap();
    assert_eq!(taken.iter().map(|job| job.attempt).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(slow.apply(&[change(&keys[0], Event::Granting)]).unwrap(), [false]);
    assert_eq!(fast.apply(&[is_done(&keys[0])]).unwrap(), [true]);
    // The first was committed by the other; the second was not, and is in place.
    assert_eq!(slow.apply(&[is_done(&keys[0]), is_done(&keys[1])]).unwrap(), [false, true]);
    assert_eq!(fast.apply(&[is_done(&keys[1])]).unwrap(), [false]);
    assert_eq!(chain(fast.as_mut()).len(), 2);
}

#[test]
fn what_another_process_works_on_is_not_replaced() {
    let Some(server) = Server::shared() else { return };
    let url = server.database("replaced");
    let [mut one, mut other] = [0, 1].map(|_| open_journal(&url).unwrap());
    plan(one.as_mut(), "m", [planned(2, spec("a", "1-2"))]).unwrap();
    one.claim("m", 1).unwrap();
    let again = || [planned(2, spec("a", "1-3"))];
    let error = plan(other.as_mut(), "n", again()).unwrap_err();
    assert!(error.to_string().contains("another sordino is making s3://clean/a.wav"), "{error}");
    server.end_claims("replaced", None);
    assert_eq!(plan(other.as_mut(), "n", again()).unwrap().planned, 1);
    assert_eq!(other.counts(None).unwrap().total(), 1);
}

#[test]
fn a_database_that_is_no_journal_or_may_not_be_used_is_refused() {
    let Some(server) = Server::shared() else { return };
    let url = server.database("refused");
    let empty = open_journal_to_read(&url).map(drop).unwrap_err();
    assert!(matches!(&empty, JournalError::NotAJournal { .. }), "{empty}");
    let there = "SELECT to_regnamespace('sordino') IS NULL";
    assert!(server.client("refused").query_one(there, &[]).unwrap().get::<_, bool>(0));

    server.client("refused").batch_execute("CREATE ROLE guest LOGIN").unwrap();
    let guest = url.replace("sordino@", "guest@");
    assert!(refusal(&guest).contains("must own the schema sordino"), "{}", refusal(&guest));

    let mut journal = open_journal(&url).unwrap();
    plan(journal.as_mut(), "m", calls(1)).unwrap();
    let mut reader = open_journal_to_read(&url).unwrap();
    assert_eq!(reader.counts(None).unwrap().planned, 1);
    assert!(reader.claim("m", 1).is_err());
    server.client("refused").batch_execute("UPDATE sordino.meta SET value = '2'").unwrap();
    assert!(refusal(&url).contains("it has version 2, and this sordino knows 1"));

    let nowhere = refusal("postgres://sordino@127.0.0.1:1/calls");
    assert!(nowhere.starts_with("the journal postgres://sordino@127.0.0.1:1/calls"), "{nowhere}");
}

/// Who is let in how: the first line that fits counts.
const RULES: &str =
    "hostssl all clerk 127.0.0.1/32 scram-sha-256\nhost all clerk 127.0.0.1/32 reject\n";

/// A server of its own, which asks for a password and has a certificate.
#[test]
fn a_password_is_asked_for_and_never_shown_and_certificates_are_checked() {
    let Some(mut server) = Server::start() else { return };
    let user = "CREATE DATABASE calls; CREATE ROLE clerk LOGIN SUPERUSER PASSWORD 's3cr@t'";
    for statement in user.split("; ") {
        server.client("postgres").batch_execute(statement).unwrap();
    }
    let access = server.data().join("pg_hba.conf");
    let old = std::fs::read_to_string(&access).unwrap();
    std::fs::write(&access, format!("{RULES}{old}")).unwrap();
    if !certificates(&server) {
        return;
    }
    server.restart();
    let roots = server.data().join("roots.pem");
    let url = |password: &str, tls: &str| {
        let port = server.port;
        format!("postgres://clerk{password}@127.0.0.1:{port}/calls?sslmode={tls}")
    };
    let right = ":s3cr%40t";
    let mut journal = open_journal(&url(right, "require")).unwrap();
    plan(journal.as_mut(), "m", calls(JOBS)).unwrap();
    let secured = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
                   WHERE ssl AND application_name = 'sordino'";
    assert_eq!(server.client("calls").query_one(secured, &[]).unwrap().get::<_, i64>(0), 1);

    let unknown = refusal(&url(right, "verify-full"));
    assert!(unknown.contains("certificate"), "{unknown}");
    let known = format!("verify-full&sslrootcert={}", roots.display());
    drop(open_journal(&url(right, &known)).unwrap());
    let plain = refusal(&url(right, "disable"));
    assert!(plain.contains("no encryption"), "{plain}");
    let wrong = refusal(&url(":wr0ng", "require"));
    assert!(
        wrong.contains("give the password in PGPASSWORD") && !wrong.contains("wr0ng"),
        "{wrong}"
    );

    let mut child = worker(&url("", "prefer")).env("PGPASSWORD", "s3cr@t").spawn().unwrap();
    let mut said = Said::default();
    said.read(&mut BufReader::new(child.stdout.take().unwrap()), 3);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(said.lines, 3, "the password of the environment was taken");
}

/// A certificate for this address, signed by a root; false where they cannot be made.
fn certificates(server: &Server) -> bool {
    let script = "set -e; cd \"$0\"; umask 077
        new='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'
        openssl req -x509 $new -keyout root.key -out roots.pem -subj /CN=root
        openssl req $new -keyout server.key -out server.csr -subj /CN=server
        printf 'subjectAltName=IP:127.0.0.1\\nbasicConstraints=CA:FALSE\\n' >server.ext
        openssl x509 -req -in server.csr -CA roots.pem -CAkey root.key -CAcreateserial -days 2 \
            -extfile server.ext -out server.crt
        chown --reference=. server.key server.crt; chmod 644 roots.pem
        echo 'ssl = on' >>postgresql.conf";
    let made = std::process::Command::new("sh").args(["-c", script]).arg(server.data()).output();
    let made = made.is_ok_and(|made| made.status.success());
    if !made {
        eprintln!("skipped: openssl makes no certificates");
    }
    made
}

#[test]
fn three_processes_lose_nothing_when_they_are_killed() {
    let Some(server) = Server::shared() else { return };
    let url = server.database("killed");
    let (mut said, mut moments) = (Said::default(), Moments(61));
    for _ in 0..kills().div_ceil(3) {
        let mut workers = [0, 1, 2].map(|_| worker(&url).spawn().unwrap());
        for worker in &mut workers {
            let mut out = BufReader::new(worker.stdout.take().unwrap());
            said.read(&mut out, moments.below(JOBS / kills()));
            worker.kill().unwrap();
            said.read(&mut out, u64::MAX);
            worker.wait().unwrap();
        }
        server.end_sessions("killed");
        nothing_is_lost(open_journal_to_read(&url).unwrap().as_mut(), &said);
        server.end_claims("killed", None);
    }
    finish(&url, &mut said, |_| {});
}

/// Lets three processes end the batch, while something happens now and then.
fn finish(url: &str, said: &mut Said, mut now_and_then: impl FnMut(u64)) {
    let mut workers = [0, 1, 2].map(|_| worker(url).spawn().unwrap());
    let mut outs = [0, 1, 2].map(|n: usize| BufReader::new(workers[n].stdout.take().unwrap()));
    let mut turn = 0;
    loop {
        let before = said.lines;
        outs.iter_mut().for_each(|out| said.read(out, 25));
        if said.lines == before {
            break;
        }
        turn += 1;
        now_and_then(turn);
    }
    assert!(workers.iter_mut().all(|worker| worker.wait().unwrap().success()));
    assert!(turn > 3, "something happened meanwhile");
    let mut journal = open_journal(url).unwrap();
    nothing_is_lost(journal.as_mut(), said);
    let counts = journal.counts(Some("m")).unwrap();
    assert_eq!((counts.done + counts.failed, counts.total()), (JOBS, JOBS), "{counts:?}");
}

#[test]
fn three_processes_go_on_where_the_server_is_killed_and_comes_back() {
    let Some(mut server) = Server::start() else { return };
    let url = server.database("crashed");
    let (mut said, mut crashes) = (Said::default(), 0);
    let most = if std::env::var_os("SORDINO_CAMPAIGN").is_some() { 10 } else { 3 };
    finish(&url, &mut said, |turn| {
        if turn % 2 == 0 && crashes < most {
            server.crash();
            crashes += 1;
        }
    });
    assert!(crashes >= 3, "{crashes}");
    assert_eq!((said.done.len() + said.failed.len()) as u64, JOBS, "each was acknowledged");
    eprintln!("PostgreSQL killed {crashes} times under three processes; nothing lost");
    let filter = Filter { manifest: None, state: Some(State::Started) };
    assert!(entries(open_journal_to_read(&url).unwrap().as_mut(), &filter).is_empty());
}

/// The next commit is lost on its way: nothing, the commit, or its answer.
#[derive(Debug, Default)]
struct Losing(AtomicU8);

const THE_COMMIT: u8 = 1;
const THE_ANSWER: u8 = 2;

/// A way to the server on which commits are lost; its port.
fn way(to: u16, losing: &Arc<Losing>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let losing = losing.clone();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, losing) = (client.unwrap(), losing.clone());
            let server = TcpStream::connect(("127.0.0.1", to)).unwrap();
            let ends = [client.try_clone().unwrap(), server.try_clone().unwrap()];
            let deaf = Arc::new(AtomicBool::new(false));
            let mute = deaf.clone();
            std::thread::spawn(move || {
                let lost = |bytes: &[u8]| {
                    let commits = bytes.windows(6).any(|six| six == b"COMMIT");
                    let loses = if commits { losing.0.swap(0, SeqCst) } else { 0 };
                    mute.store(loses == THE_ANSWER, SeqCst);
                    loses == THE_COMMIT
                };
                pass(client, server, lost);
            });
            std::thread::spawn(move || {
                let [client, server] = ends;
                pass(server, client, |_| deaf.load(SeqCst));
            });
        }
    });
    port
}

/// Passes bytes on until some are lost, then ends both ways.
fn pass(mut from: TcpStream, mut to: TcpStream, mut lost: impl FnMut(&[u8]) -> bool) {
    let mut bytes = [0; 65_536];
    while let Ok(some) = from.read(&mut bytes) {
        if some == 0 || lost(&bytes[..some]) || to.write_all(&bytes[..some]).is_err() {
            break;
        }
    }
    [from, to].iter().for_each(|end| _ = end.shutdown(Shutdown::Both));
}

#[test]
fn a_commit_that_is_lost_on_its_way_is_done_once() {
    let Some(server) = Server::shared() else { return };
    let direct = server.database("lost");
    let losing = Arc::new(Losing::default());
    let port = way(server.port, &losing);
    let url = direct.replace(&server.port.to_string(), &port.to_string());
    let mut journal = open_journal(&format!("{url}?sslmode=disable")).unwrap();
    plan(journal.as_mut(), "m", calls(12)).unwrap();
    let mut done = 0;
    for lost in [0, THE_COMMIT, THE_ANSWER, THE_COMMIT] {
        losing.0.store(lost, SeqCst);
        let jobs = journal.claim("m", 3).unwrap();
        assert_eq!((jobs.len(), losing.0.load(SeqCst)), (3, 0), "{lost}");
        assert!(jobs.iter().all(|job| job.attempt == 1), "{lost}");
        losing.0.store(lost, SeqCst);
        let changes: Vec<_> = jobs.iter().map(|job| is_done(&job.key)).collect();
        assert_eq!(journal.apply(&changes).unwrap(), [true; 3], "{lost}");
        done += 3;
        assert_eq!((chain(journal.as_mut()).len(), losing.0.load(SeqCst)), (done, 0));
        assert_eq!(journal.counts(None).unwrap().started, 0, "{lost}");
    }
}
