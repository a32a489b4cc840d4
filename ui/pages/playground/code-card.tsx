/** Code that does the same, updated while you type. */
import { useState } from "preact/hooks";
import { useServer } from "../../admin/server.ts";
import { CopyButton } from "../../parts/copy.tsx";
import { readStored, store } from "../../parts/stored.ts";
import { visible } from "../../words/text.ts";
import { cliOf, curlOf, typescriptOf } from "./code.ts";
import { type Draft, isKeyed } from "./request.ts";

const LANGUAGES = ["curl", "TypeScript", "perdure"] as const;
type Language = (typeof LANGUAGES)[number];
const CHOSEN = "code";
const INGRESS = "http://localhost:8080";

const chosen = (): Language => LANGUAGES.find((each) => each === readStored(CHOSEN)) ?? "curl";

export function CodeCard({ draft }: { readonly draft: Draft }) {
  const { data: server } = useServer();
  const [language, setLanguage] = useState<Language>(chosen);
  const choose = (each: Language): void => {
    store(CHOSEN, each);
    setLanguage(each);
  };
  const onKey = (event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    const next = LANGUAGES.at((LANGUAGES.indexOf(language) + step) % LANGUAGES.length);
    if (step === 0 || next === undefined) return;
    choose(next);
    event.currentTarget.querySelectorAll<HTMLElement>('[role="tab"]')[LANGUAGES.indexOf(next)]?.focus();
  };
  const code = codeOf(withKey(draft), language, server?.ingress ?? INGRESS);
  return (
    <section class="card" aria-label="Code that does the same">
      <header class="tabbed">
        <div class="tabs grow" role="tablist" aria-label="Language" tabIndex={-1} onKeyDown={onKey}>
          {LANGUAGES.map((each) => (
            <button
              key={each}
              type="button"
              role="tab"
              aria-selected={each === language}
              tabIndex={each === language ? 0 : -1}
              onClick={() => choose(each)}
            >
              {each}
            </button>
          ))}
        </div>
        <CopyButton text={code} what="code" />
      </header>
      <div class="pad" role="tabpanel" aria-label={language}>
        <pre class="code nw">{visible(code)}</pre>
      </div>
    </section>
  );
}

/** Where no key is written yet. */
const withKey = (draft: Draft): Draft =>
  isKeyed(draft) && draft.key === "" ? { ...draft, key: "my-key" } : draft;

function codeOf(draft: Draft, language: Language, ingress: string): string {
  if (language === "curl") return curlOf(draft, ingress);
  return language === "TypeScript" ? typescriptOf(draft, ingress) : cliOf(draft);
}
