/** Code that does the same, updated while you type. */
import { useState } from "preact/hooks";
import { useServer } from "../../admin/server.ts";
import { CopyButton } from "../../parts/copy.tsx";
import { visible } from "../../words/text.ts";
import { cliOf, curlOf, typescriptOf } from "./code.ts";
import { type Draft, isKeyed } from "./request.ts";

const LANGUAGES = ["curl", "TypeScript", "perdure"] as const;
type Language = (typeof LANGUAGES)[number];
const CHOSEN = "perdure.code";
const INGRESS = "http://localhost:8080";

const chosen = (): Language => LANGUAGES.find((each) => each === localStorage.getItem(CHOSEN)) ?? "curl";

export function CodeCard({ draft }: { readonly draft: Draft }) {
  const { data: server } = useServer();
  const [language, setLanguage] = useState<Language>(chosen);
  const code = codeOf(withKey(draft), language, server?.ingress ?? INGRESS);
  return (
    <section class="card" aria-label="Code that does the same">
      <header class="tabbed">
        <div class="tabs grow" role="tablist" aria-label="Language">
          {LANGUAGES.map((each) => (
            <button
              key={each}
              type="button"
              role="tab"
              aria-selected={each === language}
              onClick={() => {
                localStorage.setItem(CHOSEN, each);
                setLanguage(each);
              }}
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
