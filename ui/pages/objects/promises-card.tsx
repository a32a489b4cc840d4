/** A workflow's promises: what they were completed with, who waits for them, and which handlers complete them. */
import { useState } from "preact/hooks";
import type { Invocation } from "../../admin/invocation.ts";
import type { ServiceInfo } from "../../admin/service.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Shown } from "../../parts/empty.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Badge } from "../../parts/status.tsx";
import { Table } from "../../parts/table.tsx";
import { to } from "../../routes.ts";
import { visible } from "../../words/text.ts";
import { waitsForPromise } from "../../words/wait.ts";
import type { PromiseInfo } from "./key-data.ts";
import { usePromises } from "./use-key.ts";

interface PromisesProps {
  readonly service: ServiceInfo;
  readonly keyText: string;
  /** Of this key, in flight. */
  readonly open: readonly Invocation[];
}

export function PromisesCard({ service, keyText, open }: PromisesProps) {
  const promises = usePromises(service.name, keyText);
  return (
    <section class="card" aria-label="Promises">
      <header>
        <Icon name="diamond" />
        <h2 class="grow">Promises</h2>
      </header>
      <Shown of={promises}>
        {(all) =>
          all.length === 0 ? (
            <p class="pad muted">
              None yet. A promise is here as soon as the run waits for it, or a handler completes it.
            </p>
          ) : (
            <Table class="prom-t" head={["Name", "Result", "Who waits", { actions: true }]}>
              {all.map((promise) => (
                <PromiseRow key={promise.name} {...{ promise, service, keyText, open }} />
              ))}
            </Table>
          )
        }
      </Shown>
    </section>
  );
}

interface RowProps extends PromisesProps {
  readonly promise: PromiseInfo;
}

function PromiseRow({ promise, service, keyText, open }: RowProps) {
  const [resolving, setResolving] = useState(false);
  const waiting = open.filter(({ waiting: wait }) => waitsForPromise(wait, promise.name));
  return (
    <tr>
      <td class="mono c-n">
        <bdi class="cut" title={visible(promise.name)}>
          {visible(promise.name)}
        </bdi>
      </td>
      <td class="full">
        <Result of={promise} />
      </td>
      <td>
        <span class="sub only-phone">waits:&nbsp;</span>
        {waiting.length === 0 ? (
          <span class="muted">nobody</span>
        ) : (
          waiting.map(({ id, target }) => (
            <a key={id} href={to.invocation(id)}>
              <bdi>{visible(target.handler)}</bdi>{" "}
            </a>
          ))
        )}
      </td>
      <td class="r nowrap">
        {!promise.completed && (
          <button type="button" class="b sm" onClick={() => setResolving(true)}>
            Resolve…
          </button>
        )}
        {resolving && <Ways {...{ promise, service, keyText }} onClose={() => setResolving(false)} />}
      </td>
    </tr>
  );
}

function Result({ of: { completed, value, failure } }: { readonly of: PromiseInfo }) {
  if (!completed) return <Badge look={{ look: "pending", icon: "queue", word: "open" }} />;
  if (failure !== undefined)
    return (
      <span class="row">
        <Badge look={{ look: "failed", icon: "cross", word: "rejected" }} />
        <span class="clamp2">{visible(failure)}</span>
      </span>
    );
  return <div class="mono clamp2">{value === undefined ? "nothing" : visible(value)}</div>;
}

interface WaysProps {
  readonly promise: PromiseInfo;
  readonly service: ServiceInfo;
  readonly keyText: string;
  readonly onClose: () => void;
}

/** A promise belongs to the workflow: only its own code completes it. */
function Ways({ promise, service, keyText, onClose }: WaysProps) {
  const shared = service.handlers.filter(({ kind }) => kind === "Shared");
  return (
    <Dialog title={`Resolve “${visible(promise.name)}”`} onClose={onClose}>
      <div class="form">
        <p>
          A promise is completed by a handler of its workflow, with{" "}
          <code>ctx.promise(name).resolve(value)</code> or <code>reject</code>. Call the one that does it:
        </p>
        {shared.length === 0 ? (
          <p class="note">
            {visible(service.name)} has no handler but run. Write a shared one that resolves the promise, and
            deploy it: the run keeps waiting until then, and costs nothing.
          </p>
        ) : (
          <ul class="form">
            {shared.map(({ name }) => (
              <li key={name}>
                <a
                  class="b"
                  href={to.playground({ service: service.name, key: keyText, handler: name })}
                  onClick={onClose}
                >
                  <Icon name="play" small />
                  Call <bdi>{visible(name)}</bdi>
                </a>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Dialog>
  );
}
