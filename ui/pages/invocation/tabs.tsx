/** Below the timeline: the journal, the values that went in and out, the attempts, and what people did. */
import { useId, useState } from "preact/hooks";
import { ValueBox } from "../../parts/value.tsx";
import { setQuery } from "./address.ts";
import { AttemptsTable } from "./attempts-table.tsx";
import { JournalTable } from "./journal-table.tsx";
import type { Shown } from "./model/journal.ts";
import type { Story } from "./model/story.ts";
import { PeopleTable } from "./people.tsx";
import { useWholeEnds } from "./whole.ts";

interface TabsProps {
  readonly story: Story;
  readonly onMore: () => void;
}

interface Tab {
  readonly key: string;
  readonly name: string;
  readonly count?: number;
}

export function Tabs({ story, onMore }: TabsProps) {
  const id = useId();
  const [chosen, setChosen] = useState(() => new URLSearchParams(location.search).get("tab") ?? "journal");
  const { attempts, attemptsLeftOut, invocation } = story;
  const tabs: readonly Tab[] = [
    { key: "journal", name: "Journal", count: invocation.journalSize },
    { key: "values", name: "Input & result" },
    { key: "attempts", name: "Attempts", count: attempts.length + attemptsLeftOut },
    { key: "people", name: "People" },
  ];
  const current = tabs.find(({ key }) => key === chosen) ?? tabs[0];
  const choose = (key: string): void => {
    setChosen(key);
    setQuery("tab", key === "journal" ? undefined : key);
  };
  const step = (by: number): void => {
    const at = tabs.findIndex(({ key }) => key === current?.key);
    const next = tabs[(at + by + tabs.length) % tabs.length];
    if (next === undefined) return;
    choose(next.key);
    document.getElementById(`${id}-${next.key}`)?.focus();
  };
  return (
    <section class="card" aria-label="Details">
      <header class="bare tabs-head">
        <div
          class="tabs grow"
          role="tablist"
          tabIndex={-1}
          aria-label="Details"
          onKeyDown={(event) => {
            if (event.key === "ArrowRight") step(1);
            else if (event.key === "ArrowLeft") step(-1);
            else return;
            event.preventDefault();
          }}
        >
          {tabs.map(({ key, name, count }) => (
            <button
              key={key}
              id={`${id}-${key}`}
              type="button"
              role="tab"
              aria-selected={key === current?.key}
              aria-controls={`${id}-panel`}
              tabIndex={key === current?.key ? 0 : -1}
              onClick={() => choose(key)}
            >
              {name}
              {count !== undefined && <span class="n">{count.toLocaleString("en-GB")}</span>}
            </button>
          ))}
        </div>
      </header>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${current?.key ?? ""}`}>
        <Panel of={current?.key} story={story} onMore={onMore} />
      </div>
    </section>
  );
}

function Panel({ of, story, onMore }: TabsProps & { readonly of: string | undefined }) {
  if (of === "values") return <Values story={story} />;
  if (of === "attempts") return <AttemptsTable story={story} />;
  if (of === "people") return <PeopleTable id={story.invocation.id} />;
  return <JournalTable story={story} onMore={onMore} />;
}

function Values({ story }: { readonly story: Story }) {
  const { invocation } = story;
  const { input, output } = useWholeEnds(invocation.id, story);
  const open = invocation.status !== "completed";
  return (
    <div class="vals pad">
      <ShownBox title="Input" shown={input} absent="It had none, or it is not kept." />
      <ShownBox
        title="Result"
        shown={output}
        absent={
          open ? "Not there yet. Callers who wait get it when the invocation ends." : "Nothing is kept of it."
        }
      />
    </div>
  );
}

interface ShownBoxProps {
  readonly title: string;
  readonly shown: Shown | undefined;
  readonly absent: string;
}
export const ShownBox = ({ title, shown, absent }: ShownBoxProps) =>
  shown?.failure ? (
    <ValueBox title={`${title}: error ${shown.failure.code}`} text={shown.failure.message} />
  ) : (
    <ValueBox
      title={title}
      text={shown?.text === "" ? undefined : shown?.text}
      base64={shown?.base64}
      absent={
        shown?.isLeftOut === true
          ? "It is too large for one answer: perdure show has it."
          : shown
            ? "Empty."
            : absent
      }
    />
  );
