/** Light or dark: as the system has it, until the user chooses. */
const KEY = "perdure.theme";

export function applyTheme(): void {
  const chosen = localStorage.getItem(KEY);
  if (chosen === null) delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = chosen;
}

export function flipTheme(): void {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset["theme"] ?? (dark ? "dark" : "light");
  localStorage.setItem(KEY, now === "dark" ? "light" : "dark");
  applyTheme();
}
