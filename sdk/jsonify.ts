/** What JSON leaves of a type, and whether it leaves something out without a word. For the compiler only. */

/** They have no form in JSON, or one without their contents. */
type Lost =
  | ReadonlyMap<never, unknown>
  | ReadonlySet<never>
  | WeakMap<never, unknown>
  | WeakSet<never>
  | RegExp
  | ArrayBufferView
  | ArrayBuffer
  | PromiseLike<unknown>
  | bigint
  | symbol
  | ((...args: never[]) => unknown);

type IsAny<T> = 0 extends 1 & T ? true : false;

/** A type all of whose values are lost, beside nothing at all. */
type IsLost<T> = [NonNullable<T>] extends [never] ? false : [NonNullable<T>] extends [Lost] ? true : false;

/**
 * `true` if JSON surely leaves something of `T` out: if `T` is a `Map` or the like, or a list of such, or has a property that is one, or
 * a method. So the class of an object is told by its methods. Neither counts a `Date`, which writes itself as a text, nor `undefined`.
 *
 * Deeper parts are not looked at, and of a union only what is lost in each case. Types of libraries are deep, and refer to
 * themselves: the compiler gives up on them, and what one of their many forms may hold is not what your code uses.
 */
export type IsLossy<T> =
  IsAny<T> extends true ? false : IsLost<T> extends true ? true : true extends LossyPart<T> ? true : false;

/** Of each part of a union. */
type LossyPart<T> = T extends { toJSON(...args: never[]): unknown }
  ? false
  : T extends readonly (infer Element)[]
    ? IsLost<Element> extends true
      ? true
      : Element extends readonly unknown[]
        ? false
        : LossyField<Element>
    : LossyField<T>;

type LossyField<T> = T extends { toJSON(...args: never[]): unknown }
  ? false
  : T extends object
    ? true extends { [Name in keyof T]-?: IsAny<T[Name]> extends true ? false : IsLost<T[Name]> }[keyof T]
      ? true
      : false
    : false;

/** `T` as it is read again after JSON has kept it: without functions, with a text for a `Date`, with `{}` for a `Map`. */
export type Jsonify<T> =
  IsAny<T> extends true
    ? T
    : T extends { toJSON(...args: never[]): infer Json }
      ? Jsonify<Json>
      : T extends bigint | symbol | ((...args: never[]) => unknown)
        ? never
        : T extends Lost
          ? Record<string, never>
          : T extends readonly unknown[]
            ? { [Index in keyof T]: Jsonify<T[Index]> }
            : T extends object
              ? {
                  [
                    Name in keyof T as T[Name] extends symbol | ((...args: never[]) => unknown) ? never : Name
                  ]: Jsonify<T[Name]>;
                }
              : T;
