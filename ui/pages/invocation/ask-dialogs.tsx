/** The dialogs before something that cannot be undone, or that has to be filled in. */
import { useState } from "preact/hooks";
import { Confirm } from "../../parts/dialog.tsx";
import { targetText } from "../../parts/names.tsx";
import { isJson } from "../../words/json-layout.ts";
import { shortId, visible } from "../../words/text.ts";
import { act, giveAnswer } from "./act.ts";
import { DeploymentChoice } from "./deployment-choice.tsx";
import type { Answerable } from "./model/answerable.ts";
import type { Story } from "./model/story.ts";
import { RestartDialog } from "./restart-dialog.tsx";

export type Ask =
  | "cancel"
  | "kill"
  | "purge"
  | "resume"
  | { readonly restartFrom: number }
  | { readonly answers: Answerable; readonly verb: "resolve" | "reject" };

interface AskProps {
  readonly asks: Ask;
  readonly story: Story;
  readonly isProduction: boolean;
  readonly onClose: () => void;
}

export function AskDialog(props: AskProps) {
  const { asks } = props;
  if (typeof asks === "object")
    return "restartFrom" in asks ? (
      <RestartDialog story={props.story} from={asks.restartFrom} onClose={props.onClose} />
    ) : (
      <AnswerDialog asks={asks} onClose={props.onClose} />
    );
  if (asks === "resume") return <ResumeDialog {...props} />;
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

interface AnswerProps {
  readonly asks: { readonly answers: Answerable; readonly verb: "resolve" | "reject" };
  readonly onClose: () => void;
}

function AnswerDialog({ asks: { answers, verb }, onClose }: AnswerProps) {
  const [text, setText] = useState(verb === "resolve" ? "null" : "");
  const isAwakeable = "awakeableId" in answers;
  const name = isAwakeable ? "the awakeable" : `the signal “${visible(answers.signal)}”`;
  const gets = verb === "resolve" ? "this value" : "this error";
  const isRefused = verb === "resolve" && text !== "" && !isJson(text);
  return (
    <Confirm
      title={`${verb === "resolve" ? "Resolve" : "Reject"} ${name}`}
      action={verb === "resolve" ? "Resolve it" : "Reject it"}
      danger={verb === "reject"}
      onConfirm={() => giveAnswer(answers, verb === "resolve" ? { value: text } : { failure: text })}
      onClose={onClose}
    >
      <p>
        Its code gets {gets} where it awaits, and goes on.{" "}
        {isAwakeable ? "The first answer counts." : "Each delivery counts, in the order of those who wait."}
      </p>
      <label class="field">
        <span class="lab">{verb === "resolve" ? "Value, in JSON" : "Message"}</span>
        <textarea
          class="code"
          rows={5}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        {isRefused && <span class="err">This is not JSON. Its code may not be able to read it.</span>}
        {isAwakeable && <span class="hint mono">{shortId(answers.awakeableId)}</span>}
      </label>
    </Confirm>
  );
}
