/** The filter: chips, and a field that completes what is typed. */
import type { RefObject } from "preact";
import { useId } from "preact/hooks";
import { Icon } from "../../parts/icon.tsx";
import { visibleName } from "../../words/text.ts";
import { chipsOf } from "./chips.ts";
import { type Filter, without } from "./filter.ts";
import type { Known } from "./suggest.ts";
import { useTyping } from "./use-typing.ts";

interface FilterBarProps {
  readonly filter: Filter;
  readonly known: Known;
  readonly onChange: (filter: Filter) => void;
  readonly field: RefObject<HTMLInputElement | null>;
}

export function FilterBar({ filter, known, onChange, field }: FilterBarProps) {
  const chips = chipsOf(filter);
  return (
    <div class="filter grow">
      <Icon name="search" />
      {chips.map(({ field: name, name: label, value }) => (
        <span key={name} class="chip">
          <span class="nowrap">{label}</span>{" "}
          <bdi class="cut" title={visibleName(value)}>
            <b>{visibleName(value)}</b>
          </bdi>
          <button
            type="button"
            aria-label={`Remove filter ${label}`}
            onClick={() => {
              onChange(without(filter, name));
              field.current?.focus();
            }}
          >
            ✕
          </button>
        </span>
      ))}
      <FilterField {...{ filter, known, onChange, field }} last={chips.at(-1)?.field} />
      <kbd class="only-wide">/</kbd>
    </div>
  );
}

interface FilterFieldProps extends FilterBarProps {
  /** The field of the last chip: a backspace in the empty field takes it away. */
  readonly last: string | undefined;
}

function FilterField({ filter, known, onChange, field, last }: FilterFieldProps) {
  const { typed, error, at, found, change, choose, setOpen, onKey } = useTyping({
    ...{ filter, known, onChange, last },
    leave: () => field.current?.blur(),
  });
  const list = useId();
  return (
    <>
      <input
        ref={field}
        role="combobox"
        aria-label="Filter invocations"
        aria-expanded={found.length > 0}
        aria-controls={list}
        aria-invalid={error !== undefined}
        {...(at >= 0 && { "aria-activedescendant": `${list}-${at}` })}
        placeholder={last === undefined ? "service, key, error text, age>10m …" : ""}
        autocomplete="off"
        spellcheck={false}
        value={typed}
        onInput={(event) => change(event.currentTarget.value)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={onKey}
      />
      {error !== undefined && (
        <p class="err" role="alert">
          {visibleName(error)}
        </p>
      )}
      <div id={list} class="suggest" role="listbox" aria-label="Completions" hidden={found.length === 0}>
        {found.map((one, index) => (
          <div
            key={one.text}
            id={`${list}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            onMouseDown={(event) => {
              // The field must keep the focus.
              event.preventDefault();
              choose(one);
            }}
          >
            <bdi class="cut">{visibleName(one.label)}</bdi>
            <span class="sub cut">{one.hint}</span>
          </div>
        ))}
      </div>
    </>
  );
}
