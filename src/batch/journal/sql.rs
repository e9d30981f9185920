//! The tables and statements, for SQLite and PostgreSQL alike.
//!
//! A word in braces is what the two say differently; each engine has its meaning:
//!
//! | word | means |
//! |---|---|
//! | `{number}` | the type of a primary key that counts by itself |
//! | `{now}` | milliseconds since 1970, by the clock of the database |
//! | `{until}` | when a claim made now ends |
//! | `{dead}` | the worker of a started job is dead, as seen by the worker `$1` |
//! | `{known $1}` | always true; `$1` has a type even where `{dead}` does not name it |
//! | `{died}` | the message of a job whose worker died while it was granting |
//! | `{lock}` | the rows found are locked; those that another has locked are left out |
//! | `{wait}` | the rows found are locked, when others have let them go; with `job`, those of that table |
//! | `$` | what a number of a value begins with |

/// The version of the tables.
pub(super) const VERSION: i64 = 1;

/// The tables. Times are milliseconds since 1970; `spec` and `done` are JSON.
pub(super) const TABLES: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE job (
    number {number},
    key TEXT NOT NULL UNIQUE,
    manifest TEXT,
    line BIGINT,
    id TEXT,
    spec TEXT NOT NULL,
    input TEXT NOT NULL,
    output TEXT NOT NULL,
    receipt TEXT,
    state TEXT NOT NULL CHECK (state IN ('planned', 'started', 'done', 'failed', 'unknown')),
    attempt BIGINT NOT NULL DEFAULT 0,
    granting BIGINT NOT NULL DEFAULT 0,
    worker TEXT,
    lease_until BIGINT,
    at BIGINT NOT NULL,
    done TEXT,
    failure TEXT,
    retryable BIGINT,
    message TEXT
);
CREATE INDEX job_next ON job (manifest, state, number);
CREATE UNIQUE INDEX job_output ON job (output, (state = 'done'));
CREATE TABLE upload (
    job BIGINT NOT NULL REFERENCES job (number) ON DELETE CASCADE,
    place TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (job, place, id)
);
CREATE TABLE link (
    sequence BIGINT PRIMARY KEY,
    key TEXT NOT NULL,
    receipt TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
);
";

/// `{died}`.
pub(super) const DIED: &str =
    "'its worker ended while a new recording was created at Genesys; look there whether it exists'";

/// Only one process at a time changes states, so that the chain has no gaps. Waits for the others.
pub(super) const ALONE: &str = "SELECT value FROM meta WHERE name = 'version' {wait}";

/// Where the jobs of a manifest are put before they are compared with those that are known.
pub(super) const INCOMING: &str = "
CREATE TEMPORARY TABLE incoming (
    n BIGINT, key TEXT, line BIGINT, id TEXT, spec TEXT, input TEXT, output TEXT, receipt TEXT
)";
pub(super) const INCOMING_BY_KEY: &str = "CREATE INDEX incoming_key ON incoming (key)";
pub(super) const INCOMING_BY_OUTPUT: &str = "CREATE INDEX incoming_output ON incoming (output)";
pub(super) const NO_INCOMING: &str = "DROP TABLE incoming";

/// An output that two of the incoming have.
pub(super) const SAME_OUTPUT: &str = "
SELECT output FROM incoming GROUP BY output HAVING count(*) > 1 ORDER BY min(n) LIMIT 1";
pub(super) const LINES_OF_OUTPUT: &str = "
SELECT line FROM incoming WHERE output = $1 ORDER BY n LIMIT 2";

/// The jobs that incoming ones replace; whether one is being worked on.
pub(super) const REPLACED: &str = "
SELECT job.output, CASE WHEN job.state = 'started' AND NOT {dead} THEN 1 ELSE 0 END
FROM job JOIN incoming ON job.output = incoming.output
WHERE {known $1} AND job.key <> incoming.key AND job.state <> 'done'
  AND NOT EXISTS (SELECT 1 FROM job AS known WHERE known.key = incoming.key)
{wait job}";

/// Gives them the keys and contents of those that replace them. `attempt` stays: an earlier attempt may have
/// left an upload open whose id nobody could write down.
pub(super) const REPLACE: &str = "
UPDATE job SET
    key = incoming.key, manifest = $1, line = incoming.line, id = incoming.id,
    spec = incoming.spec, input = incoming.input, receipt = incoming.receipt,
    state = CASE WHEN job.state = 'unknown' OR granting = 1 THEN 'unknown' ELSE 'planned' END,
    failure = CASE WHEN job.state = 'unknown' THEN failure WHEN granting = 1 THEN 'other' END,
    retryable = CASE WHEN job.state = 'unknown' OR granting = 1 THEN 0 END,
    message = CASE WHEN job.state = 'unknown' THEN message WHEN granting = 1 THEN {died} END,
    granting = 0, worker = NULL, lease_until = NULL, at = {now}
