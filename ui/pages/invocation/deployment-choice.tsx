/** On which deployment an invocation goes on, or begins. */
import { shortId } from "../../words/text.ts";
import { useDeployments } from "./deployments.ts";

interface ChoiceProps {
  readonly chosen: string;
  readonly onChoose: (deployment: string) => void;
  readonly own: string | undefined;
  readonly service: string;
}

type Option = readonly [value: string, name: string, what: string];

/** Where it goes on: where it was, on the latest, or on another one that serves it. */
export function DeploymentChoice({ chosen, onChoose, own, service }: ChoiceProps) {
  const all = useDeployments().data ?? [];
  const serving = all.filter(({ services }) => services.some(({ name }) => name === service));
  const [latest] = serving.toSorted((a, b) => b.createdMs - a.createdMs);
  const revision = (id: string): string => {
    const found = serving.find((each) => each.id === id)?.services.find(({ name }) => name === service);
    return found === undefined ? shortId(id) : `revision ${found.revision}`;
  };
  const isLatest = own !== undefined && own === latest?.id;
  const keep: readonly Option[] =
    own === undefined || isLatest ? [] : [["keep", revision(own), "where it was"]];
  const others = serving.filter(({ id }) => id !== own && id !== latest?.id);
  const options: readonly Option[] = [
    ...keep,
    ["latest", latest ? revision(latest.id) : "latest", isLatest ? "the latest, where it was" : "the latest"],
    ...others.map(({ id }): Option => [id, revision(id), shortId(id)]),
  ];
  // Where it was is the latest: both words choose it.
  const isChosen = (value: string): boolean =>
    chosen === value || (value === "latest" && chosen === "keep" && keep.length === 0);
  return (
    <fieldset class="choice">
      <legend class="lab">On which deployment</legend>
      {options.map(([value, name, what]) => (
        <label key={value} class="row" aria-label={`${name}, ${what}`}>
          <input type="radio" name="deployment" checked={isChosen(value)} onChange={() => onChoose(value)} />
          <span>
            <b>{name}</b> <span class="muted">{what}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
