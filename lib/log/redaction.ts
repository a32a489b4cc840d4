/**
 * What a log must not show: credentials, wherever they stand in what is logged.
 *
 * A value is left out because of its name: a field, a header, a member of a nested object. Text is searched for headers
 * with credentials as well, since AWS quotes the headers of a request in the error that refuses its signature.
 */

export const REDACTED = "[redacted]";

/** Names without `-`, `_` and case. Whole names. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  "authorization",
  "proxyauthorization",
  "cookie",
  "setcookie",
  "xamzsecuritytoken",
]);
/** The same, as a part of a name: `db_password`, `clientSecret`, `x-api-key`, `sessionToken`. */
const SECRET_PART = /passw(or)?d|passphrase|secret|token|apikey|privatekey|credential/;

/** Whether what has this name is left out. */
export function isSecretName(name: string): boolean {
  const plain = name.replaceAll(/[-_\s]/g, "").toLowerCase();
  return SECRET_NAMES.has(plain) || SECRET_PART.test(plain);
}

/** A header with credentials, to the end of its line; a bearer's token; a password in a URL. */
const SECRETS_IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [
    /\b((?:proxy-)?authorization|(?:set-)?cookie|x-amz-security-token)(["']?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|[^\n]+)/gi,
    `$1$2${REDACTED}`,
  ],
  [/\b(bearer\s+)[\w.~+/=-]{8,}/gi, `$1${REDACTED}`],
  [/(\/\/[^\s/@:]+:)[^\s/@]+(?=@)/g, `$1${REDACTED}`],
];

/** The text without the credentials that are found in it. */
export const withoutSecrets = (text: string): string =>
  SECRETS_IN_TEXT.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
