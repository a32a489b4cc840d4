/** The commands about state of objects and workflows: `state get`, `list`, `set`, `edit`, `patch`, `clear`. */
import { Option } from "@commander-js/extra-typings";
import { withCli } from "../cli.ts";
import type { Program } from "../root.ts";
import type { EditFlags, PatchFlags, SetFlags } from "./change.ts";
import type { GetFlags, ListFlags } from "./show.ts";
import type { ChangeFlags } from "./submitted-edit.ts";

const key = () => new Option("--key <key>", "the key, if OBJECT does not contain it");
const force = () => new Option("--force", "change it even if the state has changed since it was read");
const noWait = () => new Option("--no-wait", "do not wait until the change is done");
const timeout = () =>
  new Option("--timeout <duration>", "wait at most so long for the change (default: 30s)");
const binary = () => new Option("--binary", "values are in base64: for those that are not JSON");

type StateNoun = Pick<Program, "command">;

export function addState(program: Program): void {
  const state = program
    .command("state")
    .alias("kv")
    .summary("look at the state of objects and workflows, and change it")
    .description("Shows and changes the state of virtual objects and workflows.");
  addGet(state);
  addList(state);
  addSet(state);
  addEdit(state);
  addPatch(state);
  addClear(state);
}

function addGet(state: StateNoun): void {
  state
    .command("get")
    .aliases(["describe", "show"])
    .description("Prints the state of one key, or the value of one name in it. Exit code 3: there is none.")
    .argument("<object>", "Object/key, or the name of the object or workflow")
    .argument("[name...]", "the key, if it is not in OBJECT, and the name of one value")
    .addOption(key())
    .option("--plain", "one JSON object of names and values")
    .addOption(binary())
    .addHelpText(
      "after",
      `
Examples:
  perdure state get Cart/ada
  perdure state get Cart --key 'a/b' items
`,
    )
    .action(
      withCli(async (cli, object: string, rest: string[], flags: GetFlags) => {
        const { getState } = await import("./show.ts");
        await getState(cli, object, rest, flags);
      }),
    );
}

function addList(state: StateNoun): void {
  state
    .command("list")
    .alias("ls")
    .description(
      "Lists the keys that have state. In AWS this reads the table of all state, a part at a time.",
    )
    .argument("<object>", "the name of an object or workflow")
    .option("--prefix <text>", "only keys that begin with it")
    .option("--limit <n>", "at most so many (default: 100)")
    .option("--all", "all of them")
    .addHelpText(
      "after",
      `
Examples:
  perdure state list Cart --prefix a
  perdure state list Cart --all --jsonl
`,
    )
    .action(
      withCli(async (cli, object: string, flags: ListFlags) => {
        const { listState } = await import("./show.ts");
        await listState(cli, object, flags);
      }),
    );
}

function addSet(state: StateNoun): void {
  state
    .command("set")
    .description("Sets values of one key, and leaves the others as they are.")
    .argument("<object>", "Object/key")
    .argument("[assignment...]", "name=JSON, name=@file or name=-")
    .addOption(key())
    .option("--unset <name...>", "take these names away")
    .addOption(force())
    .addOption(noWait())
    .addOption(timeout())
    .addHelpText(
      "after",
      `
Examples:
  perdure state set Cart/ada items='["tea"]' total=3
  perdure state set Cart/ada --unset coupon --yes
`,
    )
    .action(
      withCli(async (cli, object: string, assignments: string[], flags: SetFlags) => {
        const { setState } = await import("./change.ts");
        await setState(cli, object, assignments, flags);
      }),
    );
}

function addEdit(state: StateNoun): void {
  state
    .command("edit")
    .description("Opens the state of one key in your editor, as a JSON object of names and values.")
    .argument("<object>", "Object/key, or the name of the object or workflow")
    .argument("[key]", "the key, if it is not in OBJECT")
    .addOption(key())
    .addOption(binary())
    .addOption(force())
    .addOption(noWait())
    .addOption(timeout())
    .addHelpText(
      "after",
      `
The editor is $PERDURE_EDITOR, else $VISUAL, else $EDITOR, else vi.

Examples:
  perdure state edit Cart/ada
  EDITOR='code --wait' perdure state edit Cart/ada
`,
    )
    .action(
      withCli(async (cli, object: string, given: string | undefined, flags: EditFlags) => {
        const { editState } = await import("./change.ts");
        await editState(cli, object, given, flags);
      }),
    );
}

function addPatch(state: StateNoun): void {
  state
    .command("patch")
    .description(
      "Changes the state of one key by a JSON Patch (RFC 6902) of the object of its names and values.",
    )
    .argument("<object>", "Object/key, or the name of the object or workflow")
    .argument("[key]", "the key, if it is not in OBJECT")
    .requiredOption("-p, --patch <patch>", "a list of operations: JSON, @file, or - for stdin")
    .addOption(key())
    .addOption(binary())
    .addOption(force())
    .addOption(noWait())
    .addOption(timeout())
    .addHelpText(
      "after",
      `
Examples:
  perdure state patch Cart/ada -p '[{"op":"replace","path":"/total","value":4}]'
  perdure state patch Cart/ada -p @patch.json --yes
`,
    )
    .action(
      withCli(async (cli, object: string, given: string | undefined, flags: PatchFlags) => {
        const { patchState } = await import("./change.ts");
        await patchState(cli, object, given, flags);
      }),
    );
}

function addClear(state: StateNoun): void {
  state
    .command("clear")
    .aliases(["remove", "rm", "delete"])
    .description("Clears the state of one key, of several keys, or of all keys of an object.")
    .argument("<object>", "Object/key, or the name of an object or workflow for all of its keys")
    .argument("[key...]", "these keys, if none is in OBJECT")
    .addOption(key())
    .addOption(force())
    .addOption(noWait())
    .addOption(timeout())
    .addHelpText(
      "after",
      `
Examples:
  perdure state clear Cart/ada
  perdure state clear Cart --yes
`,
    )
    .action(
      withCli(async (cli, object: string, keys: string[], flags: ChangeFlags) => {
        const { clearKeys } = await import("./clear.ts");
        await clearKeys(cli, object, keys, flags);
      }),
    );
}
