import { accessSync, constants } from 'node:fs';
import { TslxcError } from '../base/errors.ts';

/** newuidmap and newgidmap: what writes the id maps of a plain user, as /etc/subuid allows. */
export interface MapHelpers {
  readonly uid: string;
  readonly gid: string;
}

const PLACES = ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin', '/sbin'];

/** Where they are. Throws NO_MAP_HELPERS. */
export function mapHelpers(): MapHelpers {
  return { uid: find('newuidmap'), gid: find('newgidmap') };
}

function find(name: string): string {
  const found = PLACES.map(place => `${place}/${name}`).find(isProgram);
  if (found !== undefined) return found;
  throw new TslxcError('NO_MAP_HELPERS', `${name} is not installed, so a plain user has no container ids`, {
    hint: 'install the package uidmap (shadow-utils, shadow)',
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
