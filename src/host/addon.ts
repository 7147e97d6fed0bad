// The typed face of native/addon: system calls that Node does not have. Its errors look like Node's own (code, errno, syscall, path).

import { createRequire } from 'node:module';
import { TslxcError } from '../base/errors.ts';
import { installation } from './installation.ts';

/** One comparison of a system call's argument, as libseccomp's struct scmp_arg_cmp. */
export interface NativeSeccompArgument {
  readonly index: number;
  /** enum scmp_compare: 1 NE, 2 LT, 3 LE, 4 EQ, 5 GE, 6 GT, 7 MASKED_EQ. */
  readonly op: number;
  readonly value: bigint;
  readonly mask: bigint;
}

export interface NativeSeccompRule {
  readonly arch: string;
  /** A name, or a number of that arch in decimal. */
  readonly syscall: string;
  /** SECCOMP_RET_* with its data in the low 16 bits. */
  readonly action: number;
  readonly arguments: readonly NativeSeccompArgument[];
}

export interface NativeSeccompPolicy {
  readonly defaultAction: number;
  /** For system calls of an ABI that is not in `arches`. */
  readonly otherArchAction: number;
  readonly arches: readonly string[];
  readonly rules: readonly NativeSeccompRule[];
}

/** All descriptors that the addon makes are close-on-exec. */
export interface Addon {
  tryLock(fd: number, exclusive: boolean): boolean;
  wouldBlock(fd: number, exclusive: boolean): boolean;
  unlock(fd: number): void;
  setCloseOnExec(fd: number, on: boolean): void;
  sealedMemfd(name: string, bytes: Uint8Array): number;
  openAt2(directory: number, path: string, flags: number, mode: number, resolve: number): number;
  pidfdOpen(pid: number): number;
  /** False when the process is gone. */
  pidfdSendSignal(pidfd: number, signal: number): boolean;
  /** Calls `ready` once when `fd` is readable or hung up; returns what ends the watch early. `fd` must stay open until then. */
  watchReadable(fd: number, ready: () => void): () => void;
  replaceProcess(
    path: string,
    argv: readonly string[],
    env: readonly string[],
    descriptors: readonly number[],
  ): never;
  connectUnix(directory: number, name: string): number;
  socketPair(): [number, number];
  peerCredentials(socket: number): { pid: number; uid: number; gid: number };
  sendMessage(socket: number, bytes: Uint8Array, descriptors: readonly number[]): void;
  receiveMessage(socket: number, maxBytes: number): { bytes: Buffer; descriptors: number[] };
  compileSeccomp(policy: NativeSeccompPolicy): { program: Buffer; unknown: number[] };
}

let loaded: Addon | undefined;

/** The addon, loaded at first use. Throws INSTALLATION_BROKEN when it was not built. */
export function addon(): Addon {
  loaded ??= load(installation().addon);
  return loaded;
}

function load(path: string): Addon {
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (cause) {
    throw new TslxcError('INSTALLATION_BROKEN', `cannot load ${path}`, {
      cause,
      hint: 'build it with: npm run build',
    });
  }
}
