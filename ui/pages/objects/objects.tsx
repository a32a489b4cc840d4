/** Keys of objects and workflows: who has them, and who waits for them. */
import { useLocation } from "preact-iso";
import { useRef, useState } from "preact/hooks";
import { useServer } from "../../admin/server.ts";
import { type ServiceInfo, useServices } from "../../admin/services.ts";
import { Empty, Shown } from "../../parts/empty.tsx";
import { Icon } from "../../parts/icon.tsx";
import { useKeys } from "../../parts/keyboard.ts";
import { useNow } from "../../parts/now.ts";
import { useRowKeys } from "../../parts/rows.ts";
import { Badge } from "../../parts/status.tsx";
import { Table } from "../../parts/table.tsx";
import { to } from "../../routes.ts";
import { bytesInWords, counted, visible } from "../../words/text.ts";
import { duration, wholeTime } from "../../words/time.ts";
import { type KeysPage, useKeysPage } from "./keys-page.ts";
import { type ListedKey, keyId } from "./held-keys.ts";

export function Objects() {
  const { query, route } = useLocation();
  const services = useServices();
  const server = useServer();
  const { service, text = "" } = query;
  const go = (filter: { service?: string | undefined; text?: string }): void => {
    const next = { service, text, ...filter };
    const given = Object.entries(next).filter((pair): pair is [string, string] => Boolean(pair[1]));
    route(`${to.objects()}?${new URLSearchParams(given).toString()}`, true);
  };
  return (
    <>
      <h1 class="sr">Objects and workflows</h1>
      <Shown of={services}>
        {(all) => {
          const keyed = all.filter(({ type }) => type !== "Service");
          if (keyed.length === 0) return <NothingKeyed />;
          return (
            <Keys key={service ?? ""} {...{ keyed, service, text, go }} isAws={server.data?.kind === "aws"} />
          );
        }}
      </Shown>
    </>
  );
}

const NothingKeyed = () => (
  <Empty title="No service here has keys.">
    <p>
      An object has a state for each key, and runs one call of a key at a time. A workflow runs once for each
      key. Define one, and its keys appear here:
    </p>
    <pre class="code">{`export const counter = object({
  name: "Counter",
  handlers: {
    add: async (ctx: ObjectContext, amount: number) => {
      const total = ((await ctx.get<number>("total")) ?? 0) + amount;
      ctx.set("total", total);
      return total;
    },
  },
});`}</pre>
  </Empty>
);

interface KeysProps {
  readonly keyed: readonly ServiceInfo[];
  readonly service: string | undefined;
  readonly text: string;
  readonly go: (filter: { service?: string | undefined; text?: string }) => void;
  readonly isAws: boolean;
}

function Keys({ keyed, service, text, go, isAws }: KeysProps) {
  const page = useKeysPage({ services: keyed.map(({ name }) => name), service, isAws });
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLElement>(null);
  useKeys("Objects", [{ keys: "/", help: "Filter", run: () => field.current?.focus() }]);
  useRowKeys("Lists", list);
  return (
    <>
      {page.loaded.data && <KeysSentence rows={page.loaded.data} service={service} />}
      <div class="row wrap keys-bar">
        <select
          aria-label="Service"
          value={service ?? ""}
          onChange={(event) => go({ service: event.currentTarget.value || undefined })}
        >
          <option value="">All objects and workflows</option>
          {keyed.map(({ name }) => (
            <option key={name} value={name}>
              {visible(name)}
            </option>
          ))}
        </select>
        <input
          ref={field}
          class="grow"
          aria-label="A part of the key"
          placeholder="A part of the key"
          value={text}
          onInput={(event) => go({ text: event.currentTarget.value })}
        />
        {service !== undefined && text !== "" && (
          <a class="b" href={to.object(service, text)}>
            Open this key
          </a>
        )}
      </div>
      <section class="card" ref={list} aria-label="Keys">
        <Shown of={page.loaded}>
          {(rows) => (
            <KeysTable rows={rows.filter(({ key }) => key.includes(text))} {...{ text, service, isAws }} />
          )}
        </Shown>
        <Truth page={page} isAws={isAws} />
      </section>
    </>
  );
}

function KeysSentence({
  rows,
  service,
}: {
  readonly rows: readonly ListedKey[];
  readonly service: string | undefined;
}) {
  const held = rows.filter((row) => row.held !== undefined);
  const queued = held.filter((row) => (row.held?.behind ?? 0) > 0);
  const [longest] = queued;
  const behind = longest?.held?.behind ?? 0;
  return (
    <section class="lead">
      <p class="say" aria-live="polite">
        {held.length === 0 ? (
          <>
            <b>No key has an owner</b>
            {service === undefined ? "" : ` in ${visible(service)}`}: a call of any of them starts at once.
          </>
        ) : longest === undefined ? (
          <>
            <b>{counted(held.length, "key")}</b> {held.length === 1 ? "has" : "have"} an owner, and nothing
            waits behind {held.length === 1 ? "it" : "them"}.
          </>
        ) : (
          <>
            <b>{counted(queued.length, "key")}</b> {queued.length === 1 ? "has" : "have"} a queue. The longest
            is{" "}
            <a href={to.object(longest.service, longest.key)}>
              <bdi>
                {visible(longest.service)}/{visible(longest.key)}
              </bdi>
            </a>
            , with <b>{behind === 1 ? "one invocation" : `${behind} invocations`}</b> behind its owner.
          </>
        )}
      </p>
    </section>
  );
}

