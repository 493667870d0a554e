"""Every SQL statement of the PostgreSQL engine, by name.

Tables stand in the connection's current schema. Names of queues, items, groups and owners are bytea: text holds no
NUL. What `head`, `chunk`, `item` and their columns mean is told in sqlite_schema.py; the two engines differ in this:

* `counter` is a sequence, so versions and leases are never given twice, whatever is rolled back.
* `node` has one row for each open store: the number of its last batch and what it answered. A batch states the number
  it follows; so after a lost connection a store learns whether its batch was committed, and one that is still on its
  way when the store has given it up can do nothing any more.
* `queue_size` is spread over shards, so that nodes filling one queue do not wait for each other.

A batch is one call of `fogbank_apply`, which is one transaction and one round trip. It is READ COMMITTED and safe:
before it reads anything it takes an advisory lock for each record, log and item it names, then for each group, in one
global order, so no two nodes wait for each other in a circle; and each of its statements sees what was committed
before those locks were had. A batch with a DeletePrefix names no keys and so locks out all others.
"""

from __future__ import annotations

SCHEMA = 1

#: What `fogbank_apply` raises for a batch whose number is not the next of its node.
SUPERSEDED = "FB001"

#: Locked for the session while tables are made, so that nodes starting together do not collide.
MIGRATION_LOCK = "SELECT pg_advisory_lock(hashtext(current_schema()), -2)"
HAS_TABLES = "SELECT to_regclass(format('%I.fogbank_meta', current_schema())) IS NOT NULL"
SCHEMA_FOUND = "SELECT schema FROM fogbank_meta"

#: A good plan never depends on how full a table is, nor on whether it was analysed: always the index.
SESSION = (
    "SET enable_seqscan = off; SET enable_bitmapscan = off; SET synchronous_commit = on; SET jit = off; "
    "SET default_transaction_isolation = 'read committed'"
)

TABLES = """
CREATE TABLE fogbank_meta (schema integer NOT NULL);
CREATE SEQUENCE counter;
CREATE SEQUENCE node_counter;
CREATE TABLE node (id bigint PRIMARY KEY, batch bigint NOT NULL, results bigint[] NOT NULL, conflicts int[] NOT NULL,
    seen timestamptz NOT NULL DEFAULT now());
CREATE TABLE record (key bytea PRIMARY KEY, version bigint NOT NULL, value bytea NOT NULL);
CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key bytea NOT NULL UNIQUE,
    last_seq bigint NOT NULL, trimmed_seq bigint NOT NULL, high_ms bigint NOT NULL, disorder_ms bigint NOT NULL);
CREATE TABLE chunk (log bigint NOT NULL, first_seq bigint NOT NULL, last_seq bigint NOT NULL, high_ms bigint NOT NULL,
    packed bytea NOT NULL, PRIMARY KEY (log, first_seq));
CREATE INDEX chunk_time ON chunk (log, high_ms, first_seq, last_seq);
CREATE TABLE item (seq bigint PRIMARY KEY, queue bytea NOT NULL, id bytea NOT NULL, grp bytea, due_ms bigint NOT NULL,
    ready_ms bigint, enqueued_ms bigint NOT NULL, attempt integer NOT NULL, lease bigint, owner bytea,
    lease_until_ms bigint, body bytea NOT NULL, UNIQUE (queue, id));
CREATE INDEX item_ready ON item (queue, ready_ms, seq) WHERE ready_ms IS NOT NULL;
CREATE INDEX item_group ON item (queue, grp, seq) WHERE grp IS NOT NULL;
CREATE INDEX item_leased ON item (queue, lease_until_ms) WHERE lease IS NOT NULL;
CREATE INDEX item_owner ON item (owner) WHERE lease IS NOT NULL;
CREATE TABLE queue_size (queue bytea, shard integer, items bigint NOT NULL, PRIMARY KEY (queue, shard));
"""

