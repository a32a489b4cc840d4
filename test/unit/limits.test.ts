/**
 * Limits stand in one place: lib/limits.ts and lib/limits/. A constant that bounds or times the system and stands elsewhere is
 * found by its name.
 */
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const limitFiles = globSync(["lib/limits.ts", "lib/limits/*.ts"], { cwd: root });
const otherFiles = globSync("{lib,sdk,runtime,infra,cli}/**/*.ts", { cwd: root }).filter(
  // What verify-aws tries and waits for bounds no part of the system: as in a test, it stands where it is used.
  (file) => !limitFiles.includes(file) && !file.startsWith("cli/verify-aws/"),
);

/** A constant of a module, named for a bound, a time or a size, whose value is a number. */
const LIMIT =
  /^(?:export )?const ((?:[A-Z0-9]+_)*(?:MAX|MIN|MS|SECONDS|MINUTES|BYTES|CHARS|KIB|MB|ONCE)(?:_[A-Z0-9]+)*)(?:: number)? = (?!new |[["'`{/(])/gm;

const namesIn = (file: string): string[] => [...read(file).matchAll(LIMIT)].map(([, name = ""]) => name);

/** Sizes that a format consists of, and what is shown to people: they bound nothing. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // The layout of ids, of names that are made by hashing, and of keys that sort.
  "lib/model/ids.ts": ["TAG_BYTES", "KEY_HASH_BYTES", "UNIQUE_BYTES", "CHECK_BYTES"],
  "lib/model/shown-id.ts": ["WORD_BYTES", "DEPLOYMENT_BYTES"],
  "lib/model/source-record.ts": ["ORIGIN_BYTES", "REJECTED_BYTES"],
  "lib/store/send.ts": ["AFRESH_BYTES"],
  "lib/tracing/span.ts": ["TRACE_ID_BYTES", "SPAN_ID_BYTES"],
  "lib/store/head/transitions.ts": ["MARK_BYTES"],
  "lib/model/voucher.ts": ["LANE_BYTES"],
  "lib/store/guard.ts": ["GUARD_NAME_BYTES"],
  "lib/model/lock.ts": ["LOCK_NONCE_BYTES"],
  "lib/model/resources.ts": ["ID_BYTES", "DELAY_ID_BYTES"],
  "lib/model/seal.ts": ["SEAL_BYTES", "NUMBER_BYTES", "NUMBER_MIN"],
  "runtime/aws/sqs-timers.ts": ["NAME_HASH_BYTES"],
  "runtime/dev/bundler.ts": ["DEPLOYMENT_HASH_CHARS"],
  "runtime/local/listing.ts": ["TIME_MS_MAX"],
  // What a status or a port may be by definition.
  "runtime/ingress/error.ts": ["STATUS_MIN", "STATUS_MAX"],
  "cli/config/server-setting.ts": ["PORT_MAX"],
  // How much of a name a line on the console shows.
  "cli/dev-console.ts": ["ID_CHARS"],
};

describe("limits", () => {
  test("are all found by this test", () => {
    const found = limitFiles.flatMap(namesIn);
    expect(found).toEqual(expect.arrayContaining(["PAYLOAD_BYTES_MAX", "KEEP_MS", "CHUNK_READS_AT_ONCE"]));
    expect(found.length).toBeGreaterThan(150);
  });

  test("stand in lib/limits, but for sizes of formats", () => {
    const elsewhere = otherFiles.flatMap((file) =>
      namesIn(file)
        .filter((name) => EXCEPTIONS[file]?.includes(name) !== true)
        .map((name) => `${file}: ${name}`),
    );
    expect(elsewhere).toEqual([]);
  });

  test("no exception is out of date", () => {
    const gone = Object.entries(EXCEPTIONS).flatMap(([file, names]) =>
      names.filter((name) => !otherFiles.includes(file) || !namesIn(file).includes(name)),
    );
    expect(gone).toEqual([]);
  });

  test("have a name each, in whatever file they are", () => {
    const names = limitFiles.flatMap(namesIn);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test("are in a file that the index names", () => {
    const index = read("lib/limits.ts");
    expect(
      limitFiles.map((file) => basename(file)).filter((file) => !index.includes(`limits/${file}`)),
    ).toEqual(["limits.ts"]);
  });
});