interface TableProps {
  readonly rows: readonly ListedKey[];
  readonly text: string;
  readonly service: string | undefined;
  readonly isAws: boolean;
}

const ROWS_A_PAGE = 200;

function KeysTable({ rows, text, service, isAws }: TableProps) {
  const now = useNow();
  const [shown, setShown] = useState(ROWS_A_PAGE);
  if (rows.length === 0)
    return (
      <Empty
        title={
          text === "" ? "No key is held, and none of those looked at has state." : "No key has this in it."
        }
      >
        <p>
          {text === ""
            ? "A key appears when a handler sets state for it, or while an invocation has it."
            : service === undefined
              ? "Choose a service to open a key that is not listed."
              : "“Open this key” shows it all the same: a key exists as soon as it is called."}
        </p>
        {text === "" && (
          <a class="b p" href={to.playground({ ...(service !== undefined && { service }) })}>
            <Icon name="play" small />
            Call one
          </a>
        )}
      </Empty>
    );
  return (
    <>
      <Table
        class="keys-t"
        head={[
          "Key",
          "Owner",
          { name: "Since", class: "r" },
          { name: "Behind", class: "r" },
          { name: "Names", class: "r" },
          { name: "Bytes", class: "r" },
        ]}
      >
        {rows.slice(0, shown).map((row) => (
          <KeyRow key={keyId(row)} row={row} nowMs={now} isAws={isAws} />
        ))}
      </Table>
      {rows.length > shown && (
        <button type="button" class="b q sm" onClick={() => setShown(shown + ROWS_A_PAGE)}>
          {counted(rows.length - shown, "more key")}
        </button>
      )}
    </>
  );
}

function KeyRow({
  row,
  nowMs,
  isAws,
}: {
  readonly row: ListedKey;
  readonly nowMs: number;
  readonly isAws: boolean;
}) {
  const { service, key, held, size } = row;
  const uncounted = <span class="faint">{isAws ? "not counted" : "0"}</span>;
  return (
    <tr class="go" data-row>
      <td class="full">
        <KeyLink service={service} keyText={key} />
      </td>
      <td>
        {held ? (
          <span class="row wrap">
            <a href={to.invocation(held.ownerId)}>
              <bdi>{visible(held.ownerHandler)}</bdi>
            </a>
            <Badge look={held.look} />
          </span>
        ) : (
          <span class="muted">free</span>
        )}
      </td>
      <td class="r num nowrap" title={held?.takenMs === undefined ? undefined : wholeTime(held.takenMs)}>
        {held?.takenMs === undefined ? "" : duration(coarse(nowMs - held.takenMs))}
      </td>
      <td class="r num nowrap">
        {held && held.behind > 0 ? (
          <b>
            {held.behind}
            <span class="only-phone">&nbsp;behind</span>
          </b>
        ) : (
          <span class="faint only-wide">0</span>
        )}
      </td>
      <td class="r num nowrap only-wide">{size?.names ?? uncounted}</td>
      <td class="r num nowrap only-wide">{size ? bytesInWords(size.bytes) : uncounted}</td>
    </tr>
  );
}

const KeyLink = ({ service, keyText }: { readonly service: string; readonly keyText: string }) => (
  <a class="tgt" href={to.object(service, keyText)} title={`${visible(service)}/${visible(keyText)}`}>
    <span class="sv">{visible(service)}</span>
    <span class="sl">/</span>
    <bdi class="k">{keyText === "" ? <i>empty</i> : visible(keyText)}</bdi>
  </a>
);

const SECOND_MS = 1000;
const coarse = (ms: number): number => Math.floor(Math.max(0, ms) / SECOND_MS) * SECOND_MS;

function Truth({ page, isAws }: { readonly page: KeysPage; readonly isAws: boolean }) {
  return (
    <footer class="pad row wrap between truth">
      <span class="sub">
        Listed are keys that have an owner, and keys that have state. A key that is free and has no state is
        not.
        {isAws && " An owner that has run ever since it began is not seen."}
        {page.skipped > 0 &&
          ` Keys with state of ${counted(page.skipped, "more service")} are not looked for: choose one.`}
      </span>
      {page.more && (
        <button type="button" class="b sm" onClick={page.loadMore}>
          {page.moreText}
        </button>
      )}
    </footer>
  );
}
