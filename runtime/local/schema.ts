/** The tables of a local database. A change here needs a new {@link FORMAT} and a migration from the old one. */

/** What `meta.format` holds. Format 2 added the time at which an item expires. Format 3 has other bodies of items
 * beside those of node:v8, which it still reads. */
export const FORMAT = 3;
/** "Prdr" in ASCII. It stands in the header of every file of Perdure. */
export const APPLICATION_ID = 0x50726472;

/** It has only the items with a time to live. Most items get one with their last write, after many without. */
export const EXPIRY_INDEX = "CREATE INDEX items_by_expiry ON items (ttl) WHERE ttl IS NOT NULL;";

export const SCHEMA = `
PRAGMA application_id = ${APPLICATION_ID};
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('format', ${FORMAT});

-- Items of the journal, the state and the registry. The body is the attributes: see item-body.ts.
CREATE TABLE items (
  tbl TEXT NOT NULL, pk TEXT NOT NULL, sk TEXT NOT NULL, body BLOB NOT NULL, ttl INTEGER,
  PRIMARY KEY (tbl, pk, sk)
) WITHOUT ROWID;
${EXPIRY_INDEX}
-- For scans. It holds key columns only, so an update of an item leaves it alone.
CREATE INDEX items_by_sort ON items (tbl, sk, pk);

-- AUTOINCREMENT: a sequence must never come back after its row is deleted, for tokens are made of it (R10).
CREATE TABLE messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, grp TEXT NOT NULL, dedup TEXT NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL
);
CREATE TABLE dedups (dedup TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX dedups_by_age ON dedups (at);

CREATE TABLE timers (
  dedup TEXT PRIMARY KEY, at INTEGER NOT NULL, grp TEXT NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (at);

CREATE TABLE blobs (name TEXT PRIMARY KEY, bytes BLOB NOT NULL);
`;
