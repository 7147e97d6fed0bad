import { realpathSync } from 'node:fs';
import { mountTable } from '../host/mounts.ts';

/** Mount points of this mount namespace at or beneath `directory`, in mount order. */
export function mountsBeneath(directory: string): string[] {
  const real = realpathSync(directory); // the kernel's list knows no links
  return mountTable()
    .map(({ point }) => point)
    .filter(point => point === real || point.startsWith(`${real}/`));
}