FROM incoming
WHERE job.output = incoming.output AND job.key <> incoming.key AND job.state <> 'done'
  AND NOT EXISTS (SELECT 1 FROM job AS known WHERE known.key = incoming.key)";

/// Makes known jobs those of this manifest. Where the receipt of a done one is stays as it is.
pub(super) const KNOWN: &str = "
UPDATE job SET
    manifest = $1, line = incoming.line, id = incoming.id,
    spec = CASE WHEN state = 'done' THEN job.spec ELSE incoming.spec END,
    receipt = CASE WHEN state = 'done' THEN job.receipt ELSE incoming.receipt END
FROM incoming
WHERE job.key = incoming.key
  AND (manifest IS DISTINCT FROM $1 OR job.line IS DISTINCT FROM incoming.line
       OR job.id IS DISTINCT FROM incoming.id
       OR (state <> 'done' AND job.receipt IS DISTINCT FROM incoming.receipt))";

/// Plans the incoming ones that are not known.
pub(super) const NEW: &str = "
INSERT INTO job (key, manifest, line, id, spec, input, output, receipt, state, at)
SELECT key, $1, line, id, spec, input, output, receipt, 'planned', {now}
FROM incoming
WHERE NOT EXISTS (SELECT 1 FROM job AS known WHERE known.key = incoming.key)
ORDER BY n";

/// Forgets the jobs that the manifest has no more, if nothing is left of them.
pub(super) const FORGET: &str = "
DELETE FROM job
WHERE {known $1} AND manifest = $2
  AND (state IN ('planned', 'failed') OR (state = 'started' AND {dead}))
  AND NOT EXISTS (SELECT 1 FROM upload WHERE upload.job = job.number)
  AND NOT EXISTS (SELECT 1 FROM incoming WHERE incoming.key = job.key)";
/// Takes the others from it.
pub(super) const DROP: &str = "
UPDATE job SET manifest = NULL
WHERE manifest = $1 AND NOT EXISTS (SELECT 1 FROM incoming WHERE incoming.key = job.key)";

/// What the dead were creating at Genesys for a manifest that has it no more.
pub(super) const ABANDONED: &str = "
UPDATE job SET state = 'unknown', failure = 'other', retryable = 0, message = {died}, at = {now}
WHERE {known $1} AND manifest IS NULL AND state = 'started' AND granting = 1 AND {dead}";
/// Forgets the job `$2`, or all, that no manifest has any more, if nothing is left of them.
pub(super) const FORGET_ABANDONED: &str = "
DELETE FROM job
WHERE {known $1} AND manifest IS NULL AND (CAST($2 AS TEXT) IS NULL OR key = $2)
  AND (state IN ('planned', 'failed') OR (state = 'started' AND granting = 0 AND {dead}))
  AND NOT EXISTS (SELECT 1 FROM upload WHERE upload.job = job.number)";
/// Uploads that nobody is going to end.
pub(super) const ORPHANS: &str = "
SELECT key, place, upload.id FROM job JOIN upload ON upload.job = job.number
WHERE {known $1} AND (manifest IS NULL OR state = 'failed')
  AND (state <> 'started' OR {dead})
ORDER BY number, place, upload.id";
pub(super) const ABORTED: &str = "
DELETE FROM upload
WHERE job = (SELECT number FROM job WHERE key = $1) AND place = $2 AND id = $3";

pub(super) const RETRY: &str = "
UPDATE job SET state = 'planned', failure = NULL, retryable = NULL, message = NULL, at = {now}
WHERE manifest = $1 AND state = 'failed'";

/// What the dead were creating at Genesys.
pub(super) const LOST: &str = "
WITH found AS MATERIALIZED (
    SELECT number FROM job
    WHERE {known $1} AND manifest = $2 AND state = 'started' AND granting = 1 AND {dead}
    {lock}
)
UPDATE job SET state = 'unknown', failure = 'other', retryable = 0, message = {died}, at = {now}
FROM found WHERE job.number = found.number";

/// Claims jobs in the state `$2`: planned ones, or started ones of dead workers.
pub(super) const CLAIM: &str = "
WITH found AS MATERIALIZED (
    SELECT number FROM job
    WHERE {known $1} AND state = $2 AND manifest = $3 AND (state = 'planned' OR {dead})
    ORDER BY number LIMIT $4
    {lock}
)
UPDATE job SET
    state = 'started', attempt = attempt + 1, granting = 0, worker = $1, lease_until = {until},
    at = {now}, failure = NULL, retryable = NULL, message = NULL
