/**
 * The types by which Restate's published clients recognise a definition and its handlers. They compare a type's name,
 * not its shape; so where those clients are installed, what `perdure/restate` defines has that very type, and elsewhere
 * one of ours.
 */
/** @ts-ignore -- absent where those clients are not installed: then these are `any`, and not used */
import type * as core from "@restatedev/restate-sdk-core";

// In a tuple, since a type that cannot be found makes any condition on itself one.
type IsInstalled = [core.ServiceDefinition<string, unknown>] extends [string] ? false : true;

type Own<Kind extends string, Name extends string, H> = Kind extends "service"
  ? core.ServiceDefinition<Name, H>
  : Kind extends "object"
    ? core.VirtualObjectDefinition<Name, H>
    : core.WorkflowDefinition<Name, H>;

/** Restate's type of a definition, or else the given one. */
export type CoreDefinition<
  Kind extends "service" | "object" | "workflow",
  Name extends string,
  H,
  Else,
> = IsInstalled extends true ? Own<Kind, Name, H> : Else;

/** The handlers of one; `unknown` for any other type. */
export type CoreHandlersOf<D> = IsInstalled extends true
  ? D extends core.ServiceDefinition<string, infer H>
    ? unknown extends H
      ? D extends core.VirtualObjectDefinition<string, infer O>
        ? unknown extends O
          ? D extends core.WorkflowDefinition<string, infer W>
            ? W
            : unknown
          : O
        : unknown
      : H
    : unknown
  : unknown;
