/** What is looked at stands in the address. */
/** The address says what is shown, so that it can be shared. */
export function setQuery(name: string, value: string | undefined): void {
  const query = new URLSearchParams(location.search);
  if (value === undefined) query.delete(name);
  else query.set(name, value);
  const text = query.toString();
  history.replaceState(history.state, "", `${location.pathname}${text === "" ? "" : `?${text}`}`);
}
