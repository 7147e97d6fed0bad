// Client of a monitor's control socket (native/executor/control.h). Terminals are not for it: the executor's console mode
// takes those, since no descriptor of a caller enters Node.

import { closeSync, constants, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { TslxcError } from '../base/errors.ts';

const VERSION = 1;
const HEAD_BYTES = 16;
const KIND = { state: 1, winsize: 3, ringRead: 4, ringClear: 5, logRotate: 6 } as const;
const UNASKED = [0x100, 0x101];
const ERROR = 0x1ff;
/** As long as the monitor's own ring can be. */
const MAX_BODY_BYTES = 1 << 30;

export interface MonitorState {
  /** init, in this pid namespace. */
  readonly pid: number;
  readonly monitorPid: number;
  readonly ttys: number;
  readonly ttysHeld: number;
  readonly hasConsole: boolean;
  readonly consoleClients: number;
  readonly ringSizeBytes: number;
  readonly ringUsedBytes: number;
  readonly hasLog: boolean;
}

interface Frame {
  readonly kind: number;
  readonly value: bigint;
  readonly body: Buffer;
}

interface Waiter {
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: Error) => void;
}

/** One connection; requests are answered in order. Throws TslxcError NOT_RUNNING, MONITOR_REFUSED, MONITOR_GONE. */
export class MonitorClient {
  readonly #socket: Socket;
  readonly #waiters: Waiter[] = [];
  #chunks: Buffer[] = [];
  #buffered = 0;
  #wanted = HEAD_BYTES;
  #ended: TslxcError | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', chunk => this.#take(chunk as Buffer));
    socket.on('error', error => this.#end(new TslxcError('MONITOR_GONE', error.message, { cause: error })));
    socket.on('close', () => this.#end(new TslxcError('MONITOR_GONE', "the container's monitor is gone")));
  }

  /** Connects to the monitor that serves this run directory; rejects with NOT_RUNNING when there is none. */
  static async connect(runDir: string): Promise<MonitorClient> {
    return new MonitorClient(await connectBelow(runDir));
  }

  async state(): Promise<MonitorState> {
    const { body } = await this.#ask(KIND.state);
    const fields = new Map(
      body
        .toString()
        .split('\n')
        .map(line => line.split(' ') as [string, string]),
    );
    const number = (key: string): number => Number(fields.get(key) ?? 0);
    return {
      pid: number('pid'),
      monitorPid: number('monitor'),
      ttys: number('ttys'),
      ttysHeld: number('ttys_held'),
      hasConsole: number('console') === 1,
      consoleClients: number('console_clients'),
      ringSizeBytes: number('ring_bytes'),
      ringUsedBytes: number('ring_used'),
      hasLog: number('log') === 1,
    };
  }

  /** Window size of the console (0) or of tty `number`. */
  async setWindowSize(number: number, rows: number, columns: number): Promise<void> {
    const body = Buffer.alloc(4);
    body.writeUInt16LE(rows, 0);
    body.writeUInt16LE(columns, 2);
    await this.#ask(KIND.winsize, number, body);
  }

  /** The console's last bytes, oldest first; refused when lxc.console.buffer.size is 0. */
  async readRing(): Promise<Buffer> {
    return (await this.#ask(KIND.ringRead)).body;
  }

  async clearRing(): Promise<void> {
    await this.#ask(KIND.ringClear);
  }

  /** lxc.console.logfile becomes `.1` and a new one begins. */
  async rotateLog(): Promise<void> {
    await this.#ask(KIND.logRotate);
  }

  close(): void {
    this.#socket.destroy();
  }

  async #ask(kind: number, value = 0, body: Buffer = Buffer.alloc(0)): Promise<Frame> {
    if (this.#ended) throw this.#ended;
    const reply = await new Promise<Frame>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#socket.write(Buffer.concat([head(kind, BigInt(value), body.length), body]));
    });
    if (reply.kind === ERROR) throw new TslxcError('MONITOR_REFUSED', reply.body.toString());
    return reply;
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    while (this.#buffered >= this.#wanted) {
      const bytes = Buffer.concat(this.#chunks);
      const bodyBytes = bytes.readUInt32LE(4);
      this.#wanted = HEAD_BYTES + bodyBytes;
      if (bytes.readUInt16LE(0) !== VERSION || bodyBytes > MAX_BODY_BYTES) {
        this.#end(new TslxcError('MONITOR_GONE', 'the monitor speaks another version of the protocol'));
        return;
      }
      this.#chunks = [bytes];
      if (bytes.length < this.#wanted) return;
      this.#chunks = [bytes.subarray(this.#wanted)];
      this.#buffered -= this.#wanted;
      const body = bytes.subarray(HEAD_BYTES, this.#wanted);
      this.#wanted = HEAD_BYTES;
      this.#deliver({ kind: bytes.readUInt16LE(2), value: bytes.readBigInt64LE(8), body });
    }
  }

  #deliver(frame: Frame): void {
    if (!UNASKED.includes(frame.kind)) this.#waiters.shift()?.resolve(frame);
  }

  #end(error: TslxcError): void {
    this.#ended ??= error;
    this.#socket.destroy();
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#ended);
  }
}

function head(kind: number, value: bigint, length: number): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES);
  bytes.writeUInt16LE(VERSION, 0);
  bytes.writeUInt16LE(kind, 2);
  bytes.writeUInt32LE(length, 4);
  bytes.writeBigInt64LE(value, 8);
  return bytes;
}

/** sun_path has 108 bytes and run directories may be longer: the directory's descriptor is its short name. */
async function connectBelow(runDir: string): Promise<Socket> {
  let directory: number;
  try {
    directory = openSync(runDir, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw unreachable(error as NodeJS.ErrnoException);
  }
  try {
    return await new Promise<Socket>((resolve, reject) => {
      const socket = connect(`/proc/self/fd/${directory}/control`, () => {
        socket.removeListener('error', reject);
        resolve(socket);
      });
      socket.once('error', reject);
    });
  } catch (error) {
    throw unreachable(error as NodeJS.ErrnoException);
  } finally {
    closeSync(directory);
  }
}

function unreachable(cause: NodeJS.ErrnoException): TslxcError {
  const stopped = cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED';
  return stopped
    ? new TslxcError('NOT_RUNNING', 'the container is not running', { cause })
    : new TslxcError('MONITOR_GONE', cause.message, { cause });
}
