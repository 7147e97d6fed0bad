// One container as a place: its name, its paths and the settings it is looked at with. Nothing is read here.

import { checkContainerName } from '../base/container-names.ts';
import { type ContainerPaths, cgroupSuffix, commandAddress, containerPaths } from '../base/paths.ts';
import type { Settings } from '../config/settings.ts';

export interface Place {
  readonly name: string;
  readonly lxcpath: string;
  readonly settings: Settings;
  readonly paths: ContainerPaths;
  /** Suffix of its cgroups: empty in LXC's own lxcpath. */
  readonly suffix: string;
  /** The config to read: P/N/config, or the file of --rcfile. */
  readonly configFile: string;
  /** Abstract address of LXC's monitor of this container, without the NUL. */
  readonly address: string;
}

/** Throws NAME_INVALID for a name that no container can have. */
export function placeOf(
  settings: Settings,
  name: string,
  options: { lxcpath?: string; rcfile?: string } = {},
): Place {
  checkContainerName(name);
  const lxcpath = options.lxcpath ?? settings.lxcpath;
  const paths = containerPaths(settings.runDir, lxcpath, name);
  return {
    name,
    lxcpath,
    settings,
    paths,
    suffix: cgroupSuffix(lxcpath, name),
    configFile: options.rcfile ?? paths.config,
    address: commandAddress(lxcpath, name),
  };
}
