// What tslxc-images prints for people.

import { formatSize } from '../../base/sizes.ts';
import type { KeptBase } from '../../images/bases/keep.ts';
import { withoutPassword } from '../../images/shown-arguments.ts';
import { table } from './table.ts';

const shortId = (id: string): string => id.slice(0, 12);

/** One line a base. */
export function imagesTable(bases: readonly KeptBase[]): string {
  const rows = bases.map(base => [
    shortId(base.id),
    base.template,
    base.release,
    base.arch,
    formatSize(base.sizeBytes),
    base.checked?.slice(0, 10) ?? 'replaced',
    String(base.users.length),
    withoutPassword(base.arguments).join(' '),
  ]);
  return table(['BASE', 'TEMPLATE', 'RELEASE', 'ARCH', 'SIZE', 'CHECKED', 'USERS', 'ARGUMENTS'], rows);
}

/** One line a container. */
export function usersTable(bases: readonly KeptBase[]): string {
  const rows = bases.flatMap(base =>
    base.users.map(user => [shortId(base.id), base.distribution, base.release, user.name, user.lxcpath]),
  );
  return table(['BASE', 'DISTRIBUTION', 'RELEASE', 'NAME', 'LXCPATH'], rows);
}
