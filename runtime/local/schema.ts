/** The tables of a local database. A change here needs a new {@link FORMAT} and a migration from the old one. */

/** What `meta.format` holds. 2 added when an item expires. */
export const FORMAT = 2;
/** "Prdr" in ASCII, in the header of every file of ours. */
export const APPLICATION_ID = 0x50726472;

/** Of the few items that have a time to live: most are rewritten often, and get one with their last write. */
export const EXPIRY_INDEX = "CREATE INDEX items_by_expiry ON items (ttl) WHERE ttl IS NOT NULL;";

export const SCHEMA = `
PRAGMA application_id = ${APPLICATION_ID};
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('format', ${FORMAT});

-- Items of the journal, the state and the registry. The body is the attributes as node:v8 serializes them.
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
