#!/usr/bin/env python3
"""Keeps a SQLite copy of the clean organizations, over REST alone, with nothing but the standard library.

    python3 docs/examples/follow_organizations.py http://127.0.0.1:8080
    sqlite3 organizations-copy.db "SELECT id, name FROM organization LIMIT 5"

Stop it at any time, start it again, run it twice: the copy stays right. The five rules it keeps are in
docs/consuming.md; each is marked below.
"""

import argparse
import contextlib
import json
import os
import sqlite3
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

TOPIC = "organizations.organization.v1"
# Tombstones stay for seven days: a copy that was away for longer may have missed deletes.
AWAY_MAX_SECONDS = 6 * 24 * 60 * 60
# The field that says it, per op.
CONTENT = {"upsert": "organization", "redirect": "redirect_to"}

SCHEMA = """
CREATE TABLE IF NOT EXISTS organization (
    id TEXT PRIMARY KEY, name TEXT, email TEXT, website TEXT, members TEXT, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS redirect (absorbed_id TEXT PRIMARY KEY, survivor_id TEXT NOT NULL);
-- Rule 1: the newest version applied, per key, also of keys that are gone; and the rebuild that last saw the key.
CREATE TABLE IF NOT EXISTS applied (key TEXT PRIMARY KEY, version INTEGER NOT NULL, rebuild INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS progress (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    next TEXT NOT NULL, read_at REAL NOT NULL, rebuild INTEGER NOT NULL, rebuilding INTEGER NOT NULL
);
INSERT OR IGNORE INTO progress VALUES (1, 'earliest', 0, 1, 1);
"""


def main():
    parser = argparse.ArgumentParser(description="Keep a SQLite copy of the clean organizations.")
    parser.add_argument("service", help="such as http://127.0.0.1:8080")
    parser.add_argument("--database", default="organizations-copy.db")
    parser.add_argument("--once", action="store_true", help="end when everything is read")
    parser.add_argument("--rebuild", action="store_true", help="read all again and drop what is no longer there")
    options = parser.parse_args()
    database = sqlite3.connect(options.database, isolation_level=None, timeout=30)
    database.execute("PRAGMA journal_mode = WAL")
    database.executescript(SCHEMA)
    with contextlib.suppress(KeyboardInterrupt):
        follow(database, options)


def follow(database, options):
    start_rebuild_if_due(database, wanted=options.rebuild)
    while True:
        (start,) = database.execute("SELECT next FROM progress").fetchone()
        page = read_page(options.service, start, wait=0 if options.once else 20)
        take(database, page, start)
        if options.once and not page["records"]:
            return


def read_page(service, start, wait):
    """A page of events and the cursor behind it; waits for a service that is away."""
    query = urllib.parse.urlencode({"from": start, "wait": wait, "limit": 1000})
    url = f"{service.rstrip('/')}/v1/topics/{TOPIC}/records?{query}"
    token = os.environ.get("ORGLOOP_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    pause = 0.5
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=wait + 30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            # The request is wrong, and stays wrong: a cursor of another deployment, for example.
            if error.code < 500 and error.code != 429:
                sys.exit(f"{url} answers {error.code}: {error.read().decode(errors='replace')}")
            trouble = error
        except (OSError, ValueError) as error:
            trouble = error
        print(f"waiting for the service: {trouble}", file=sys.stderr)
        time.sleep(pause)
        pause = min(pause * 2, 30)


def take(database, page, start):
    """Rule 2: the rows and the cursor move in one transaction, so that no crash comes between them."""
    database.execute("BEGIN IMMEDIATE")
    try:
        progress = database.execute("SELECT next, rebuild, rebuilding FROM progress").fetchone()
        (now_at, rebuild, rebuilding) = progress
        if now_at != start:
            # Another instance keeps this copy too, and was here first.
            database.execute("ROLLBACK")
            return
        for record in page["records"]:
            apply(database, record, rebuild)
        # An empty page is the end of the topic.
        if rebuilding and not page["records"]:
            sweep(database, rebuild)
            rebuilding = 0
        database.execute(
            "UPDATE progress SET next = ?, read_at = ?, rebuilding = ?", (page["next"], time.time(), rebuilding)
        )
        database.execute("COMMIT")
    except BaseException:
        database.execute("ROLLBACK")
        raise


def apply(database, record, rebuild):
    key, value = record["key"], record["value"]
    try:
        # Rule 3: versions are decimal strings past 2^53; compare them as integers.
        version = int(record["version"])
        if value is not None and "undecodable" in value:
            raise ValueError(value["undecodable"])
        # Rule 4: a tombstone says delete by itself; the delete event before it may be gone.
        op = "delete" if value is None else value["op"]
        content = None if op == "delete" else value[CONTENT[op]]
        if op != "delete" and not content:
            raise ValueError(f"{op} without {CONTENT[op]}")
    except (KeyError, TypeError, ValueError) as error:
        # One event that cannot be read must not stop the others.
        place = f"partition {record['partition']}, offset {record['offset']}"
        print(f"passed over {key} ({place}): {error!r}", file=sys.stderr)
        database.execute("UPDATE applied SET rebuild = ? WHERE key = ?", (rebuild, key))
        return
    known = database.execute("SELECT version FROM applied WHERE key = ?", (key,)).fetchone()
    database.execute(
        "INSERT INTO applied VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE"
        " SET version = max(version, excluded.version), rebuild = excluded.rebuild",
        (key, version, rebuild),
    )
    # Rule 1: equal is a duplicate, lower came late.
    if known and version <= known[0]:
        return
    # Rule 5: a key is live, or a redirect, or gone, and may change from each to each: an undo is an upsert.
    forget(database, key)
    if op == "upsert":
        row = (key, content.get("name"), content.get("email"), content.get("website"))
        bodies = (json.dumps(value.get("members")), json.dumps(content))
        database.execute("INSERT INTO organization VALUES (?, ?, ?, ?, ?, ?)", row + bodies)
    elif op == "redirect":
        database.execute("INSERT INTO redirect VALUES (?, ?)", (key, content))


def forget(database, key):
    database.execute("DELETE FROM organization WHERE id = ?", (key,))
    database.execute("DELETE FROM redirect WHERE absorbed_id = ?", (key,))


def start_rebuild_if_due(database, wanted):
    """Mark: from now on every key that is seen gets the number of this rebuild."""
    (start, read_at) = database.execute("SELECT next, read_at FROM progress").fetchone()
    away_too_long = start != "earliest" and time.time() - read_at > AWAY_MAX_SECONDS
    if wanted or away_too_long:
        database.execute("UPDATE progress SET next = 'earliest', rebuild = rebuild + 1, rebuilding = 1")


def sweep(database, rebuild):
    """Sweep: what the topic did not show from its beginning to its end is not there any more."""
    unseen = database.execute("SELECT key FROM applied WHERE rebuild < ?", (rebuild,)).fetchall()
    for (key,) in unseen:
        forget(database, key)
        # The version stays: a late duplicate must not bring the key back.
    rows = database.execute("SELECT count(*) FROM organization").fetchone()[0]
    print(f"read to the end: {rows} organizations, {len(unseen)} keys no longer there", file=sys.stderr)


if __name__ == "__main__":
    main()