FROM found WHERE job.number = found.number
RETURNING job.number, key, line, id, spec, attempt,
    (SELECT count(*) FROM upload WHERE upload.job = job.number),
    (SELECT before.done FROM job AS before WHERE before.output = job.output AND before.state = 'done')";
pub(super) const UPLOADS: &str = "
SELECT place, id FROM upload WHERE job = $1 ORDER BY place, id";

/// Renews the claims of `$1`. A row that is locked has its turn the next time: waiting could end in a
/// deadlock.
pub(super) const RENEW: &str = "
WITH found AS MATERIALIZED (
    SELECT number FROM job WHERE worker = $1 AND state = 'started' {lock}
)
UPDATE job SET lease_until = {until} FROM found WHERE job.number = found.number";

/// Notes an upload of the job `$1`, if `$2` has it.
pub(super) const UPLOAD: &str = "
WITH found AS MATERIALIZED (
    SELECT number FROM job WHERE key = $1 AND state = 'started' AND worker = $2 {wait}
)
INSERT INTO upload (job, place, id) SELECT number, $3, $4 FROM found WHERE true
ON CONFLICT (job, place, id) DO UPDATE SET id = excluded.id";
pub(super) const GRANTING: &str = "
UPDATE job SET granting = 1 WHERE key = $1 AND state = 'started' AND worker = $2";
/// Nothing was created: the job is no longer granting.
pub(super) const REFUSED: &str = "
UPDATE job SET granting = 0 WHERE key = $1 AND state = 'started' AND worker = $2";
pub(super) const FAILED: &str = "
UPDATE job SET
    state = 'failed', failure = $3, retryable = $4, message = $5, granting = 0, lease_until = NULL,
    at = {now}
WHERE key = $1 AND state = 'started' AND worker = $2";
pub(super) const UNKNOWN: &str = "
UPDATE job SET
    state = 'unknown', failure = $2, retryable = $3, message = $4, granting = 0,
    lease_until = NULL, at = {now}
WHERE key = $1 AND state <> 'done'";
pub(super) const RELEASED: &str = "
UPDATE job SET
    state = CASE WHEN granting = 1 THEN 'unknown' ELSE 'planned' END,
    failure = CASE WHEN granting = 1 THEN 'other' END,
    retryable = CASE WHEN granting = 1 THEN 0 END,
    message = CASE WHEN granting = 1 THEN {died} END,
    granting = 0, worker = NULL, lease_until = NULL, at = {now}
WHERE key = $1 AND state = 'started' AND worker = $2";

/// A job that is not done; with what is to be cleared away when it is.
pub(super) const NOT_DONE: &str = "
SELECT number, (SELECT count(*) FROM upload WHERE upload.job = job.number),
    (SELECT before.number FROM job AS before WHERE before.output = job.output AND before.state = 'done')
FROM job WHERE key = $1 AND state <> 'done' {wait}";
pub(super) const FORGET_JOB: &str = "DELETE FROM job WHERE number = $1";
pub(super) const FORGET_UPLOADS: &str = "DELETE FROM upload WHERE job = $1";
pub(super) const DONE: &str = "
UPDATE job SET
    state = 'done', done = $1, worker = $2, failure = NULL, retryable = NULL, message = NULL,
    granting = 0, lease_until = NULL, at = {now}
WHERE number = $3";
pub(super) const LAST_LINK: &str = "
SELECT sequence, hash FROM link ORDER BY sequence DESC LIMIT 1";
pub(super) const ADD_LINK: &str = "
INSERT INTO link (sequence, key, receipt, sha256, previous, hash) VALUES ($1, $2, $3, $4, $5, $6)";
pub(super) const LINKS: &str = "
SELECT sequence, key, receipt, sha256, previous, hash FROM link
WHERE sequence > $1 ORDER BY sequence LIMIT $2";

pub(super) const COUNTS: &str = "
SELECT state, count(*) FROM job WHERE manifest = $1 GROUP BY state";
pub(super) const ALL_COUNTS: &str = "
SELECT state, count(*) FROM job WHERE manifest IS NOT NULL OR state <> 'done' GROUP BY state";
pub(super) const EACH: &str = "
SELECT key, line, id, spec, state, attempt, at, done, failure, message FROM job
WHERE (manifest = CAST($1 AS TEXT)
       OR (CAST($1 AS TEXT) IS NULL AND (manifest IS NOT NULL OR state <> 'done')))
  AND (CAST($2 AS TEXT) IS NULL OR state = $2)
ORDER BY number";
