/**
 * What a command names: a handler, or a key of an object or workflow.
 *
 * Names of services and handlers hold no slash, so `Object/a/b/handler` has the key `a/b`. Keys are taken as they are typed.
 */
import { UsageError } from "../exit.ts";
import { path } from "../admin-client.ts";

export interface HandlerTarget {
  readonly service: string;
  readonly key?: string;
  readonly handler: string;
}

export interface KeyTarget {
  readonly service: string;
  readonly key: string;
}

/** `Service/handler` or `Object/key/handler`; `key`: what `--key` says. Throws {@link UsageError}. */
export function handlerTarget(text: string, key?: string): HandlerTarget {
  const first = text.indexOf("/");
  const last = text.lastIndexOf("/");
  const [service, handler] = [text.slice(0, first), text.slice(last + 1)];
  if (first === -1 || service === "" || handler === "")
    throw new UsageError(`a target is Service/handler or Object/key/handler, not "${text}"`);
  const inside = first === last ? undefined : text.slice(first + 1, last);
  if (inside !== undefined && key !== undefined) throw twice(text, inside, key);
  const found = key ?? inside;
  return { service, handler, ...(found === undefined ? {} : { key: checked(found) }) };
}

/** `Object/key`; `key`: what `--key` says. Throws {@link UsageError}. */
export function keyTarget(text: string, key?: string): KeyTarget {
  const first = text.indexOf("/");
  const inside = first === -1 ? undefined : text.slice(first + 1);
  if (inside !== undefined && key !== undefined) throw twice(text, inside, key);
  const service = first === -1 ? text : text.slice(0, first);
  const found = key ?? inside;
  if (service === "" || found === undefined)
    throw new UsageError(`"${text}" names no key: write Object/key, or --key`);
  return { service, key: checked(found) };
}

const twice = (text: string, inside: string, key: string): UsageError =>
  new UsageError(`the key is given twice: "${inside}" in "${text}", and "${key}" by --key`);

/** URLs resolve these, even if they are percent-encoded. */
function checked(key: string): string {
  if (key === "." || key === "..") throw new UsageError(`a key cannot be "${key}" over HTTP`);
  return key;
}

export const pathOfTarget = (how: "call" | "send", { service, key, handler }: HandlerTarget): string =>
  key === undefined
    ? path`/restate/${how}/${service}/${handler}`
    : path`/restate/${how}/${service}/${key}/${handler}`;
