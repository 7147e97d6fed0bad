import { TslxcError } from './errors.ts';

/** Bytes: a container's name is its hostname, and the kernel takes no longer one. */
const NAME_MAX_BYTES = 64;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u;

/** Whether a value could add a line to a config or to a terminal: no setter lets such a one through. */
export function hasControlCharacters(text: string): boolean {
  return CONTROL.test(text);
}

function nameFault(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (hasControlCharacters(name)) return 'it has a control character';
  if (name.includes('/')) return 'it has a slash';
  if (name.startsWith('-')) return 'it begins with a dash';
  if (name.startsWith('.')) return 'it begins with a dot';
  if (Buffer.byteLength(name) > NAME_MAX_BYTES) return `it is longer than ${NAME_MAX_BYTES} bytes`;
  return undefined;
}

/** Throws NAME_INVALID unless `name` can be a directory, a hostname and an argument and nothing else. */
export function checkContainerName(name: string): void {
  const fault = nameFault(name);
  if (fault === undefined) return;
  throw new TslxcError('NAME_INVALID', `${JSON.stringify(name)} can't be a container's name: ${fault}`);
}
