/**
 * State of one object's or workflow's key: `GET /services/{s}/state/{key}` lists it, `POST /services/{s}/state` replaces it
 * and `DELETE /services/{s}/state/{key}` clears it. Changes wait their turn in the key's group, behind whatever runs or
 * waits there: see runtime/dispatcher/state-edit.ts.
 */
import { accept } from "../../lib/store/admission.ts";
import { readState } from "../../lib/store/state-store.ts";
import {
  IDEMPOTENCY_KEY_BYTES_MAX,
  KEY_BYTES_MAX,
  NAME_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
} from "../../lib/limits.ts";
import {
  encodeStateEdit,
  markOf,
  STATE_EDIT,
  type StateEdit,
  type StateMark,
  stateVersion,
  visitState,
} from "../../lib/store/state-edit.ts";
import { EMPTY } from "../../lib/model/outcome.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import { emptyResponse, jsonResponse, parseJsonObject } from "../http/message.ts";
import type { Listing } from "../../lib/ports.ts";
import { AdminError, badField, badShape } from "./error.ts";
import { numberIn } from "./invocation.ts";
import type { AdminPorts, AdminExchange, Handling } from "./ports.ts";
import { findService } from "./services.ts";
import { type BytesView, viewBytes } from "./value-view.ts";
import {
  STATE_KEYS_DEFAULT,
  STATE_KEYS_MAX,
  STATE_NAMES_MAX,
  STATE_VIEW_BYTES_MAX,
} from "../../lib/limits/http.ts";

interface ValueView extends BytesView {
  readonly name: string;
  readonly bytes: number;
  readonly omitted?: true;
}

/** `?limit=&after=`: keys that have state. 404 unknown service; 501 nothing here can list them. */
export async function listKeys({ ports, request: { query } }: AdminExchange, service: string): Handling {
  await findService(ports.registry, service);
  if (!ports.listing) throw new AdminError(501, "The keys that have state cannot be listed here.");
  const limit = numberIn(query, "limit", { preset: STATE_KEYS_DEFAULT, min: 1, max: STATE_KEYS_MAX });
  const after = query.get("after");
  const { keys, next } = await keysOf(ports.listing, service, after === null ? { limit } : { limit, after });
  return jsonResponse(200, { service, keys, ...(next === undefined ? {} : { next }) });
}

/** Throws 400 for an `after` that no list has answered. */
async function keysOf(listing: Listing, service: string, page: { limit: number; after?: string }) {
  try {
    return await listing.keys(service, page);
  } catch (error) {
    if (error instanceof RangeError) throw badField("query parameter 'after'", error.message);
    throw error;
  }
}

/**
 * `?limit=&after=`: a page of its names, in the order of their bytes, with the version of the whole, for which all of it is read.
 * A key without state has an empty list: nobody can tell it from one that was never used.
 */
export async function describeState(
  { ports, request }: AdminExchange,
  service: string,
  key: string,
): Handling {
  assertKey(key);
  const { query } = request;
  const limit = numberIn(query, "limit", { preset: STATE_NAMES_MAX, min: 1, max: STATE_NAMES_MAX });
  const after = query.get("after");
  const marks: StateMark[] = [];
  const state: ValueView[] = [];
  let bytes = 0;
  let next: string | undefined;
  const type = (await ports.registry.service(service))?.type ?? "object";
  await visitState(ports, { name: service, type }, key, async (name, value) => {
    // A cleared name leaves a tombstone, which holds no value.
    if (!value) return;
    marks.push(markOf(name, value));
    if (after !== null && Buffer.compare(Buffer.from(name), Buffer.from(after)) <= 0) return;
    if (state.length === limit || bytes > STATE_VIEW_BYTES_MAX) {
      next ??= state.at(-1)?.name;
      return;
    }
    const size = value instanceof Uint8Array ? value.byteLength : value.bytes;
    if (size > STATE_VIEW_BYTES_MAX) {
      state.push({ name, bytes: size, omitted: true });
      return;
    }
    const subject = { target: { service, handler: STATE_EDIT, key }, type };
    const shown = value instanceof Uint8Array ? value : await readState(ports, subject, name, 0);
    bytes += size;
    state.push({ name, bytes: size, ...viewBytes(shown ?? EMPTY) });
  });
  const version = stateVersion(marks);
  return jsonResponse(200, { service, key, version, state, ...(next === undefined ? {} : { next }) });
}

