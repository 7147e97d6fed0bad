// Seccomp policies → the BPF program that the kernel takes, by libseccomp.

import { readFileSync } from 'node:fs';
import { TslxcError } from '../base/errors.ts';
import {
  ALL_ARCHES,
  NATIVE_ARCH,
  parseSeccompProfile,
  SECCOMP_COMPARISONS,
  type SeccompAction,
  type SeccompProfile,
  type SeccompRule,
} from '../config/seccomp-profile.ts';
import { readFailure } from '../config/source.ts';
import { addon, type NativeSeccompRule } from './addon.ts';

export interface CompiledSeccomp {
  /** struct sock_filter[] in this machine's byte order. */
  readonly program: Uint8Array;
  /** One line a rule that was skipped, with its place. */
  readonly notices: readonly string[];
  /** The notify action is in it: a listener must be served. */
  readonly notifies: boolean;
}

/** ABIs of a machine (`uname -m`) in libseccomp's words, its own first. */
const ABIS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  x86_64: ['x86_64', 'x86', 'x32'],
  i686: ['x86'],
  aarch64: ['aarch64', 'arm'],
  armv7l: ['arm'],
  ppc64le: ['ppc64le'],
  ppc64: ['ppc64', 'ppc'],
  mips64: ['mips64', 'mips', 'mips64n32'],
  mipsel64: ['mipsel64', 'mipsel', 'mipsel64n32'],
  s390x: ['s390x', 's390'],
  riscv64: ['riscv64'],
};

const ENOSYS = 38;

/** Reads and compiles the policy file of `lxc.seccomp.profile`. Throws ConfigError for its text, SECCOMP_FAILED for the rest. */
export function compileSeccompFile(file: string, machine: string, served = false): CompiledSeccomp {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TslxcError('SECCOMP_FAILED', `cannot read the seccomp policy ${file}: ${readFailure(cause)}`, {
      cause,
    });
  }
  const key = JSON.stringify([file, machine, served, text]);
  const compiled = lastCompiled.get(key) ?? compileSeccomp(parseSeccompProfile(text, file), machine, served);
  // Most containers have the same policy: one is enough to remember.
  lastCompiled.clear();
  lastCompiled.set(key, compiled);
  return compiled;
}

const lastCompiled = new Map<string, CompiledSeccomp>();

/**
 * Compiles a policy for all ABIs of `machine`. `served`: a proxy answers notifications; without one those calls get ENOSYS. An ABI
 * that the policy switches off gets ENOSYS, as on a kernel without it. Throws SECCOMP_FAILED.
 */
export function compileSeccomp(profile: SeccompProfile, machine: string, served = false): CompiledSeccomp {
  const all = ABIS[machine];
  if (!all)
    throw new TslxcError('SECCOMP_FAILED', `no seccomp rules are known for ${machine}`, {
      hint: 'remove lxc.seccomp.profile',
    });
  const arches = all.filter(arch => !(profile.rejectX32 && arch === 'x32'));
  const placed = arches.flatMap(arch =>
    profile.rules.filter(rule => applies(rule, arch, all[0])).map(rule => ({ rule, arch })),
  );
  const action = (a: SeccompAction): number => encode(a, served);
  const { program, unknown } = callCompiler(profile, {
    defaultAction: action(profile.defaultAction),
    otherArchAction: action({ kind: 'errno', errno: ENOSYS }),
    arches,
    rules: placed.map(({ rule, arch }) => toNative(rule, arch, action(rule.action))),
  });
  const skipped = new Set(unknown.map(index => placed[index]?.rule).filter(rule => rule !== undefined));
  return {
    program,
    // A call that one ABI has and another has not is no news; libseccomp resolves those without an error.
    notices: [...skipped].map(
      rule => `${profile.file}:${rule.line}: unknown system call ${rule.syscall} is skipped`,
    ),
    notifies:
      served && [profile.defaultAction, ...placed.map(p => p.rule.action)].some(a => a.kind === 'notify'),
  };
}

function callCompiler(
  profile: SeccompProfile,
  policy: Parameters<ReturnType<typeof addon>['compileSeccomp']>[0],
) {
  try {
    return addon().compileSeccomp(policy);
  } catch (cause) {
    if (cause instanceof TslxcError) throw cause;
    throw new TslxcError('SECCOMP_FAILED', `${profile.file}: ${(cause as Error).message}`, { cause });
  }
}

function applies(rule: SeccompRule, arch: string, native: string): boolean {
  return rule.arch === ALL_ARCHES || rule.arch === arch || (rule.arch === NATIVE_ARCH && arch === native);
}

function toNative(rule: SeccompRule, arch: string, action: number): NativeSeccompRule {
  return {
    arch,
    syscall: rule.syscall,
    action,
    // enum scmp_compare counts from 1 in the order of SECCOMP_COMPARISONS.
    arguments: rule.arguments.map(a => ({
      index: a.index,
      op: SECCOMP_COMPARISONS.indexOf(a.op) + 1,
      value: a.value,
      mask: a.mask,
    })),
  };
}

/** SECCOMP_RET_* of linux/seccomp.h. */
function encode(action: SeccompAction, served: boolean): number {
  switch (action.kind) {
    case 'kill':
      return 0x0000_0000;
    case 'trap':
      return 0x0003_0000;
    case 'errno':
      return 0x0005_0000 | action.errno;
    case 'notify':
      return served ? 0x7fc0_0000 : 0x0005_0000 | ENOSYS;
    case 'allow':
      return 0x7fff_0000;
  }
}
