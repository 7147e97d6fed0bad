// A new container's config file: what the template finds, and what is made of what it leaves.

import { randomBytes } from 'node:crypto';
import { closeSync, constants, lstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TslxcError } from '../base/errors.ts';
import type { IdSpan } from '../base/id-spans.ts';
import { loadConfig } from '../config/load.ts';
import type { ContainerConfig } from '../config/model.ts';
import { writeBuildFile } from '../storage/durable.ts';
import type { StorePlace } from '../storage/store.ts';
import { configHeader, fillHardwareAddresses, initialConfig } from './config-text.ts';
import type { CreateRequest, CreateSettings } from './request.ts';
import type { Template } from './template.ts';

const MODE = 0o640;

/** Writes what the template begins with; `spec` is the rootfs, if there is to be one. */
export function beginConfig(
  request: CreateRequest,
  container: string,
  range: IdSpan | undefined,
  spec: string | undefined,
): void {
  const text = initialConfig({
    base: request.base.text,
    name: request.name,
    ...(spec === undefined ? {} : { rootfsPath: spec }),
    ...(range === undefined ? {} : { rangeFirst: range.first }),
  });
  writeBuildFile(join(container, 'config'), fillHardwareAddresses(text, randomDigit), MODE);
}

/**
 * Puts LXC's header before what the template left, and returns the config as it reads. Throws TEMPLATE_FAILED when config or
 * rootfs are not what they were, CONFIG_INVALID: such a container could be neither started nor destroyed.
 */
export function finishConfig(
  settings: CreateSettings,
  request: CreateRequest,
  place: StorePlace,
  left: { readonly template: Template; readonly rootfs: string },
): ContainerConfig {
  const file = join(place.building, 'config');
  const text = readWhatTemplateLeft(file, left.rootfs);
  const nesting =
    request.flavour === 'lxc' ? '/usr/share/lxc/config/nesting.conf' : join(settings.etc, 'nesting.conf');
  const header = configHeader(left.template.path, request.templateArguments, nesting);
  const whole = header + fillHardwareAddresses(text, randomDigit);
  const { config } = loadConfig({ file: join(place.final, 'config'), text: whole });
  writeBuildFile(file, whole, MODE);
  return config;
}

function randomDigit(): number {
  return randomBytes(1)[0] ?? 0;
}

/** A template is a program that ran as root, but what it unpacked may be anything: no link is followed from here on. */
function readWhatTemplateLeft(config: string, rootfs: string): string {
  if (!lstatSync(config, { throwIfNoEntry: false })?.isFile()) {
    throw new TslxcError('TEMPLATE_FAILED', 'the template left no regular file as config');
  }
  if (!lstatSync(rootfs, { throwIfNoEntry: false })?.isDirectory()) {
    throw new TslxcError('TEMPLATE_FAILED', 'the template left no directory as rootfs');
  }
  const fd = openSync(config, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}
