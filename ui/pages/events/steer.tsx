/** Moves a topic's subscription, or ends one, after saying what that does. */
import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { ask, askFields, path } from "../../admin/client.ts";
import { refresh } from "../../admin/live.ts";
import { useServer } from "../../admin/server.ts";
import type { SubscriptionCourse } from "../../admin/subscriptions.ts";
import { Confirm } from "../../parts/dialog.tsx";
import { toast } from "../../parts/toast.tsx";
import { to } from "../../routes.ts";
import { visibleName } from "../../words/text.ts";
import { type Aim, aimOf, type AimKind } from "./aim.ts";

interface MoveProps {
  readonly of: SubscriptionCourse;
  readonly verb: "skip" | "replay";
  readonly onClose: () => void;
}

const KINDS: readonly (readonly [AimKind, string])[] = [
  ["earliest", "The beginning"],
  ["latest", "The end"],
  ["time", "A time"],
  ["offsets", "Offsets"],
];

export function Move({ of, verb, onClose }: MoveProps) {
  const [aim, setAim] = useState<Aim>({ kind: verb === "skip" ? "latest" : "earliest", text: "" });
  const isReplay = verb === "replay";
  const { data: server } = useServer();
  return (
    <Confirm
      title={isReplay ? `Replay ${visibleName(of.name)}` : `Skip in ${visibleName(of.source)}`}
      action={isReplay ? "Replay it" : "Skip"}
      danger={isReplay}
      back="Leave it"
      typed={isReplay && server?.isProduction === true ? of.name : undefined}
      onClose={onClose}
      onConfirm={async () => {
        const found = aimOf(aim);
        if ("fault" in found) throw new Error(found.fault);
        const answer = await askFields(path`/subscriptions/${of.name}/${verb}`, {
          method: "POST",
          body: { [isReplay ? "from" : "to"]: found.target },
        });
        const moves = answer
          .objects("partitions")
          .map(
            (each) =>
              `${each.number("partition")}: ${each.optionalText("from") ?? "nowhere"} → ${each.text("to")}`,
          );
        toast(`${isReplay ? "Replayed" : "Skipped"}. By partition, ${moves.join(", ")}.`);
        refresh();
      }}
    >
      <div class="form">
        <Where of={of} aim={aim} setAim={setAim} word={isReplay ? "From" : "To"} />
        {isReplay ? (
          <ul class="form">
            <li class="warned">All records from there on run once more, also those that have run.</li>
            <li>They are of generation {of.generation + 1}: each runs once in it, however often it comes.</li>
            <li>What of them is in flight still goes on, beside its repetition.</li>
          </ul>
        ) : (
          <ul class="form">
            <li>What lies between is left out. It does not run, unless you skip back to it.</li>
            <li>What has run does not run again, wherever you skip to.</li>
            <li>Reading stands still for a moment. What was started goes on.</li>
          </ul>
        )}
      </div>
    </Confirm>
  );
}

interface WhereProps {
  readonly of: SubscriptionCourse;
  readonly aim: Aim;
  readonly setAim: (aim: Aim) => void;
  readonly word: string;
}

function Where({ of, aim, setAim, word }: WhereProps) {
  const preset = (kind: AimKind): string =>
    kind === "offsets"
      ? of.lanes.map(({ name, end }) => `${name.split("-").at(-1) ?? "0"}=${end ?? "0"}`).join(" ")
      : "";
  return (
    <>
      <span class="seg" role="group" aria-label={word}>
        {KINDS.map(([kind, name]) => (
          <button
            key={kind}
            type="button"
            aria-pressed={aim.kind === kind}
            onClick={() => setAim({ kind, text: preset(kind) })}
          >
            {name}
          </button>
        ))}
      </span>
      {aim.kind === "time" && (
        <label class="field">
          <span class="lab">The first record from then on, in your time zone</span>
          <input
            type="datetime-local"
            step="1"
            value={aim.text}
            onInput={(event) => setAim({ ...aim, text: event.currentTarget.value })}
          />
        </label>
      )}
      {aim.kind === "offsets" && (
        <label class="field">
          <span class="lab">partition=offset, of some or of all</span>
          <input
            class="mono"
            value={aim.text}
            onInput={(event) => setAim({ ...aim, text: event.currentTarget.value })}
          />
        </label>
      )}
    </>
  );
}

interface EndProps {
  readonly of: SubscriptionCourse;
  readonly onClose: () => void;
}

export function End({ of, onClose }: EndProps) {
  const { route } = useLocation();
  const { data: server } = useServer();
  return (
    <Confirm
      title={`Delete the subscription ${visibleName(of.name)}`}
      action="Delete it"
      danger
      typed={server?.isProduction === true ? of.name : undefined}
      onClose={onClose}
      onConfirm={async () => {
        await ask(path`/subscriptions/${of.id}`, { method: "DELETE" });
        toast("It was deleted. Made again under its name, it goes on where it was.");
        refresh();
        route(to.events());
      }}
    >
      <ul class="form">
        <li>No record of its source starts anything any more. What was started goes on.</li>
        <li>How far it was is kept: made again under its name, it goes on from there.</li>
        <li>Records that were set aside stay for 28 days, and can be retried once it is there again.</li>
        {server?.kind === "aws" && (
          <li class="warned">
            A stack made it: what delivers to it stays, and its records come again and again. Take it out of
            the stack instead.
          </li>
        )}
      </ul>
    </Confirm>
  );
}
