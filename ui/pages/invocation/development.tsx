/** Four buttons to break it, on a development server only: elsewhere they are absent, and not only switched off. */
import { useState } from "preact/hooks";
import { Icon, type IconName } from "../../parts/icon.tsx";
import { useKeys } from "../../parts/keyboard.ts";
import { toast } from "../../parts/toast.tsx";
import { Refusal } from "../../admin/client.ts";
import { Armed } from "./armed.tsx";
import { applyPower, refusalInWords } from "./act.ts";
import { ClockDialog, FailDialog } from "./development-dialogs.tsx";
import type { Story } from "./model/story.ts";

type Use = (name: string, body?: object, whole?: object) => Promise<void>;

/** Uses a power, and says what came of it. `whole`: the body, if it is not about this invocation. */
function useUse(id: string): { readonly use: Use; readonly busy: boolean } {
  const [busy, setBusy] = useState(false);
  const use: Use = async (name, body = {}, whole) => {
    setBusy(true);
    try {
      await applyPower(name, whole ?? { invocation_id: id, ...body });
    } catch (error) {
      // The server says why, and what is possible instead.
      toast(error instanceof Refusal ? error.message : refusalInWords(error));
    }
    setBusy(false);
  };
  return { use, busy };
}

export function Development({ story }: { readonly story: Story }) {
  const [asks, setAsks] = useState<"fail" | "clock">();
  const { id, status } = story.invocation;
  const { use, busy } = useUse(id);
  const isEnded = status === "completed";
  const runs = status === "running";
  const crash = (): void => void use("crash", runs ? {} : { when: "next-step" });
  const redeliver = (): void => void use("redeliver");
  const fail = (): void => setAsks("fail");
  useKeys("Development only", [
    ...(isEnded ? [] : [{ keys: "! c", help: "Crash now", run: crash }]),
    { keys: "! d", help: "Deliver again", run: redeliver },
    ...(isEnded
      ? []
      : [
          { keys: "! j", help: "Jump the clock", run: () => void use("clock") },
          { keys: "! f", help: "Fail next step", run: fail },
        ]),
  ]);
  const powers: readonly (readonly [IconName, string, string, () => void])[] = [
    runs || isEnded
      ? ["bolt", "Crash now", "Ends the handler's process at this moment. ! c", crash]
      : ["bolt", "Crash next step", "Ends the handler's process when it runs its next step. ! c", crash],
    ["twice", "Deliver again", "Delivers its last message once more, as SQS may. ! d", redeliver],
    ["ff", "Jump the clock…", "To its next timer (! j), or any time.", () => setAsks("clock")],
    ["failnext", "Fail next step…", "The next step that it runs throws instead. ! f", fail],
  ];
  return (
    <section class="dev" aria-label="Development">
      <span class="t">
        <b>Try to break it</b> <span class="muted">{isEnded ? "it has ended" : "development only"}</span>
      </span>
      {powers.map(([icon, name, hint, onClick]) => (
        <button
          key={icon}
          type="button"
          class="b sm"
          title={hint}
          disabled={busy || (isEnded && icon !== "twice")}
          onClick={onClick}
        >
          <Icon name={icon} small />
          {name}
        </button>
      ))}
      {asks === "fail" && (
        <FailDialog onFail={(body) => use("fail-next-step", body)} onClose={() => setAsks(undefined)} />
      )}
      {asks === "clock" && (
        <ClockDialog
          onJump={(by) => use("clock", {}, by === "" ? undefined : { by })}
          onClose={() => setAsks(undefined)}
        />
      )}
      {!isEnded && <Armed id={id} />}
    </section>
  );
}
