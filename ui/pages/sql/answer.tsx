/** A query's rows, with links and readable times; and what was wrong with it. */
import { useState } from "preact/hooks";
import { CopyButton } from "../../parts/copy.tsx";
import { Empty } from "../../parts/empty.tsx";
import { useNow } from "../../parts/now.ts";
import { to } from "../../routes.ts";
import { messageOf, shortId, visible } from "../../words/text.ts";
import { clockTime, wholeTime } from "../../words/time.ts";
import { cellText, csvOf, type Found, foundWords, pointedAt, QueryRefusal } from "./result.ts";

/** So many rows are shown at first, and so many more each time. */
const SHOWN_ROWS = 500;

export function Answer({ of, onScan }: { readonly of: Found; readonly onScan: () => void }) {
  const [shown, setShown] = useState(SHOWN_ROWS);
  const { rows, columns } = of;
  return (
    <section class="card" aria-label="Answer">
      <header>
        <p class="grow" role="status">
          {foundWords(of)}
        </p>
        {rows.length > 0 && <Exports of={of} />}
      </header>
      {!of.isComplete && (
        <div class="pad">
          <p class="note">
            Something may be missing{of.missing === undefined ? "." : `: ${visible(of.missing)}.`}{" "}
            <button type="button" class="textual" onClick={onScan}>
              Look at everything that is kept
            </button>
          </p>
        </div>
      )}
      {rows.length === 0 ? (
        <Empty title="No row.">
          <p class="muted">The query is right, and nothing is as it says.</p>
        </Empty>
      ) : (
        <div class="scroll answer">
          <table class="tight">
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column} class={typeof rows[0]?.[column] === "number" ? "r" : ""}>
                    {visible(column)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, shown).map((row, index) => (
                <tr key={index}>
                  {columns.map((column) => (
                    <Cell key={column} value={row[column]} />
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.length > shown && (
        <p class="pad row">
          <button type="button" class="b" onClick={() => setShown(shown + SHOWN_ROWS)}>
            Show more
          </button>
          <span class="muted">
            {shown.toLocaleString("en-GB")} of {rows.length.toLocaleString("en-GB")} are shown. The files have
            all.
          </span>
        </p>
      )}
    </section>
  );
}

const INVOCATION = /^inv_[A-Za-z0-9_-]{10,}$/u;
const DEPLOYMENT = /^dp_[A-Za-z0-9]{10,}$/u;
/** Texts up to this are not broken. */
const SHORT_CHARS = 32;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/u;

function Cell({ value }: { readonly value: unknown }) {
  const now = useNow();
  const text = cellText(value);
  if (value === undefined || value === null)
    return (
      <td class="muted" title="null">
        –
      </td>
    );
  if (typeof value === "number") return <td class="r num">{text}</td>;
  const href = INVOCATION.test(text)
    ? to.invocation(text)
    : DEPLOYMENT.test(text)
      ? to.deployment(text)
      : undefined;
  if (href !== undefined)
    return (
      <td class="nowrap">
        <a class="id" href={href} title={text}>
          {shortId(text)}
        </a>
      </td>
    );
  if (TIME.test(text))
    return (
      <td class="nowrap num" title={`${text} · ${wholeTime(Date.parse(text))}`}>
        {clockTime(Date.parse(text), now)}
      </td>
    );
  return (
    <td>
      <bdi class={text.length <= SHORT_CHARS ? "cell short" : "cell"} title={visible(text)}>
        {text === "" ? <i class="muted">empty</i> : visible(text)}
      </bdi>
    </td>
  );
}

function Exports({ of }: { readonly of: Found }) {
  const save = (name: string, type: string, text: string): void => {
    const url = URL.createObjectURL(new Blob([text], { type }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <span class="row">
      <CopyButton text={csvOf(of)} what="the rows as CSV" />
      <button type="button" class="b sm" onClick={() => save("rows.csv", "text/csv", csvOf(of))}>
        CSV
      </button>
      <button
        type="button"
        class="b sm"
        onClick={() => save("rows.json", "application/json", JSON.stringify(of.rows, undefined, 2))}
      >
        JSON
      </button>
    </span>
  );
}

interface RefusedProps {
  readonly sql: string;
  readonly error: unknown;
  readonly message: string | undefined;
}

/** With the line that the error is in, and a mark below its place. */
export function Refused({ sql, error, message }: RefusedProps) {
  const place = error instanceof QueryRefusal ? error.place : undefined;
  const text = message ?? messageOf(error);
  const pointed = place && pointedAt(sql, place);
  return (
    <section class="card alert a-fail" role="alert" aria-label="Refused">
      <div class="pad form">
        <h3>{visible(text)}</h3>
        {pointed && (
          <pre class="pointed">
            {visible(pointed.line)}
            {"\n"}
            <b>{pointed.caret}</b>
          </pre>
        )}
      </div>
    </section>
  );
}