# The arguments are columns: one element for each operation, in order, `job` telling whose it is (from 1, without gaps).
# kind: see postgres_batch.Kind. For each kind, what the others hold:
#   P put      k key, v value, a expected version        A append  k log, v packed, a expected last seq, b count,
#   D delete   k key, a expected version                           c max_ms, d disorder_ms, e min_ms
#   C check    k key, a expected version                 T trim    k log, b through_seq
#   X prefix   k low bound, v high bound                 R drop    k log
#   E enqueue  k queue, id, grp, v body, b due_ms        K cancel  k queue, id
#   W ack      k queue, id, b seq, c lease               Y retry   k queue, id, v body or null, b seq, c lease, d due_ms
FUNCTIONS = """
CREATE FUNCTION fogbank_removed(queue_ bytea, grp_ bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF grp_ IS NOT NULL THEN
        UPDATE item SET ready_ms = due_ms WHERE ready_ms IS NULL AND seq =
            (SELECT i.seq FROM item i WHERE i.queue = queue_ AND i.grp = grp_ ORDER BY i.seq LIMIT 1);
    END IF;
END $$;

CREATE FUNCTION fogbank_lock(kind text[], k bytea[], id_ bytea[], grp_ bytea[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    space int := hashtext(current_schema());
    bucket int;
BEGIN
    IF 'X' = ANY (kind) THEN
        PERFORM pg_advisory_xact_lock(space, -1);
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock_shared(space, -1);
    FOR bucket IN
        SELECT DISTINCT (hashtextextended(encode(o.k || coalesce(o.id, ''), 'hex'),
            CASE WHEN o.kind IN ('P', 'D', 'C') THEN 0 WHEN o.kind IN ('A', 'T', 'R') THEN 1 ELSE 2 END) & 4095)::int
        FROM unnest(kind, k, id_) AS o (kind, k, id) ORDER BY 1
    LOOP
        PERFORM pg_advisory_xact_lock(space, bucket);
    END LOOP;
    -- With the items locked, the groups they stand in now can be read, and cannot change.
    FOR bucket IN
        SELECT DISTINCT 4096 + (hashtextextended(encode(g.queue || g.grp, 'hex'), 3) & 4095)::int FROM (
            SELECT o.k AS queue, o.grp FROM unnest(k, grp_) AS o (k, grp) WHERE o.grp IS NOT NULL
            UNION ALL
            SELECT i.queue, i.grp FROM unnest(kind, k, id_) AS o (kind, k, id)
                JOIN item i ON i.queue = o.k AND i.id = o.id WHERE o.kind IN ('E', 'K', 'W') AND i.grp IS NOT NULL
        ) g ORDER BY 1
    LOOP
        PERFORM pg_advisory_xact_lock(space, bucket);
    END LOOP;
END $$;

CREATE FUNCTION fogbank_apply(node_ bigint, number_ bigint, shard_ int, now_ms bigint, news text, job int[],
    kind text[], k bytea[], id_ bytea[], grp_ bytea[], v bytea[], a bigint[], b bigint[], c bigint[], d bigint[],
    e bigint[], OUT results bigint[], OUT conflicts int[]) LANGUAGE plpgsql AS $$
DECLARE
    n int := cardinality(kind);
    i int := 1;
    j int;
    first int;
    failed int;
    found_ bigint;
    high bigint;
    last_ bigint;
    grp_now bytea;
    head record;
    grown int[] := array_fill(0, ARRAY[n]);
BEGIN
    UPDATE node SET batch = number_, seen = now() WHERE id = node_ AND batch = number_ - 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'batch % of node % was superseded', number_, node_ USING ERRCODE = 'FB001';
    END IF;
    PERFORM fogbank_lock(kind, k, id_, grp_);
    results := array_fill(NULL::bigint, ARRAY[n]);
    conflicts := array_fill(NULL::int, ARRAY[job[n]]);
    WHILE i <= n LOOP
        first := i;
        failed := NULL;
        WHILE i <= n AND job[i] = job[first] LOOP
            IF failed IS NULL THEN
                found_ := NULL;
                IF kind[i] IN ('P', 'D', 'C') THEN
                    IF a[i] IS NOT NULL THEN
                        SELECT r.version INTO found_ FROM record r WHERE r.key = k[i];
                        IF coalesce(found_, 0) <> a[i] THEN failed := i; END IF;
                    END IF;
                ELSIF kind[i] = 'A' THEN
                    IF a[i] IS NOT NULL THEN
                        SELECT l.last_seq INTO found_ FROM log l WHERE l.key = k[i];
                        IF coalesce(found_, 0) <> a[i] THEN failed := i; END IF;
                    END IF;
                ELSIF kind[i] IN ('W', 'Y') THEN
                    SELECT t.seq INTO found_ FROM item t WHERE t.seq = b[i] AND t.lease = c[i] FOR UPDATE;
                    IF found_ IS NULL THEN failed := i; END IF;
                END IF;
            END IF;
            i := i + 1;
        END LOOP;
        IF failed IS NOT NULL THEN
            conflicts[job[first]] := failed;
            CONTINUE;
        END IF;
        FOR j IN first .. i - 1 LOOP
            CASE kind[j]
            WHEN 'P' THEN
                INSERT INTO record AS r VALUES (k[j], nextval('counter'), v[j])
                ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value
                RETURNING r.version INTO found_;
                results[j] := found_;
            WHEN 'A' THEN
                IF b[j] = 0 THEN
                    SELECT l.last_seq INTO found_ FROM log l WHERE l.key = k[j];
                    results[j] := coalesce(found_, 0);
                ELSE
                    INSERT INTO log AS l (key, last_seq, trimmed_seq, high_ms, disorder_ms)
                    VALUES (k[j], b[j], 0, c[j], d[j])
                    ON CONFLICT (key) DO UPDATE SET last_seq = l.last_seq + b[j], high_ms = greatest(l.high_ms, c[j]),
                        disorder_ms = greatest(l.disorder_ms, d[j], l.high_ms - e[j])
                    RETURNING l.id, l.last_seq, l.high_ms INTO found_, last_, high;
                    INSERT INTO chunk VALUES (found_, last_ - b[j] + 1, last_, high, v[j]);
                    results[j] := last_;
                END IF;
            WHEN 'E' THEN
                DELETE FROM item t WHERE t.queue = k[j] AND t.id = id_[j] RETURNING t.grp INTO grp_now;
                IF FOUND THEN
                    grown[j] := -1;
                    PERFORM fogbank_removed(k[j], grp_now);
                END IF;
                INSERT INTO item (seq, queue, id, grp, due_ms, ready_ms, enqueued_ms, attempt, body)
                VALUES (nextval('counter'), k[j], id_[j], grp_[j], b[j],
                    CASE WHEN grp_[j] IS NOT NULL AND EXISTS
                        (SELECT 1 FROM item t WHERE t.queue = k[j] AND t.grp = grp_[j]) THEN NULL ELSE b[j] END,
                    now_ms, 0, v[j]);
                grown[j] := grown[j] + 1;
            WHEN 'W' THEN
                DELETE FROM item t WHERE t.seq = b[j] AND t.lease = c[j] RETURNING t.grp INTO grp_now;
                IF FOUND THEN
                    grown[j] := -1;
                    PERFORM fogbank_removed(k[j], grp_now);
                END IF;
            WHEN 'Y' THEN
                UPDATE item t SET due_ms = d[j], ready_ms = d[j], lease = NULL, owner = NULL, lease_until_ms = NULL,
                    body = coalesce(v[j], t.body)
                WHERE t.seq = b[j] AND t.lease = c[j];
            WHEN 'K' THEN
                DELETE FROM item t WHERE t.queue = k[j] AND t.id = id_[j] RETURNING t.grp INTO grp_now;
                IF FOUND THEN
                    grown[j] := -1;
                    PERFORM fogbank_removed(k[j], grp_now);
                END IF;
            WHEN 'D' THEN
                DELETE FROM record r WHERE r.key = k[j];
            WHEN 'X' THEN
                DELETE FROM record r WHERE r.key >= k[j] AND r.key < v[j];
            WHEN 'T' THEN
                UPDATE log l SET trimmed_seq = greatest(l.trimmed_seq, least(l.last_seq, b[j])) WHERE l.key = k[j]
                RETURNING l.id, l.trimmed_seq INTO head;
                IF FOUND THEN
                    DELETE FROM chunk h
                    WHERE h.log = head.id AND h.first_seq <= head.trimmed_seq AND h.last_seq <= head.trimmed_seq;
                END IF;
            WHEN 'R' THEN
                DELETE FROM log l WHERE l.key = k[j] RETURNING l.id INTO found_;
                IF FOUND THEN DELETE FROM chunk h WHERE h.log = found_; END IF;
            ELSE
                NULL;
            END CASE;
        END LOOP;
    END LOOP;
    INSERT INTO queue_size AS s
    SELECT g.queue, shard_, sum(g.by) FROM unnest(k, grown) AS g (queue, by) WHERE g.by <> 0 GROUP BY g.queue
    ORDER BY g.queue ON CONFLICT (queue, shard) DO UPDATE SET items = s.items + excluded.items;
    UPDATE node SET results = fogbank_apply.results, conflicts = fogbank_apply.conflicts WHERE id = node_;
    IF news <> '' THEN
        PERFORM pg_notify('fogbank_' || hashtext(current_schema()), news);
    END IF;
END $$;
"""

