import { readFileSync, realpathSync } from 'node:fs';

/** Mount points of this mount namespace at or beneath `directory`, in mount order. */
export function mountsBeneath(directory: string): string[] {
  const real = realpathSync(directory); // the kernel's list knows no links
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map(line => line.split(' ')[4] ?? '')
    .map(field =>
      field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    )
    .map(field => Buffer.from(field, 'latin1').toString())
    .filter(point => point === real || point.startsWith(`${real}/`));
}
