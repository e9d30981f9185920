//! The table and its statements. The words in braces are the journal's. Times are milliseconds since 1970.

/// Whether the table is there.
pub(super) const IS_THERE: &str = "SELECT 1 WHERE to_regclass('sordino.queue') IS NOT NULL";

/// Two processes that begin at once must not both make the table.
pub(super) const ALONE: &str = "SELECT value FROM meta WHERE name = 'version' {wait}";

/// `free`: when a job may be handed out, which is the end of a lease or of a delay. `claim`: whose delivery has
/// it. `reason`: why it was buried; nothing hands out one that was.
pub(super) const TABLE: &str = "
CREATE TABLE IF NOT EXISTS queue (
    number {number},
    body TEXT NOT NULL,
    since BIGINT NOT NULL,
    deliveries BIGINT NOT NULL DEFAULT 0,
    free BIGINT NOT NULL,
    claim TEXT,
    reason TEXT
)";
pub(super) const INDEX: &str =
    "CREATE INDEX IF NOT EXISTS queue_next ON queue (free, number) WHERE reason IS NULL";
pub(super) const SET_VERSION: &str =
    "INSERT INTO meta (name, value) VALUES ('queue', $1) ON CONFLICT (name) DO NOTHING";
pub(super) const GET_VERSION: &str = "SELECT value FROM meta WHERE name = 'queue'";

/// Puts the texts of a JSON array into the queue.
pub(super) const PUSH: &str = "
INSERT INTO queue (body, since, free)
SELECT value, {now}, {now}
FROM json_array_elements_text(CAST(CAST($1 AS TEXT) AS JSON)) WITH ORDINALITY AS pushed (value, at)
ORDER BY at";

/// Hands out at most `$3` jobs: those whose lease or delay has ended longest ago first.
pub(super) const TAKE: &str = "
WITH found AS MATERIALIZED (
    SELECT number FROM queue
    WHERE reason IS NULL AND free <= {now}
    ORDER BY free, number LIMIT $3
    {lock}
)
UPDATE queue SET deliveries = deliveries + 1, claim = $1, free = {now} + $2
FROM found WHERE queue.number = found.number
RETURNING queue.number, body, deliveries, since";

pub(super) const EXTEND: &str = "
UPDATE queue SET free = {now} + $3 WHERE number = $1 AND claim = $2";
pub(super) const DONE: &str = "DELETE FROM queue WHERE number = $1 AND claim = $2";
pub(super) const AGAIN: &str = "
UPDATE queue SET free = {now} + $3, deliveries = deliveries - $4, claim = NULL
WHERE number = $1 AND claim = $2";
pub(super) const BURY: &str = "
UPDATE queue SET reason = $3, claim = NULL WHERE number = $1 AND claim = $2";

pub(super) const STATUS: &str = "
SELECT
    count(*) FILTER (WHERE reason IS NULL AND free <= {now}),
    count(*) FILTER (WHERE reason IS NULL AND free > {now} AND claim IS NOT NULL),
    count(*) FILTER (WHERE reason IS NULL AND free > {now} AND claim IS NULL),
    count(*) FILTER (WHERE reason IS NOT NULL)
FROM queue";

pub(super) const DEAD: &str = "
SELECT number, body, deliveries, since, reason FROM queue
WHERE number > $1 AND reason IS NOT NULL ORDER BY number LIMIT $2";
pub(super) const RETRY: &str = "
UPDATE queue SET reason = NULL, deliveries = 0, since = {now}, free = {now}
WHERE number = $1 AND reason IS NOT NULL";
pub(super) const DROP: &str = "DELETE FROM queue WHERE number = $1 AND reason IS NOT NULL";
