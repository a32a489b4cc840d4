/** The keys that work now, and the words of the page. */
import { useState } from "preact/hooks";
import { Dialog } from "../parts/dialog.tsx";
import { bindings, keysAreOff, switchKeys } from "../parts/keyboard.ts";

const WORDS: readonly (readonly [string, string])[] = [
  ["invocation", "one call of a handler, to its end"],
  ["turn; attempt", "one run of the code over the journal; a turn that may be tried again"],
  ["step", "what ctx.run does: its result is recorded, and it does not run again"],
  ["suspended", "nothing runs and nothing is paid for; it goes on when what it waits for is there"],
  ["waiting for key", "accepted, parked behind the invocation that owns the object's key"],
  ["ready; scheduled", "accepted and about to run; starts later"],
  ["retrying", "an attempt has failed, and the next one has its time"],
  ["paused", "does not go on by itself: it needs you"],
  ["owner, queue", "who has an object's key; who is parked behind it"],
];

export function Help({ onClose }: { readonly onClose: () => void }) {
  const [off, setOff] = useState(keysAreOff());
  return (
    <Dialog title="Keys and words" onClose={onClose}>
      <div class="keys">
        {bindings().map(([group, bound]) => (
          <>
            <h3 key={group}>{group}</h3>
            {bound.map(({ keys, help }) => (
              <div key={keys}>
                <span>{help}</span>
                <span>
                  {keys.split(" ").map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </span>
              </div>
            ))}
          </>
        ))}
      </div>
      <label class="row">
        <input
          type="checkbox"
          checked={!off}
          onChange={() => {
            switchKeys(off);
            setOff(!off);
          }}
        />
        Single keys do something
      </label>
      <h3>Words</h3>
      <dl class="words">
        {WORDS.map(([word, meaning]) => (
          <>
            <dt key={word}>{word}</dt>
            <dd>{meaning}</dd>
          </>
        ))}
      </dl>
    </Dialog>
  );
}
