/** The dialogs before something that cannot be undone, or that has to be filled in. */
import { useState } from "preact/hooks";
import { Confirm } from "../../parts/dialog.tsx";
import { targetText } from "../../parts/names.tsx";
import { shortId } from "../../words/text.ts";
import { act, completeAwakeable, restartAsNew } from "./act.ts";
import { useDeployments } from "./deployments.ts";
import type { Story } from "./model/story.ts";

export type Ask =
  | "cancel"
  | "kill"
  | "purge"
  | "resume"
  | "restart"
  | { readonly awakeableId: string; readonly verb: "resolve" | "reject" };

interface AskProps {
  readonly asks: Ask;
  readonly story: Story;
  readonly isProduction: boolean;
  readonly onClose: () => void;
}

export function AskDialog(props: AskProps) {
  const { asks } = props;
  if (typeof asks === "object") return <AnswerDialog {...props} asks={asks} />;
  if (asks === "resume") return <ResumeDialog {...props} />;
  if (asks === "restart") return <RestartDialog {...props} />;
  return <EndDialog {...props} verb={asks} />;
}

const WORDS = {
  cancel: {
    title: "Cancel",
    action: "Cancel it",
    does: "It gets the cancellation at its next await, and may undo what it did: by its own code. Calls that it awaits are cancelled with it.",
    not: "To end it without running its code, use Kill.",
  },
  kill: {
    title: "Kill",
    action: "Kill it",
    does: "It ends at once, with the calls that it awaits. None of its code runs any more, so nothing that it did is undone.",
    not: "What it has sent goes on. If its code should clean up, use Cancel.",
  },
  purge: {
    title: "Purge",
    action: "Purge it",
    does: "Its result, journal and input are removed, of a workflow its state and promises too. An idempotency key may be used anew.",
    not: "What it did to others stays.",
  },
} as const;

function EndDialog({ verb, story, isProduction, onClose }: AskProps & { readonly verb: keyof typeof WORDS }) {
  const { title, action, does, not } = WORDS[verb];
  const { id, target } = story.invocation;
  const next =
    verb !== "purge" && story.invocation.status === "backing-off"
      ? " The next attempt does not take place."
      : "";
  return (
    <Confirm
      title={`${title} ${targetText(target)}`}
      action={action}
      danger
      typed={isProduction && verb !== "cancel" ? (target.key ?? target.handler) : undefined}
      onConfirm={() => act(id, verb)}
      onClose={onClose}
    >
      <p>
        {does}
        {next}
      </p>
      <p class="muted">{not}</p>
    </Confirm>
  );
}

function ResumeDialog({ story, onClose }: AskProps) {
  const { id, target, deployment } = story.invocation;
  const [chosen, setChosen] = useState("keep");
  return (
    <Confirm
      title={`Resume ${targetText(target)}`}
      action="Resume it"
      onConfirm={() => act(id, "resume", chosen === "keep" ? {} : { deployment: chosen })}
      onClose={onClose}
    >
      <p>It goes on from what is recorded: that does not run again. What failed is tried again.</p>
      <DeploymentChoice chosen={chosen} onChoose={setChosen} own={deployment} service={target.service} />
    </Confirm>
  );
}

interface ChoiceProps {
  readonly chosen: string;
  readonly onChoose: (deployment: string) => void;
  readonly own: string | undefined;
  readonly service: string;
}

/** Where it goes on: where it was, on the latest, or on another one that serves it. */
function DeploymentChoice({ chosen, onChoose, own, service }: ChoiceProps) {
  const all = useDeployments().data ?? [];
  const serving = all.filter(({ services }) => services.some(({ name }) => name === service));
  const [latest] = serving.toSorted((a, b) => b.createdMs - a.createdMs);
  const revision = (id: string): string => {
    const found = serving.find((each) => each.id === id)?.services.find(({ name }) => name === service);
    return found === undefined ? shortId(id) : `revision ${found.revision}`;
  };
  const options: readonly (readonly [string, string, string])[] = [
    ...(own === undefined ? [] : [["keep", revision(own), "where it was"] as const]),
    ["latest", latest ? revision(latest.id) : "latest", own === latest?.id ? "latest, the same" : "latest"],
    ...serving
      .filter(({ id }) => id !== own && id !== latest?.id)
      .map(({ id }): readonly [string, string, string] => [id, revision(id), shortId(id)]),
  ];
  return (
    <fieldset class="choice">
      <legend class="lab">On which deployment</legend>
      {options.map(([value, name, what]) => (
        <label key={value} class="row" aria-label={`${name}, ${what}`}>
          <input type="radio" name="deployment" checked={chosen === value} onChange={() => onChoose(value)} />
          <span>
            <b>{name}</b> <span class="muted">{what}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function RestartDialog({ story, onClose }: AskProps) {
  const { invocation, operations, input } = story;
  const { id, target, deployment, journalSize } = invocation;
  const [from, setFrom] = useState(0);
  const [chosen, setChosen] = useState("latest");
  const kept = operations.filter(({ entries }) => (entries[0]?.index ?? Infinity) < from);
  const next = operations.find(({ entries }) => (entries[0]?.index ?? -1) >= from);
  return (
    <Confirm
      title={`Restart ${targetText(target)} as new`}
      action="Restart as new"
      onConfirm={() => restartAsNew(id, { from, deployment: chosen })}
      onClose={onClose}
    >
      <p>
        A new invocation begins with the same input{input === undefined ? "" : " and headers"}. This one stays
        as it is, and nothing that it did is undone.
      </p>
      <label class="field">
        <span class="lab">Entries of the journal to keep</span>
        <input
          type="number"
          min={0}
          max={journalSize}
          value={from}
          onInput={(event) =>
            setFrom(Math.max(0, Math.min(journalSize, event.currentTarget.valueAsNumber || 0)))
          }
        />
        <span class="hint">
          {from === 0
            ? "None: every step runs again. What has an effect outside happens a second time."
            : `${kept.length} of its operations are not done again.`}
          {next && from > 0 ? ` The first that is done again is “${next.title}”.` : ""}
        </span>
      </label>
      <DeploymentChoice chosen={chosen} onChoose={setChosen} own={deployment} service={target.service} />
    </Confirm>
  );
}

function AnswerDialog({
  asks: { awakeableId, verb },
  onClose,
}: AskProps & { readonly asks: { readonly awakeableId: string; readonly verb: "resolve" | "reject" } }) {
  const [text, setText] = useState(verb === "resolve" ? "null" : "");
  const isJson = verb === "reject" || text === "" || isValidJson(text);
  return (
    <Confirm
      title={verb === "resolve" ? "Resolve the awakeable" : "Reject the awakeable"}
      action={verb === "resolve" ? "Resolve it" : "Reject it"}
      danger={verb === "reject"}
      onConfirm={() =>
        completeAwakeable(awakeableId, verb === "resolve" ? { value: text } : { failure: text })
      }
      onClose={onClose}
    >
      <p>
        {verb === "resolve"
          ? "Its code gets this value where it awaits, and goes on. The first answer counts."
          : "Its code gets this error where it awaits, and goes on. The first answer counts."}
      </p>
      <label class="field">
        <span class="lab">{verb === "resolve" ? "Value, in JSON" : "Message"}</span>
        <textarea
          class="code"
          rows={5}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        {!isJson && <span class="err">This is not JSON. Its code may not be able to read it.</span>}
        <span class="hint mono">{shortId(awakeableId)}</span>
      </label>
    </Confirm>
  );
}

function isValidJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
