// Signals of Linux by name. The numbers are those of every architecture that tslxc runs on.

const NAMES = [
  'HUP',
  'INT',
  'QUIT',
  'ILL',
  'TRAP',
  'ABRT',
  'BUS',
  'FPE',
  'KILL',
  'USR1',
  'SEGV',
  'USR2',
  'PIPE',
  'ALRM',
  'TERM',
  'STKFLT',
  'CHLD',
  'CONT',
  'STOP',
  'TSTP',
  'TTIN',
  'TTOU',
  'URG',
  'XCPU',
  'XFSZ',
  'VTALRM',
  'PROF',
  'WINCH',
  'IO',
  'PWR',
  'SYS',
] as const;
const ALIASES: Readonly<Record<string, number>> = { IOT: 6, POLL: 29, CLD: 17, UNUSED: 31 };

/** As the C library has it: the kernel's 32 and 33 belong to the thread library. */
export const SIGRTMIN = 34;
export const SIGRTMAX = 64;
/** The number of `9`, `SIGKILL` (any case, prefix required), `SIGRTMIN+3` or `SIGRTMAX-1`; 0 only where `zero` allows it. */
export function parseSignal(text: string, zero = false): number | undefined {
  if (/^\d{1,3}$/.test(text)) {
    const number = Number(text);
    return number <= SIGRTMAX && (number > 0 || zero) ? number : undefined;
  }
  const word = text.toUpperCase();
  const realtime = /^SIGRT(MIN\+|MAX-)(\d{1,2})$/.exec(word);
  if (realtime) {
    const number = realtime[1] === 'MIN+' ? SIGRTMIN + Number(realtime[2]) : SIGRTMAX - Number(realtime[2]);
    return number >= SIGRTMIN && number <= SIGRTMAX ? number : undefined;
  }
  if (!word.startsWith('SIG')) return undefined;
  const index = (NAMES as readonly string[]).indexOf(word.slice(3));
  return index >= 0 ? index + 1 : ALIASES[word.slice(3)];
}

/** `SIGKILL` of 9, `SIGRTMIN+3` of 37; the number itself where there is no name. */
export function signalName(signal: number): string {
  const name = NAMES[signal - 1];
  if (name) return `SIG${name}`;
  if (signal === SIGRTMAX) return 'SIGRTMAX-0';
  return signal >= SIGRTMIN && signal < SIGRTMAX ? `SIGRTMIN+${signal - SIGRTMIN}` : String(signal);
}