MARK_SCHEMA = "INSERT INTO fogbank_meta VALUES (%s)"

#: Rows of stores that ended without closing go after a week; a store that slept that long makes its row anew.
REGISTER = """
WITH gone AS (DELETE FROM node WHERE seen < now() - interval '7 days')
INSERT INTO node (id, batch, results, conflicts) VALUES (nextval('node_counter'), 0, '{}', '{}') RETURNING id
"""
UNREGISTER = "DELETE FROM node WHERE id = %s"
#: FOR UPDATE waits for a batch that the server is still working on.
LAST_BATCH = "SELECT batch, results, conflicts FROM node WHERE id = %s FOR UPDATE"
#: A batch that was committed has at least one conflict slot; so an empty array tells a fence.
FENCE = "UPDATE node SET batch = %s, results = '{}', conflicts = '{}' WHERE id = %s"

APPLY = """
SELECT results, conflicts FROM fogbank_apply(%b::int8, %b::int8, %b::int4, %b::int8, %b::text, %b::int4[], %b::text[],
    %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[], %b::int8[], %b::int8[], %b::int8[], %b::int8[], %b::int8[])
"""

CHANNEL = "SELECT 'fogbank_' || hashtext(current_schema())"

#: As a batch with a DeletePrefix: no other may be under way.
LOCK_OUT = "SELECT pg_advisory_xact_lock(hashtext(current_schema()), -1)"
CLEAR = "TRUNCATE record, log, chunk, item, queue_size"

