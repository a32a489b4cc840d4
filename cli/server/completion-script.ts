/** The scripts that shells load: `@bomb.sh/tab` has them. They call `perdure complete -- WORDS` at each press of the key. */
import { UsageError } from "../exit.ts";

export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

/** Throws {@link UsageError} for another shell. */
export async function completionScript(shell: string): Promise<string> {
  if (!SHELLS.some((known) => known === shell))
    throw new UsageError(`there is no script for "${shell}". There is one for ${SHELLS.join(", ")}.`);
  const { script } = await import("@bomb.sh/tab");
  const { log } = console;
  const lines: string[] = [];
  // The library prints what it makes.
  console.log = (text: string) => void lines.push(text);
  try {
    script(shell, "perdure", "perdure");
  } finally {
    console.log = log;
  }
  return shell === "bash" ? `${BASH_WITHOUT_PACKAGE}\n${lines.join("\n")}` : lines.join("\n");
}

/** The script for bash takes the words from a function of the package bash-completion, which not every machine has. */
const BASH_WITHOUT_PACKAGE = `if ! declare -F _get_comp_words_by_ref >/dev/null; then
  _get_comp_words_by_ref() {
    words=("\${COMP_WORDS[@]:0:COMP_CWORD+1}")
    cword=$COMP_CWORD
    cur=\${COMP_WORDS[COMP_CWORD]}
    prev=\${COMP_WORDS[COMP_CWORD-1]}
  }
fi`;
