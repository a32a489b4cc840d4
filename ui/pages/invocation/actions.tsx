/** What can be done to an invocation: at most three buttons, and the rest behind ⋯. Those that ask before show "…". */
import { useState } from "preact/hooks";
import { Icon, type IconName } from "../../parts/icon.tsx";
import { useKeys } from "../../parts/keyboard.ts";
import { Menu } from "../../parts/menu.tsx";
import { toast } from "../../parts/toast.tsx";
import { to } from "../../routes.ts";
import { act, tryTo } from "./act.ts";
import { AskDialog, type Ask } from "./ask-dialogs.tsx";
import { exportJson } from "./export.ts";
import { type KeyLock } from "./model/lock.ts";
import { answerableOf } from "./model/answerable.ts";
import type { Story } from "./model/story.ts";

interface Action {
  readonly name: string;
  readonly icon: IconName;
  readonly run?: () => void;
  readonly href?: string;
  readonly isDanger?: boolean;
  /** What most will want to do next. */
  readonly isPrimary?: boolean;
  readonly key?: string;
}

interface ActionsProps {
  readonly story: Story;
  readonly lock: KeyLock | undefined;
  readonly isProduction: boolean;
}

export function Actions({ story, lock, isProduction }: ActionsProps) {
  const [asks, setAsks] = useState<Ask>();
  const { id } = story.invocation;
  const { main, more } = actionsFor(story, lock, setAsks);
  // There is room for two buttons there, and what destroys is not one of them.
  const onPhones = main.slice(2);
  const bound = [...main, ...more].filter(({ key }) => key !== undefined);
  useKeys("An invocation", [
    ...bound.map(({ key = "", name, run, href }) => ({
      ...{ keys: key, help: name.replace("…", " (asks)") },
      run: run ?? (() => (location.href = href ?? "")),
    })),
    { keys: "y", help: "Copy id", run: () => void copy(id, "The id is copied.") },
  ]);
  return (
    <>
      {main.map((action) => (
        <Button key={action.name} of={action} />
      ))}
      <Menu
        label="More: kill, purge, export"
        items={[...onPhones, ...more].map(({ name, icon, run, isDanger }) => ({
          ...{ name, icon, run: run ?? (() => undefined), isDanger: isDanger === true },
          isOnPhonesOnly: onPhones.some((each) => each.name === name),
        }))}
      />
      {asks && (
        <AskDialog asks={asks} story={story} isProduction={isProduction} onClose={() => setAsks(undefined)} />
      )}
    </>
  );
}

function Button({ of }: { readonly of: Action }) {
  const { name, icon, run, href, isDanger, isPrimary, key } = of;
  const kind = isDanger === true ? "b danger" : isPrimary === true ? "b p" : "b";
  const content = (
    <>
      {isDanger !== true && <Icon name={icon} small />}
      {name}
    </>
  );
  if (href !== undefined)
    return (
      <a class={kind} href={href}>
        {content}
      </a>
    );
  return (
    <button type="button" class={kind} onClick={run} title={key}>
      {content}
    </button>
  );
}

interface Offered {
  readonly main: readonly Action[];
  readonly more: readonly Action[];
}

function actionsFor(story: Story, lock: KeyLock | undefined, asks: (ask: Ask) => void): Offered {
  const { id, status, target } = story.invocation;
  const resume = (name: string): Action => ({
    ...{ name, icon: "retry", key: "r", isPrimary: true },
    run: () => void tryTo(() => act(id, "resume")),
  });
  const pause: Action = { name: "Pause", icon: "pause", run: () => void tryTo(() => act(id, "pause")) };
  const cancel: Action = {
    name: "Cancel…",
    icon: "slash",
    isDanger: true,
    key: "c",
    run: () => asks("cancel"),
  };
  const kill: Action = { name: "Kill…", icon: "cross", isDanger: true, run: () => asks("kill") };
  const always: readonly Action[] = [
    { name: "Export as JSON", icon: "out", run: () => void tryTo(() => exportJson(id)) },
    {
      ...{ name: "Copy as command", icon: "code" },
      run: () => void copy(`npx perdure show ${id}`, "Copied: npx perdure show …"),
    },
  ];
  const open: readonly Action[] = [kill, ...always];
  if (status === "completed") return completedActions(story, asks, always);
  if (status === "backing-off") return { main: [resume("Retry now"), pause, cancel], more: open };
  if (status === "paused")
    return {
      main: [{ name: "Resume…", icon: "run", key: "r", isPrimary: true, run: () => asks("resume") }, cancel],
      more: open,
    };
  if (status === "pending") {
    const owner: readonly Action[] =
      lock?.ownerId === undefined
        ? []
        : [{ name: "Look at the owner", icon: "lock", isPrimary: true, href: to.invocation(lock.ownerId) }];
    return { main: [...owner, cancel], more: open };
  }
  if (status === "scheduled" || status === "ready") return { main: [cancel], more: open };
  const answer = story.waiting && status === "suspended" ? answerAction(story, asks) : [];
  const service: Action = {
    name: "Open the object",
    icon: "object",
    href: to.object(target.service, target.key ?? ""),
  };
  return {
    main: [...answer, pause, cancel],
    more:
      target.key === undefined
        ? open
        : [...open, { ...service, run: () => (location.href = service.href ?? "") }],
  };
}

function answerAction(story: Story, asks: (ask: Ask) => void): readonly Action[] {
  const [answers] = story.operations.flatMap((each) => answerableOf(each, story.invocation.id) ?? []);
  if (answers === undefined) return [];
  const run = (): void => asks({ answers, verb: "resolve" });
  return [{ name: "Resolve…", icon: "bell", isPrimary: true, run }];
}

function completedActions(story: Story, asks: (ask: Ask) => void, always: readonly Action[]): Offered {
  const { target } = story.invocation;
  const restart: Action = {
    name: "Restart as new…",
    icon: "retry",
    isPrimary: true,
    key: "r",
    run: () => asks({ restartFrom: 0 }),
  };
  const again: Action = { name: "Call again", icon: "play", href: to.playground(target) };
  const purge: Action = { name: "Purge…", icon: "cross", isDanger: true, run: () => asks("purge") };
  return { main: [restart, again], more: [...always, purge] };
}

export async function copy(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    toast("This browser does not let the page copy.");
  }
}
