// How far a download is: one line that changes on a terminal, a line every few seconds elsewhere, events for tslxc-create.

import type { Progress } from '../../images/servers/blobs.ts';
import type { Invocation, ParsedArguments } from '../command.ts';

export interface FetchDisplay {
  readonly notice: (text: string) => void;
  readonly progress: (progress: Progress) => void;
  /** Takes the changing line away. */
  readonly end: () => void;
}

const TERMINAL_MS = 100;
const LINES_MS = 5000;
/** Below this a line elsewhere is noise. */
const SMALL_BYTES = 64 * 1024;

export function fetchDisplay(invocation: Invocation, args: ParsedArguments): FetchDisplay {
  if (args.flags['quiet']) return { notice: () => {}, progress: () => {}, end: () => {} };
  const { stderr, program, isTTY, env } = invocation;
  // Within a template that tslxc runs, tslxc itself shows how far things are (templates/engine.sh).
  const show = env['TSLXC_EVENTS']
    ? events(invocation)
    : isTTY.stderr
      ? changingLine(invocation)
      : lines(invocation);
  return {
    notice: text => {
      show.clear();
      stderr.write(`${program}: ${text}\n`);
    },
    progress: show.progress,
    end: show.clear,
  };
}

interface Shown {
  readonly progress: (progress: Progress) => void;
  readonly clear: () => void;
}

function events({ stdout }: Invocation): Shown {
  const isDue = every(TERMINAL_MS);
  const progress = (now: Progress) => {
    const { url, bytes, totalBytes = 0 } = now;
    if (isDue(now) || bytes === totalBytes)
      stdout.write(`tslxc-progress ${bytes} ${totalBytes} bytes ${url}\n`);
  };
  return { progress, clear: () => {} };
}

function changingLine({ stderr }: Invocation): Shown {
  const isDue = every(TERMINAL_MS);
  let isShown = false;
  const progress = (now: Progress) => {
    if (!isDue(now)) return;
    isShown = true;
    stderr.write(`\r\x1b[K${progressText(now)}`);
  };
  const clear = () => {
    if (isShown) stderr.write('\r\x1b[K');
    isShown = false;
  };
  return { progress, clear };
}

function lines({ stdout }: Invocation): Shown {
  const isDue = every(LINES_MS);
  let url = '';
  const progress = (now: Progress) => {
    if (!isDue(now) || (now.totalBytes ?? SMALL_BYTES) < SMALL_BYTES) return;
    stdout.write(url === now.url ? `${progressText(now)}\n` : `Downloading ${now.url}${sizeOf(now)}\n`);
    url = now.url;
  };
  return { progress, clear: () => {} };
}

/** Whether a file is new, or was last told of so long ago. */
function every(intervalMs: number): (now: Progress) => boolean {
  let [url, told] = ['', Number.NEGATIVE_INFINITY];
  return now => {
    if (now.url === url && performance.now() - told < intervalMs) return false;
    [url, told] = [now.url, performance.now()];
    return true;
  };
}

const sizeOf = ({ totalBytes }: Progress): string =>
  totalBytes === undefined ? '' : ` (${megabytes(totalBytes)})`;

/** `rootfs.tar.xz: 12.0 of 36.2 MB, 33 %, 5.1 MB/s, 5 s left`. */
export function progressText({ url, bytes, totalBytes, bytesPerSecond }: Progress): string {
  const name = url.slice(url.lastIndexOf('/') + 1);
  const speed = `${megabytes(bytesPerSecond)}/s`;
  if (totalBytes === undefined) return `${name}: ${megabytes(bytes)}, ${speed}`;
  const left = Math.ceil((totalBytes - bytes) / Math.max(1, bytesPerSecond));
  const percent = Math.floor((bytes * 100) / totalBytes);
  return `${name}: ${(bytes / 1e6).toFixed(1)} of ${megabytes(totalBytes)}, ${percent} %, ${speed}, ${left} s left`;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