function assertKey(key: string): void {
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) {
    throw badField("object key", `at most ${KEY_BYTES_MAX} bytes are supported`);
  }
}

/** `{object_key, new_state: {name: [byte, …]} or new_state_base64: {name: text}, version?}`. 202 with the edit's own invocation id in `x-restate-id`: it has
 * failed with 409 if the version was another. 400 bad body, or a service without state; 404 unknown; 413 too much. */
export async function replaceState({ ports, request }: AdminExchange, service: string): Handling {
  const body = parseJsonObject(request.body);
  if (!body) throw badField("request body", "must be a JSON object");
  const { object_key: key, new_state: state, new_state_base64: encoded, version, scope } = body;
  if (typeof key !== "string") throw badShape("request field 'object_key'", "must be text");
  if (version !== undefined && version !== null && typeof version !== "string") {
    throw badShape("request field 'version'", "must be text");
  }
  if (scope !== undefined && scope !== null) throw badField("request field 'scope'", "is not supported");
  return await queue(ports, service, key, {
    state:
      encoded === undefined
        ? stateIn("new_state", state, listed)
        : stateIn("new_state_base64", encoded, decoded),
    ...(typeof version === "string" ? { version: await comparable(ports, service, key, version) } : {}),
  });
}

/** What Restate's clients send: SHA-256 in base64url. */
const VERSION_OF_RESTATE = /^[\w-]{43}$/u;

/**
 * Restate's command line computes a version from what it has read, by a rule of its own. It cannot be compared with ours. Instead
 * the state must still be, when the edit's turn comes, what it is now, as the edit is accepted.
 */
async function comparable(ports: AdminPorts, name: string, key: string, version: string): Promise<string> {
  if (!VERSION_OF_RESTATE.test(version)) return version;
  const { type } = await findService(ports.registry, name);
  assertKey(key);
  const marks: StateMark[] = [];
  await visitState(ports, { name, type }, key, (shown, value) => {
    if (value) marks.push(markOf(shown, value));
  });
  return stateVersion(marks);
}

/** `?version=`. 202 as {@link replaceState}. */
export async function clearState({ ports, request }: AdminExchange, service: string, key: string): Handling {
  const version = request.query.get("version");
  return await queue(ports, service, key, { state: {}, ...(version === null ? {} : { version }) });
}

async function queue(ports: AdminPorts, name: string, key: string, edit: StateEdit): Handling {
  const service = await findService(ports.registry, name);
  if (service.type === "service") {
    throw new AdminError(400, "Cannot modify state for service type Service");
  }
  assertKey(key);
  if (Buffer.byteLength(edit.version ?? "") > IDEMPOTENCY_KEY_BYTES_MAX) throw badField("version", "is none");
  const input = encodeStateEdit(edit);
  if (input.byteLength > PAYLOAD_BYTES_MAX) {
    throw new AdminError(
      413,
      `the new state takes ${input.byteLength} bytes, in base64; at most ${PAYLOAD_BYTES_MAX} are supported`,
    );
  }
  const target = { service: name, handler: STATE_EDIT, key };
  const { id } = await accept(ports, { target, handlerKind: "exclusive", input, headers: {} });
  return emptyResponse(202, { "x-restate-id": shownId(id) });
}

/** `bytesIn`: throws 422 for what stands for no bytes. */
function stateIn(
  field: string,
  state: unknown,
  bytesIn: (value: unknown, where: string) => Uint8Array,
): Record<string, Uint8Array> {
  if (typeof state !== "object" || state === null || Array.isArray(state)) {
    throw badShape(`request field '${field}'`, "must be an object");
  }
  return Object.fromEntries(
    Object.entries(state).map(([name, value]: [string, unknown]) => {
      const where = `request field '${field}.${name.slice(0, 100)}'`;
      if (name === "" || Buffer.byteLength(name) > NAME_BYTES_MAX) {
        throw badField(where, `a name has 1 to ${NAME_BYTES_MAX} bytes`);
      }
      return [name, bytesIn(value, where)];
    }),
  );
}

function listed(value: unknown, where: string): Uint8Array {
  if (!Array.isArray(value) || !value.every(isByte)) throw badShape(where, "must be a list of bytes");
  return Uint8Array.from(value);
}

/** About a third as long as a list of bytes. */
function decoded(value: unknown, where: string): Uint8Array {
  if (typeof value !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/u.test(value))
    throw badShape(where, "must be base64");
  return new Uint8Array(Buffer.from(value, "base64"));
}

const isByte = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 255;
