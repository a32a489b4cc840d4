/** The request that is being written, and the one that was sent. */
import { useRef, useState } from "preact/hooks";
import { send, Unreachable } from "../../admin/client.ts";
import { refresh } from "../../admin/live.ts";
import type { HandlerInfo, ServiceInfo } from "../../admin/service.ts";
import { INGRESS } from "../../parts/resolve.tsx";
import { isJson } from "../../words/json-layout.ts";
import { type CallBefore, remember } from "./calls-before.ts";
import { type Fault, faultsOf } from "./check.ts";
import { type Draft, JSON_TYPE, requestHeaders, requestPath } from "./request.ts";
import { asSchema, beginning, type Field, fieldOf, type Json, saysNothing } from "./schema.ts";

/** What came back, or what is waited for. */
export interface Result {
  readonly sentMs: number;
  readonly draft: Draft;
  /** Absent: it is waited for. */
  readonly answer?: ResultAnswer;
}
export interface ResultAnswer {
  /** 0: nothing has answered, or nobody waits any more. */
  readonly status: number;
  readonly tookMs: number;
  readonly text: string;
  readonly contentType: string;
  readonly id?: string;
  readonly stopped?: boolean;
}

export interface Play {
  readonly draft: Draft;
  readonly change: (change: Partial<Draft>) => void;
  /** Absent: nothing is known of the input. */
  readonly field: Field | undefined;
  readonly isForm: boolean;
  /** Says why not if the text is no JSON. */
  readonly showForm: (form: boolean) => string | undefined;
  readonly value: Json | undefined;
  readonly setValue: (value: Json | undefined) => void;
  readonly faults: readonly Fault[];
  readonly submit: () => Promise<void>;
  readonly stop: () => void;
  readonly result: Result | undefined;
  readonly restore: (draft: Draft) => void;
  /** Another one as soon as the draft was replaced as a whole. */
  readonly revision: number;
}

interface Wanted {
  readonly service: ServiceInfo;
  readonly handler: HandlerInfo;
  /** From the address. */
  readonly key: string | undefined;
  readonly onCalled: (calls: readonly CallBefore[]) => void;
}

/** What was written for each handler, until the page is left. */
const written = new Map<string, Draft>();
const nameOf = ({ service, handler }: { readonly service: string; readonly handler: string }): string =>
  JSON.stringify([service, handler]);

export function usePlayground({ service, handler, key, onCalled }: Wanted): Play {
  const schema = asSchema(handler.fields.raw["input_json_schema"]);
  const field = saysNothing(schema) ? undefined : fieldOf(schema);
  const [draft, setDraft] = useState(() => startOf(service, handler, key, field));
  const [isForm, setForm] = useState(field !== undefined && isShowable(draft.input));
  const [result, setResult] = useState<Result>();
  const [tried, setTried] = useState(false);
  const [revision, setRevision] = useState(0);
  const waiting = useRef<AbortController>(undefined);
  // What was typed a moment ago is sent, whether it is on the screen already or not.
  const latest = useRef(draft);
  const put = (next: Draft): void => {
    latest.current = next;
    written.set(nameOf(next), next);
    setDraft(next);
  };
  const change = (part: Partial<Draft>): void => put({ ...latest.current, ...part });
  const value = isJson(draft.input) ? (JSON.parse(draft.input) as Json) : undefined;
  const submit = async (): Promise<void> => {
    waiting.current?.abort();
    const gone = new AbortController();
    waiting.current = gone;
    setTried(true);
    const sent = latest.current;
    const sentMs = Date.now();
    setResult({ sentMs, draft: sent });
    const answer = await answerTo(sent, gone.signal);
    if (waiting.current !== gone) return;
    setResult({ sentMs, draft: sent, answer });
    const { status, id } = answer;
    onCalled(
      remember({
        atMs: sentMs,
        draft: sent,
        ...(status !== 0 && { status }),
        ...(id !== undefined && { id }),
      }),
    );
    refresh();
  };
  return {
    ...{ draft, change, field, isForm, value, submit, result, revision },
    showForm: (form) => {
      if (form && !isShowable(draft.input)) return "The text is no JSON, so no form can show it.";
      setForm(form);
      return undefined;
    },
    setValue: (next) => change({ input: next === undefined ? "" : JSON.stringify(next) }),
    faults: shownFaults(field && value !== undefined ? faultsOf(schema, value) : [], tried),
    stop: () => waiting.current?.abort(),
    restore: (old) => {
      if (nameOf(old) !== nameOf(draft)) return void written.set(nameOf(old), old);
      put(old);
      setRevision(revision + 1);
    },
  };
}

/** A field is not wrong before somebody has had the time to fill it in. */
const shownFaults = (faults: readonly Fault[], tried: boolean): readonly Fault[] =>
  tried ? faults : faults.filter(({ blank }) => blank !== true);

const isShowable = (input: string): boolean => input === "" || isJson(input);

function startOf(
  service: ServiceInfo,
  handler: HandlerInfo,
  key: string | undefined,
  field: Field | undefined,
): Draft {
  const names = { service: service.name, handler: handler.name };
  const before = written.get(nameOf(names));
  if (before) return { ...before, ...(key !== undefined && { key }) };
  const first = field && beginning(field);
  return {
    ...names,
    ...{ type: service.type, handlerKind: handler.kind, key: key ?? "", how: "call", delay: "" },
    ...{ idempotencyKey: "", headers: [] },
    input: first === undefined ? "" : JSON.stringify(first),
    contentType: contentTypeOf(handler),
  };
}

/** The first one that the handler takes. */
function contentTypeOf({ fields }: HandlerInfo): string {
  const [first = "any"] = (fields.optionalText("input_description") ?? "any").split(",");
  return /^[\w.+-]+\/[\w.+-]+$/u.test(first.trim()) ? first.trim() : JSON_TYPE;
}

async function answerTo(draft: Draft, signal: AbortSignal): Promise<ResultAnswer> {
  const began = performance.now();
  const took = (): number => performance.now() - began;
  try {
    const { status, headers, text } = await send(`${INGRESS}${requestPath(draft)}`, {
      ...{ method: "POST", signal, headers: requestHeaders(draft) },
      ...(draft.input !== "" && { body: draft.input }),
    });
    const id = headers.get("x-restate-id") ?? idIn(text);
    return {
      ...{ status, text, tookMs: took(), contentType: headers.get("content-type") ?? "" },
      ...(id !== undefined && { id }),
    };
  } catch (error) {
    const stopped = signal.aborted;
    const said = error instanceof Unreachable ? "" : String(error);
    return {
      status: 0,
      text: stopped ? "" : said,
      tookMs: took(),
      contentType: "",
      ...(stopped && { stopped }),
    };
  }
}

/** Of what was sent. */
function idIn(text: string): string | undefined {
  try {
    const { invocationId } = JSON.parse(text) as { invocationId?: unknown };
    return typeof invocationId === "string" ? invocationId : undefined;
  } catch {
    return undefined;
  }
}
