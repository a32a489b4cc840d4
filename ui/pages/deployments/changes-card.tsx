/** What is different between two deployments: services, handlers, schemas. */
import { useState } from "preact/hooks";
import { askFields, path } from "../../admin/client.ts";
import { EVERY_MS, useLive } from "../../admin/live.ts";
import { type ServiceInfo, serviceOf } from "../../admin/service.ts";
import { Shown } from "../../parts/empty.tsx";
import { Icon, type IconName } from "../../parts/icon.tsx";
import { counted, visible } from "../../words/text.ts";
import { type Change, type Changes, changesBetween } from "./changes.ts";
import { deploymentName, type Standing } from "./drain.ts";

interface ChangesProps {
  readonly of: Standing;
  readonly all: readonly Standing[];
}

export const useServicesOf = (id: string) =>
  useLive(
    `services of ${id}`,
    async (signal): Promise<readonly ServiceInfo[]> =>
      (await askFields(path`/deployments/${id}`, { signal })).objects("services").map(serviceOf),
    EVERY_MS.counts,
  );

export function ChangesCard({ of, all }: ChangesProps) {
  const others = all.filter(({ deployment }) => deployment.id !== of.deployment.id);
  const [chosen, setChosen] = useState<string>();
  const other = others.find(({ deployment }) => deployment.id === chosen) ?? others[0];
  if (!other) return null;
  return (
    <section class="card" aria-label="Changes">
      <header>
        <h2 class="grow">
          {deploymentName(of.deployment)} against {deploymentName(other.deployment)}
        </h2>
        <select
          class="auto"
          aria-label="Compare with"
          value={other.deployment.id}
          onChange={(event) => setChosen(event.currentTarget.value)}
        >
          {others.map(({ deployment }) => (
            <option key={deployment.id} value={deployment.id}>
              {deploymentName(deployment)}
            </option>
          ))}
        </select>
      </header>
      <Between before={other.deployment.id} after={of.deployment.id} />
    </section>
  );
}

function Between({ before, after }: { readonly before: string; readonly after: string }) {
  const [old, now] = [useServicesOf(before), useServicesOf(after)];
  return (
    <Shown of={old}>
      {(was) => <Shown of={now}>{(is) => <ChangeList of={changesBetween(was, is)} />}</Shown>}
    </Shown>
  );
}

const ICONS: Readonly<Record<Change["kind"], IconName>> = { added: "plus", removed: "warn", changed: "edit" };

export const ChangeList = ({ of: { changes, same } }: { readonly of: Changes }) => (
  <ul class="pad form">
    {changes.map(({ kind, what, note }) => (
      <li key={`${kind} ${what}`} class={kind === "removed" ? "warned" : undefined}>
        <Icon name={ICONS[kind]} small />{" "}
        <b>
          <bdi>{visible(what)}</bdi>
        </b>{" "}
        <span class={kind === "removed" ? undefined : "muted"}>{visible(note)}</span>
      </li>
    ))}
    {(same > 0 || changes.length === 0) && (
      <li class="muted">
        <Icon name="check" small />{" "}
        {changes.length === 0
          ? "Nothing is different that can be seen from outside. The code within the handlers may be."
          : `${counted(same, "handler")} unchanged`}
      </li>
    )}
  </ul>
);
