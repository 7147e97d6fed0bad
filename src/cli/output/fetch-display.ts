// How far a download is: one line that changes on a terminal, a line every few seconds elsewhere.

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

export function fetchDisplay(
  { stdout, stderr, isTTY, program }: Invocation,
  args: ParsedArguments,
): FetchDisplay {
  const isQuiet = args.flags['quiet'] ?? false;
  const isTerminal = isTTY.stderr;
  let shown = Number.NEGATIVE_INFINITY;
  let url = '';
  const clear = () => void (isTerminal && url !== '' && stderr.write('\r\x1b[K'));
  const progress = (now: Progress) => {
    const isNew = now.url !== url;
    if (isQuiet || (!isNew && performance.now() - shown < (isTerminal ? TERMINAL_MS : LINES_MS))) return;
    if (isNew && !isTerminal && (now.totalBytes ?? SMALL_BYTES) < SMALL_BYTES) return;
    shown = performance.now();
    url = now.url;
    if (isTerminal) stderr.write(`\r\x1b[K${progressText(now)}`);
    else stdout.write(isNew ? `Downloading ${url}${sizeOf(now)}\n` : `${progressText(now)}\n`);
  };
  return {
    notice: text => {
      if (isQuiet) return;
      clear();
      stderr.write(`${program}: ${text}\n`);
    },
    progress,
    end: () => {
      clear();
      url = '';
    },
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
