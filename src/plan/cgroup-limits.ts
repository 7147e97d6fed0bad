// The limits of a config on this host: written as they are where the controller is, translated where it is of the other
// generation, refused where there is no such thing. A distribution's common.conf is never a reason to refuse.

import { basename, dirname } from 'node:path';
import type { Origin } from '../base/errors.ts';
import type { CgroupWrite, ContainerConfig, Setting } from '../config/model.ts';
import type { HostFacts } from '../facts/model.ts';
import { unifiedControllers } from './cgroup-paths.ts';
import {
  companion,
  ioMaxToV1,
  TO_V1,
  TO_V2,
  type Translation,
  translateHugetlb,
  type Values,
} from './cgroup-translate.ts';
import type { DeviceRule } from './device-program.ts';
import type { IgnoredKey } from './model.ts';
import { cannotStart } from './refusal.ts';

export interface Limit {
  readonly version: 1 | 2;
  readonly controller: string;
  readonly file: string;
  readonly value: string;
  readonly origin: Origin;
}

export interface Limits {
  readonly writes: readonly Limit[];
  /** Rules for the device program of the v2 payload. */
  readonly devices: readonly DeviceRule[];
  readonly notices: readonly string[];
  readonly ignored: readonly IgnoredKey[];
}

/** Where limits can be kept. */
interface Place {
  readonly host: HostFacts;
  /** Controllers that a v2 payload can have. */
  readonly unified: readonly string[];
}

interface Collected {
  readonly writes: Limit[];
  readonly devices: DeviceRule[];
  readonly notices: string[];
  readonly ignored: IgnoredKey[];
}

/** Throws CANNOT_START for a limit that this host cannot keep. */
export function cgroupLimits(config: ContainerConfig, host: HostFacts): Limits {
  const limits: Collected = { writes: [], devices: [], notices: [], ignored: [] };
  const place: Place = { host, unified: unifiedControllers(config, host) };
  const values: Values = new Map(
    [...config.cgroup.v1, ...config.cgroup.v2].map(({ value }) => [value.file, value.value]),
  );
  for (const write of config.cgroup.v1) addV1(limits, write, place, values);
  for (const write of config.cgroup.v2) addV2(limits, write, place, values);
  const devicesLast = (limit: Limit) => Number(limit.controller === 'devices');
  return { ...limits, writes: limits.writes.toSorted((a, b) => devicesLast(a) - devicesLast(b)) };
}

function addV1(
  limits: Collected,
  { value: write, origin }: Setting<CgroupWrite>,
  place: Place,
  all: Values,
): void {
  const key = `lxc.cgroup.${write.file}`;
  const controller = controllerOf(write.file);
  if (hasV1(place, controller)) {
    limits.writes.push({ version: 1, controller, file: write.file, value: write.value, origin });
  } else if (controller === 'devices') {
    limits.ignored.push({ key, origin, reason: 'the devices controller of cgroup v1 is not mounted here' });
  } else {
    const translated = TO_V2[write.file]?.(write.value, all) ?? translateHugetlb(write.file, write.value);
    const reachable = translated && place.unified.includes(controllerOf(translated.file));
    if (reachable) addTranslated(limits, translated, { version: 2, key, origin });
    else if (write.file !== 'cpu.cfs_period_us' || !all.has('cpu.cfs_quota_us'))
      refuse(limits, key, origin, place, controller);
  }
}

function addV2(
  limits: Collected,
  { value: write, origin }: Setting<CgroupWrite>,
  place: Place,
  all: Values,
): void {
  const key = `lxc.cgroup2.${write.file}`;
  const controller = controllerOf(write.file);
  if (controller === 'devices') {
    addDeviceRule(limits, write, origin, place.host);
    return;
  }
  if (controller === 'cgroup' ? place.host.cgroup.v2 !== undefined : place.unified.includes(controller)) {
    limits.writes.push({ version: 2, controller, file: write.file, value: write.value, origin });
    return;
  }
  const one = TO_V1[write.file]?.(write.value, all) ?? translateHugetlb(write.file, write.value);
  const found = write.file === 'io.max' ? ioMaxToV1(write.value) : [companion(write.file, write.value), one];
  const translations = found.filter(translation => translation !== undefined);
  if (translations.length === 0 || !translations.every(({ file }) => hasV1(place, controllerOf(file)))) {
    refuse(limits, key, origin, place, controller);
    return;
  }
  for (const translation of translations) addTranslated(limits, translation, { version: 1, key, origin });
}

function addDeviceRule(
  limits: Collected,
  { file, value }: CgroupWrite,
  origin: Origin,
  host: HostFacts,
): void {
  const key = `lxc.cgroup2.${file}`;
  const verb = file.split('.')[1];
  if (verb !== 'allow' && verb !== 'deny')
    throw cannotStart(`${key}: there is no such file`, origin, 'use devices.allow or devices.deny');
  if (!host.cgroup.v2) {
    limits.ignored.push({ key, origin, reason: 'cgroup2 is not mounted here' });
  } else if (host.uid !== 0) {
    limits.ignored.push({ key, origin, reason: 'only root may load a device program' });
  } else limits.devices.push({ verb, value, origin });
}

function addTranslated(
  limits: Collected,
  { file, value, approximately }: Translation,
  { version, key, origin }: { version: 1 | 2; key: string; origin: Origin },
): void {
  limits.writes.push({ version, controller: controllerOf(file), file, value, origin });
  if (approximately)
    limits.notices.push(`${key} is kept approximately, as ${file} = ${value}: ${approximately}`);
}

function refuse(limits: Collected, key: string, origin: Origin, place: Place, controller: string): void {
  const known = hasV1(place, controller) || place.unified.includes(controller);
  const reason = known
    ? 'it has no counterpart in the control groups of this host'
    : `this host has no ${controller} controller for containers`;
  if (fromDistribution(origin)) limits.ignored.push({ key, origin, reason });
  else
    throw cannotStart(
      `${key}: ${reason}`,
      origin,
      'remove the line, or set the limit in the words of this host',
    );
}

/** common.conf, debian.userns.conf, common.conf.d/…: written for every host, by nobody for this one. */
function fromDistribution(origin: Origin): boolean {
  if (!('file' in origin)) return false;
  return (
    /(^|\.)(common|userns)\.conf$/.test(basename(origin.file)) ||
    /\.conf\.d$/.test(basename(dirname(origin.file)))
  );
}

/** The controller that a file belongs to: its first word. */
function controllerOf(file: string): string {
  return file.split('.')[0] ?? '';
}

function hasV1({ host }: Place, controller: string): boolean {
  return host.cgroup.v1.some(({ controllers }) => controllers.includes(controller));
}
