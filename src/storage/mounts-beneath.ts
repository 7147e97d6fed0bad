import { readFileSync } from 'node:fs';

/** Mount points of this mount namespace at or beneath `directory`, in mount order. */
export function mountsBeneath(directory: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[4] ?? '')
    .map(field =>
      field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    )
    .map(field => Buffer.from(field, 'latin1').toString())
    .filter(point => point === directory || point.startsWith(`${directory}/`));
}
