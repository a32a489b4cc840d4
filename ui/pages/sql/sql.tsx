/** SQL: an editor, what can be asked beside it, and the answer below. */
import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { query, Unreachable } from "../../admin/client.ts";
import { useLive } from "../../admin/live.ts";
import { useServer } from "../../admin/server.ts";
import { shared } from "../../admin/shared.ts";
import { useStored } from "../../parts/stored.ts";
import { to } from "../../routes.ts";
import { Editor } from "./editor.tsx";
import { EXAMPLES } from "./examples.ts";
import { Answer, Refused } from "./answer.tsx";
import { type Found, historyIn, runQuery, withQuery } from "./result.ts";
import { SCHEMA_QUERY, type Table, tablesIn } from "./schema.ts";
import { Side } from "./side.tsx";

/** Tables change with the server's version only. */
const SCHEMA_EVERY_MS = 3_600_000;
/** A look at them reads nothing, but each takes a process: every change would be told of. */
const loadTables = shared(SCHEMA_EVERY_MS, async (signal) => tablesIn(await query(SCHEMA_QUERY, { signal })));
const NO_TABLES: readonly Table[] = [];

interface Run {
  readonly sql: string;
  readonly found?: Found;
  readonly error?: unknown;
  readonly isRunning: boolean;
}

/** One query at a time: another one stops it. */
function useRuns(onFound: (sql: string) => void) {
  const [run, setRun] = useState<Run>();
  const running = useRef<AbortController | undefined>(undefined);
  const start = async (sql: string, scan = false): Promise<void> => {
    running.current?.abort();
    const own = new AbortController();
    running.current = own;
    setRun({ sql, isRunning: true });
    try {
      const found = await runQuery({ sql, scan, signal: own.signal });
      setRun({ sql, found, isRunning: false });
      onFound(sql);
    } catch (error) {
      if (!own.signal.aborted) setRun({ sql, error, isRunning: false });
    }
  };
  const stop = (): void => {
    running.current?.abort();
    setRun(undefined);
  };
  useEffect(() => () => running.current?.abort(), []);
  return { run, start, stop };
}

export function Sql() {
  const { url, route } = useLocation();
  const asked = new URL(url, "http://page").searchParams.get("query");
  const [text, setText] = useState(asked ?? EXAMPLES[0]?.sql ?? "");
  const [history, setHistory] = useStored("sql", historyIn, (queries) => JSON.stringify(queries));
  /** What was asked last: an address with it asks nothing anew. */
  const seen = useRef<string | undefined>(undefined);
  const field = useRef<HTMLTextAreaElement>(null);
  const tables = useLive("tables", loadTables, SCHEMA_EVERY_MS);
  const isLocal = useServer().data?.kind === "local";
  const { run, start, stop } = useRuns((sql) => {
    seen.current = sql;
    setHistory(withQuery(history, sql));
    route(to.sql(sql), true);
  });
  // A link with a query shows its answer; where reading costs something, somebody must ask for it.
  const latest = useRef(start);
  latest.current = start;
  useEffect(() => {
    if (asked === null || !isLocal || asked === seen.current) return;
    seen.current = asked;
    setText(asked);
    void latest.current(asked);
  }, [asked, isLocal]);
  const put = (sql: string): void => {
    setText(sql);
    field.current?.focus();
  };
  return (
    <>
      <section class="lead">
        <h1 class="sr">SQL</h1>
        <p class="say">
          Ask about invocations, journals, state and locks.{" "}
          <span class="muted">
            A query only reads{isLocal ? "." : ": in AWS 5,000 read units at most, which cost $0.0006."}
          </span>
        </p>
      </section>
      <div class="sql">
        <Side
          tables={tables}
          onInsert={(name) => insertInto(field.current, name, setText)}
          onQuery={put}
          history={history}
        />
        <div class="sql-main">
          <Editor
            {...{ text, field }}
            tables={tables.data ?? NO_TABLES}
            onChange={setText}
            onRun={() => void start(text)}
            onStop={stop}
            isRunning={run?.isRunning === true}
          />
          <Below run={run} onScan={() => void start(run?.sql ?? text, true)} />
        </div>
      </div>
    </>
  );
}

function Below({ run, onScan }: { readonly run: Run | undefined; readonly onScan: () => void }) {
  if (run === undefined)
    return (
      <p class="muted">
        Nothing was asked yet. <kbd>Ctrl</kbd> <kbd>↵</kbd> asks.
      </p>
    );
  if (run.isRunning)
    return (
      <p class="muted" aria-busy="true">
        Looking…
      </p>
    );
  if (run.found !== undefined) return <Answer of={run.found} onScan={onScan} />;
  const message = run.error instanceof Unreachable ? "The server does not answer." : undefined;
  return <Refused sql={run.sql} error={run.error} message={message} />;
}

/** At the cursor, or instead of what is selected. */
function insertInto(field: HTMLTextAreaElement | null, text: string, onChange: (text: string) => void): void {
  if (field === null) return;
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  onChange(field.value);
  field.focus();
}