GET = "SELECT value, version FROM record WHERE key = %b"
GET_MANY = "SELECT key, value, version FROM record WHERE key = ANY (%b::bytea[])"
SCAN_FORWARD = "SELECT key, value, version FROM record WHERE key >= %b AND key < %b ORDER BY key LIMIT %b"
SCAN_REVERSE = (
    "SELECT key, value, version FROM record WHERE key >= %b AND key < %b ORDER BY key DESC LIMIT %b"
)
COUNT = "SELECT count(*) FROM (SELECT 1 FROM record WHERE key >= %b AND key < %b LIMIT %b) r"

LAST_SEQ = "SELECT last_seq FROM log WHERE key = %b"
#: The head, with where a time range can begin (null: nowhere) and must end. Arguments: from_ms, to_ms, key.
HEAD = """
SELECT l.id, l.last_seq, l.trimmed_seq,
    (SELECT first_seq FROM chunk WHERE log = l.id AND high_ms >= %(from_ms)s::int8 ORDER BY high_ms, first_seq LIMIT 1),
    (SELECT last_seq FROM chunk WHERE log = l.id AND high_ms >= %(to_ms)s::int8 + l.disorder_ms
        ORDER BY high_ms, first_seq LIMIT 1)
FROM log l WHERE l.key = %(key)s
"""
CHUNKS_FORWARD = """
SELECT first_seq, last_seq, packed FROM chunk WHERE log = %(log)s AND first_seq <= %(high)s AND first_seq >= coalesce(
    (SELECT first_seq FROM chunk WHERE log = %(log)s AND first_seq <= %(low)s ORDER BY first_seq DESC LIMIT 1), 0)
ORDER BY first_seq LIMIT %(rows)s
"""
CHUNKS_REVERSE = CHUNKS_FORWARD.replace(
    "ORDER BY first_seq LIMIT %(rows)s", "ORDER BY first_seq DESC LIMIT %(rows)s"
)

LEASE = """
WITH due AS (
    SELECT seq, ready_ms FROM item WHERE queue = %(queue)s AND ready_ms <= %(now_ms)s ORDER BY ready_ms, seq
    LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
UPDATE item t SET ready_ms = %(until_ms)s, lease_until_ms = %(until_ms)s, lease = nextval('counter'),
    owner = %(owner)s, attempt = attempt + 1
FROM due WHERE t.seq = due.seq
RETURNING due.ready_ms, t.seq, t.id, t.body, t.grp, t.due_ms, t.enqueued_ms, t.attempt, t.lease
"""
EXTEND = """
UPDATE item SET ready_ms = %(until_ms)s, lease_until_ms = %(until_ms)s WHERE seq = %(seq)s AND lease = %(lease)s RETURNING seq
"""
#: The rows are locked in one order, so that two nodes releasing for one owner do not wait in a circle.
RELEASE = """
WITH held AS (SELECT seq FROM item WHERE owner = %b AND lease IS NOT NULL ORDER BY seq FOR UPDATE)
UPDATE item t SET ready_ms = due_ms, lease = NULL, owner = NULL, lease_until_ms = NULL
FROM held WHERE t.seq = held.seq RETURNING t.queue
"""
NOTIFY = "SELECT pg_notify('fogbank_' || hashtext(current_schema()), %b::text)"
NEXT_DUE = "SELECT ready_ms FROM item WHERE queue = %b AND ready_ms IS NOT NULL ORDER BY ready_ms LIMIT 1"
DEPTH = """
SELECT coalesce((SELECT sum(items)::int8 FROM queue_size WHERE queue = %(queue)s), 0),
    (SELECT count(*) FROM item WHERE queue = %(queue)s AND lease IS NOT NULL AND lease_until_ms > %(now_ms)s)
"""
