/** What the bars mean. */
const WORDS = [
  ["q", "waits in a queue"],
  ["turn", "turn: your code runs"],
  ["step", "step"],
  ["bad", "failed attempt"],
  ["off", "backs off"],
  ["call", "call to another invocation"],
  ["rest", "suspended, costs nothing"],
  ["rest open", "still waits"],
] as const;

export const Legend = () => (
  <div class="pad legend">
    <div class="key">
      {WORDS.map(([kind, words]) => (
        <span key={kind}>
          <span class="sample" aria-hidden="true">
            <span class={`bar ${kind}`} />
          </span>
          {words}
        </span>
      ))}
    </div>
  </div>
);
