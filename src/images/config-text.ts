// The text of a new container's config, as LXC writes it (lxc-commands 3.9).

import { fillHwaddr } from '../base/hwaddr.ts';
import { RANGE_IDS } from '../base/id-spans.ts';
import { replaceValues } from '../config/edit.ts';
import { withoutPassword } from './shown-arguments.ts';

export interface NewConfig {
  /** The default config, or the file that -f named: kept as it is. */
  readonly base: string;
  /** Absent with `-t none`: no rootfs. */
  readonly rootfsPath?: string;
  readonly name: string;
  /** First host id of the container's range; absent: no map is added. */
  readonly rangeFirst?: number;
}

/** What a template finds in its config file. */
export function initialConfig(config: NewConfig): string {
  const lines = [];
  if (config.rootfsPath !== undefined) lines.push(`lxc.rootfs.path = ${config.rootfsPath}`);
  lines.push(`lxc.uts.name = ${config.name}`);
  if (config.rangeFirst !== undefined) {
    lines.push(`lxc.idmap = u 0 ${config.rangeFirst} ${RANGE_IDS}`);
    lines.push(`lxc.idmap = g 0 ${config.rangeFirst} ${RANGE_IDS}`);
  }
  const base = config.base === '' || config.base.endsWith('\n') ? config.base : `${config.base}\n`;
  return `${base}${lines.join('\n')}\n`;
}

/** The comment lines that LXC puts before everything else when a template ran. */
export function configHeader(template: string, userArguments: readonly string[], nesting: string): string {
  return [
    `# Template used to create this container: ${template}`,
    // One line whatever an argument holds: a newline in it must not become a line of config.
    `# Parameters passed to the template:${withoutPassword(userArguments)
      .map(word => ` ${oneLine(word)}`)
      .join('')}`,
    '# For additional config options, please look at lxc.container.conf(5)',
    '',
    '# Uncomment the following line to support nesting containers:',
    `#lxc.include = ${nesting}`,
    '# (Be aware this has security implications)',
    '',
    '',
  ].join('\n');
}

function oneLine(argument: string): string {
  return argument.replaceAll(/[\s\p{Cc}]/gu, ' ');
}

/** Replaces every x of a hwaddr value by a random digit; the result is a unicast address. */
export function fillHardwareAddresses(text: string, randomDigit: () => number): string {
  return replaceValues(text, (key, value) =>
    /^lxc\.net\.\d+\.hwaddr$/.test(key) ? fillHwaddr(value, randomDigit) : undefined,
  );
}
